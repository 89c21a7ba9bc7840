//! A payer's name that is not the channel's: nobody is named by it.

use super::{arm, counter, has_struck};
use reqwest::Method;
use reqwest::header::{COOKIE, USER_AGENT};
use serde_json::{Value, json};
use till_tests::{Answer, App, Options, Protocol};

till_tests::stories! {
    with super::at_a_counter();
    a_payer_whom_not_the_channel_names
}

fn at_a_counter() -> Options {
    counter(Protocol::V3, false)
}

const IN_ALIPAY: &str = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_5 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148 AliApp(AP/10.7.20.6000) AlipayClient/10.7.20.6000 Language/zh-Hans";

async fn a_payer_whom_not_the_channel_names(app: &App) {
    const TOKEN: &str = "alipay.system.oauth.token";
    for fault in ["bad_signature", "unsigned"] {
        let order = app.merchant.order(json!({})).await;
        arm(app, TOKEN, fault).await;
        let unnamed = comes_back(app, &order).await;
        assert!(has_struck(app, TOKEN), "{fault}");
        assert!(!pays(&unnamed), "{fault}: {}", unnamed.text);
        assert_eq!(app.merchant.look(&order).await["flows"], json!([]));
        let named = comes_back(app, &order).await;
        assert!(pays(&named), "{fault}: {}", named.text);
    }
}

/// Whether the page offers to pay in the payer's name.
fn pays(page: &Answer) -> bool {
    page.text.contains("data-way=\"ALI_JSAPI\"")
}

async fn get(app: &App, path: &str, cookie: &str) -> Answer {
    let request = app.merchant.stranger(Method::GET, path);
    let request = request.header(USER_AGENT, IN_ALIPAY).header(COOKIE, cookie);
    app.merchant.send(request).await
}

/// The payer opens the order's page inside Alipay, is sent to be named, and comes back.
async fn comes_back(app: &App, order: &Value) -> Answer {
    let own = app.gateway.url();
    let page = order["checkout_url"].as_str().unwrap();
    let hop = get(app, page.strip_prefix(&own).unwrap(), "").await;
    assert_eq!(hop.status, 303, "{}", hop.text);
    let cookie = hop.header("set-cookie").split(';').next().unwrap();
    let browser = reqwest::Client::builder()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let wallet = browser.get(hop.header("location")).send().await.unwrap();
    let back = wallet.headers()["location"].to_str().unwrap();
    let back = get(app, back.strip_prefix(&own).unwrap(), cookie).await;
    if back.status != 303 {
        return back;
    }
    let page = back.header("location");
    get(app, page.strip_prefix(&own).unwrap_or(page), cookie).await
}

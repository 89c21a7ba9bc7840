//! What is offered where, and what each way leads to.

use crate::browser::{DESKTOP, IN_ALIPAY, IN_WECHAT, PHONE, Tab, attribute, offered, state};
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    a_browser_is_offered_what_works_there
    only_what_order_and_merchant_allow_is_offered
    a_page_of_a_wallet_is_reached_through_our_hop_and_paid
    a_code_is_shown_and_a_reload_shows_the_same
    inside_wechat_the_bridge_gets_what_was_signed
    inside_wechat_without_an_openid_the_page_says_how_to_go_on
}

const OPENID: &str = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

async fn a_browser_is_offered_what_works_there(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let cases: [(&str, &[&str]); 4] = [
        (DESKTOP, &["ALI_PC", "ALI_QR", "WX_NATIVE"]),
        (PHONE, &["ALI_WAP", "WX_H5"]),
        (IN_ALIPAY, &["ALI_WAP"]),
        (IN_WECHAT, &[]),
    ];
    for (agent, ways) in cases {
        let html = Tab::open(app, agent, &order).look().await;
        assert_eq!(offered(&html), ways, "{agent}");
    }
}

async fn only_what_order_and_merchant_allow_is_offered(app: &App) {
    let order = app
        .merchant
        .order(json!({ "ways": ["ALI_QR", "WX_H5"] }))
        .await;
    let desktop = Tab::open(app, DESKTOP, &order);
    assert_eq!(offered(&desktop.look().await), ["ALI_QR"]);
    assert_eq!(
        desktop.choose("ALI_PC").await,
        format!("{}?remark=unavailable", desktop.page)
    );

    let order = app.other.order(json!({})).await;
    let desktop = Tab::open(app, DESKTOP, &order);
    assert_eq!(offered(&desktop.look().await), ["ALI_PC", "ALI_QR"]);
    assert_eq!(
        desktop.choose("WX_NATIVE").await,
        format!("{}?remark=unavailable", desktop.page)
    );
    assert_eq!(app.other.look(&order).await["flows"], json!([]));
}

async fn a_page_of_a_wallet_is_reached_through_our_hop_and_paid(app: &App) {
    for (agent, way) in [(DESKTOP, "ALI_PC"), (PHONE, "ALI_WAP"), (PHONE, "WX_H5")] {
        let order = app.merchant.order(json!({})).await;
        let tab = Tab::open(app, agent, &order);
        let url = tab.leave(way).await;
        let flow = app.merchant.look(&order).await["flows"][0].clone();
        assert_eq!(flow["way"], way);
        let paid = app
            .payer
            .pay(&json!({ "type": "redirect", "url": url }))
            .await;
        assert_eq!(paid, flow["flow_no"].as_str().unwrap());
        app.merchant.until_status(&order, "paid").await;
        // Coming back proves nothing, whatever it says; it only has the channel asked.
        let back = tab
            .get(&format!("{}/back?trade_status=TRADE_CLOSED", tab.page))
            .await;
        assert_eq!(
            (back.status, back.header("location")),
            (303, tab.page.as_str())
        );
        assert_eq!(state(&tab.look().await), "paid");
    }
}

async fn a_code_is_shown_and_a_reload_shows_the_same(app: &App) {
    for way in ["ALI_QR", "WX_NATIVE"] {
        let order = app.merchant.order(json!({})).await;
        let tab = Tab::open(app, DESKTOP, &order);
        assert_eq!(tab.choose(way).await, tab.page);
        let html = tab.look().await;
        assert_eq!(state(&html), "waiting");
        let code = |html: &str| attribute(html.split_once("id=\"qr\"").unwrap().1, "d");
        assert_eq!(code(&html), code(&tab.look().await));
        assert_eq!(
            tab.choose(way).await,
            tab.page,
            "a double click is the same try"
        );
        let flows = app.merchant.look(&order).await["flows"].clone();
        assert_eq!(flows.as_array().unwrap().len(), 1);
    }
}

async fn inside_wechat_the_bridge_gets_what_was_signed(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, IN_WECHAT, &order);
    let html = tab.get(&format!("{}?openid={OPENID}", tab.page)).await.text;
    assert_eq!(offered(&html), ["WX_JSAPI"]);
    let hidden = html.split_once("name=\"openid\"").unwrap().1;
    assert_eq!(attribute(hidden, "value"), OPENID);

    tab.post("/pay", &[("way", "WX_JSAPI"), ("openid", OPENID)])
        .await;
    let html = tab.look().await;
    assert_eq!(state(&html), "waiting");
    let params: Value = serde_json::from_str(&attribute(&html, "data-params")).unwrap();
    app.payer
        .pay(&json!({ "type": "jsapi", "params": params }))
        .await;
    app.merchant.until_status(&order, "paid").await;
    assert_eq!(state(&tab.look().await), "paid");
}

async fn inside_wechat_without_an_openid_the_page_says_how_to_go_on(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, IN_WECHAT, &order);
    let html = tab.look().await;
    assert_eq!(state(&html), "choose");
    assert!(html.contains("在浏览器中打开"), "{html}");
    let refused = tab.choose("WX_JSAPI").await;
    assert_eq!(refused, format!("{}?remark=incomplete", tab.page));
    assert!(tab.get(&refused).await.text.contains("role=\"alert\""));
}

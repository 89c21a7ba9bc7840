//! What a page must not do: tell its secret, load from elsewhere, weigh much, or
//! answer nonsense otherwise than with a page.

use crate::browser::{DESKTOP, PHONE, Tab, attribute};
use reqwest::Method;
use reqwest::header::{ACCEPT_ENCODING, ACCEPT_LANGUAGE};
use serde_json::json;
use till_tests::{Answer, App};

till_tests::stories! {
    a_page_loads_nothing_from_elsewhere_and_keeps_its_address_to_itself
    style_and_script_may_be_kept_for_good
    a_page_weighs_less_than_30_kilobytes
    nonsense_is_answered_with_a_page
    what_others_wrote_is_shown_as_text
    the_payers_address_is_what_the_connection_says
}

fn directive<'a>(answer: &'a Answer, name: &str) -> &'a str {
    let policy = answer.header("content-security-policy");
    let found = policy.split("; ").find_map(|part| part.strip_prefix(name));
    found
        .unwrap_or_else(|| panic!("no {name} in {policy}"))
        .trim()
}

async fn a_page_loads_nothing_from_elsewhere_and_keeps_its_address_to_itself(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, PHONE, &order);
    let page = tab.get(&tab.page).await;
    for (name, expected) in [
        ("default-src", "'none'"),
        ("script-src", "'self'"),
        ("style-src", "'self'"),
        ("connect-src", "'self'"),
        ("base-uri", "'none'"),
        ("frame-ancestors", "'none'"),
    ] {
        assert_eq!(directive(&page, name), expected);
    }
    let hop = tab.choose("WX_H5").await;
    let pay = tab.post("/pay", &[("way", "WX_H5")]).await;
    for answer in [
        page,
        pay,
        tab.get(&hop).await,
        tab.get(&format!("{}/status", tab.page)).await,
    ] {
        assert_eq!(answer.header("referrer-policy"), "origin", "{answer:?}");
        assert_eq!(answer.header("cache-control"), "no-store", "{answer:?}");
    }
}

async fn style_and_script_may_be_kept_for_good(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, DESKTOP, &order);
    let html = tab.look().await;
    let style = attribute(html.split_once("rel=\"stylesheet\"").unwrap().1, "href");
    let script = attribute(html.split_once("<script").unwrap().1, "src");
    for (path, kind) in [(&style, "text/css"), (&script, "text/javascript")] {
        let answer = tab.get(path).await;
        assert_eq!(answer.status, 200);
        assert!(answer.header("content-type").starts_with(kind));
        assert!(answer.header("cache-control").contains("immutable"));
        let (folder, name) = path.rsplit_once('/').unwrap();
        let older = format!(
            "{}/0123456789abcdef/{name}",
            folder.rsplit_once('/').unwrap().0
        );
        assert_eq!(tab.get(&older).await.header("cache-control"), "no-cache");
    }
    assert_eq!(
        tab.get("/checkout/static/0123456789abcdef/secret.key")
            .await
            .status,
        404
    );
}

async fn a_page_weighs_less_than_30_kilobytes(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, DESKTOP, &order);
    tab.choose("ALI_QR").await;
    let html = tab.look().await;
    let style = attribute(html.split_once("rel=\"stylesheet\"").unwrap().1, "href");
    let script = attribute(html.split_once("<script").unwrap().1, "src");
    let mut bytes = 0;
    for path in [&tab.page, &style, &script] {
        let request = tab
            .request(Method::GET, path)
            .header(ACCEPT_ENCODING, "gzip");
        let response = request.send().await.unwrap();
        assert_eq!(response.headers()["content-encoding"], "gzip");
        bytes += response.bytes().await.unwrap().len();
    }
    assert!(
        bytes < 15_000,
        "{bytes} bytes, without the headers of three answers"
    );
}

async fn nonsense_is_answered_with_a_page(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, DESKTOP, &order);
    let unknown = "/checkout/00112233445566778899aabbccddeeff";
    let below = format!("{unknown}/status");
    let deeper = format!("{}/a/b/c", tab.page);
    for path in [unknown, "/checkout/short", "/checkout/", &below, &deeper] {
        let answer = tab.get(path).await;
        assert_eq!(answer.status, 404, "{path}");
        assert!(
            answer.header("content-type").starts_with("text/html"),
            "{path}"
        );
        assert!(answer.text.contains("找不到这个收银台"), "{}", answer.text);
    }
    let english = tab
        .request(Method::GET, unknown)
        .header(ACCEPT_LANGUAGE, "en");
    assert_eq!(tab.send(english).await.status, 404);

    let forms: [&[(&str, &str)]; 3] = [&[], &[("way", "BARTER")], &[("way", "ali_pc")]];
    for form in forms {
        let answer = tab.post("/pay", form).await;
        assert_eq!(answer.status, 400, "{form:?}");
        assert!(answer.header("content-type").starts_with("text/html"));
    }
    for query in [
        "?remark=<script>",
        "?choose",
        "?openid=%22%3E%3Cscript%3E",
        "?%ff",
        "?remark=a&remark=b",
    ] {
        let answer = tab.get(&format!("{}{query}", tab.page)).await;
        assert_eq!(answer.status, 200, "{query}");
        assert!(!answer.text.contains("<script>"), "{}", answer.text);
    }
}

async fn what_others_wrote_is_shown_as_text(app: &App) {
    let subject = "<img src=x onerror=alert(1)>\" ' & 茶";
    let order = app
        .merchant
        .order(json!({ "subject": subject, "body": "</p><script>1</script>" }))
        .await;
    let html = Tab::open(app, DESKTOP, &order).look().await;
    assert!(
        html.contains("&#60;img src=x onerror=alert(1)&#62;&#34; &#39; &#38; 茶"),
        "{html}"
    );
    assert!(
        !html.contains("<img") && !html.contains("<script>"),
        "{html}"
    );
}

async fn the_payers_address_is_what_the_connection_says(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, PHONE, &order);
    let path = format!("{}/pay", tab.page);
    let wish = tab.request(Method::POST, &path).form(&[("way", "WX_H5")]);
    tab.send(wish.header("x-forwarded-for", "203.0.113.66"))
        .await;
    let id = cashier::id::OrderId::new(order["id"].as_str().unwrap());
    let state = app.gateway.shared.store.load(&id).await.unwrap().unwrap();
    assert_eq!(
        state.flows[0].request.client_ip.as_deref(),
        Some("127.0.0.1")
    );
}

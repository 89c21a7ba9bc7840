//! The wallet and the cashier as a browser without script uses them.

use serde_json::{Value, json};

use crate::merchant::{Merchant, act, encoded, order};

struct Page {
    status: u16,
    location: Option<String>,
    html: String,
}

async fn send(request: reqwest::RequestBuilder) -> Page {
    let answer = request.send().await.unwrap();
    Page {
        status: answer.status().as_u16(),
        location: answer
            .headers()
            .get("location")
            .map(|location| location.to_str().unwrap().to_owned()),
        html: answer.text().await.unwrap(),
    }
}

async fn get(merchant: &Merchant, path: &str) -> Page {
    send(
        merchant
            .http
            .get(format!("{}{path}", merchant.running.url())),
    )
    .await
}

/// Presses the button with this id: submits the form that holds it.
async fn press(merchant: &Merchant, page: &Page, id: &str) -> Page {
    let at = page
        .html
        .find(&format!("id=\"{id}\""))
        .unwrap_or_else(|| panic!("{}", page.html));
    let form = &page.html[page.html[..at].rfind("<form").unwrap()..at];
    let action = between(form, "action=\"", "\"");
    let fields: Vec<_> = form
        .split("<input")
        .skip(1)
        .map(|input| {
            (
                between(input, "name=\"", "\""),
                between(input, "value=\"", "\""),
            )
        })
        .collect();
    send(
        merchant
            .http
            .post(format!("{}{action}", merchant.running.url()))
            .form(&fields),
    )
    .await
}

fn between<'a>(text: &'a str, start: &str, end: &str) -> &'a str {
    text.split_once(start).unwrap().1.split_once(end).unwrap().0
}

#[tokio::test]
async fn a_code_is_found_in_the_list_scanned_and_paid() {
    let merchant = Merchant::start().await;
    let empty = get(&merchant, "/wallet").await;
    assert!(empty.html.contains("id=\"empty\""), "{}", empty.html);
    merchant.precreate("A1").await;
    merchant.precreate("A2").await;
    let home = get(&merchant, "/wallet").await.html;
    assert!(home.find("A2").unwrap() < home.find("A1").unwrap());
    let item = home.split_once("data-out-trade-no=\"A1\"").unwrap().1;
    let link = between(item, "href=\"", "\"")
        .replace("&#38;", "&")
        .replace("&amp;", "&");
    assert_eq!(
        merchant.query("A1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    let scanned = get(&merchant, &link).await;
    assert_eq!(scanned.status, 303);
    assert_eq!(merchant.query("A1").await["trade_status"], "WAIT_BUYER_PAY");
    let cashier = get(&merchant, &scanned.location.unwrap()).await;
    assert!(cashier.html.contains("¥88.88") && cashier.html.contains("测试商品 A+B 100%"));
    let paid = press(&merchant, &cashier, "pay").await;
    assert_eq!(paid.status, 303);
    let done = get(&merchant, &paid.location.unwrap()).await;
    assert!(done.html.contains("id=\"paid\"") && !done.html.contains("id=\"pay\""));
    assert_eq!(merchant.query("A1").await["trade_status"], "TRADE_SUCCESS");
    assert!(
        !get(&merchant, "/wallet")
            .await
            .html
            .contains("data-out-trade-no=\"A1\"")
    );
}

#[tokio::test]
async fn a_page_is_signed_in_to_and_paid_and_leads_back_to_the_shop() {
    let merchant = Merchant::start().await;
    let mut biz = order("P1");
    biz["product_code"] = json!("FAST_INSTANT_TRADE_PAY");
    let mut params = merchant.unsigned("alipay.trade.page.pay", &biz);
    params.insert("return_url".into(), "http://shop.example/return".into());
    let params = encoded(&merchant.signed(params));
    let page = get(&merchant, &format!("/gateway.do?{params}")).await;
    let signed_in = press(&merchant, &page, "sign-in").await;
    assert_eq!(signed_in.status, 303);
    assert_eq!(merchant.query("P1").await["trade_status"], "WAIT_BUYER_PAY");
    let cashier = get(&merchant, &signed_in.location.unwrap()).await;
    let paid = press(&merchant, &cashier, "pay").await;
    assert_eq!(paid.status, 303);
    let back = paid.location.unwrap();
    assert!(
        back.starts_with("http://shop.example/return?app_id="),
        "{back}"
    );
    let twice = press(&merchant, &cashier, "pay").await;
    assert_eq!(twice.status, 409);
}

#[tokio::test]
async fn a_payer_who_presses_cancel_on_a_wap_page_lands_on_its_quit_url() {
    let merchant = Merchant::start().await;
    let mut biz = order("P1");
    biz["product_code"] = json!("QUICK_WAP_WAY");
    biz["quit_url"] = json!("http://shop.example/quit");
    let params = merchant.signed(merchant.unsigned("alipay.trade.wap.pay", &biz));
    let page = get(&merchant, &format!("/gateway.do?{}", encoded(&params))).await;
    let left = press(&merchant, &page, "cancel").await;
    assert_eq!(
        (left.status, left.location.as_deref()),
        (303, Some("http://shop.example/quit"))
    );
    assert_eq!(
        merchant.query("P1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    assert!(press(&merchant, &page, "sign-in").await.status == 303);
}

#[tokio::test]
async fn a_subject_with_markup_is_shown_as_text() {
    let merchant = Merchant::start().await;
    let mut biz = order("A1");
    biz["subject"] = json!("<script>alert(1)<");
    let code = merchant.call("alipay.trade.precreate", biz).await["qr_code"].clone();
    merchant.open(code).await;
    for path in ["/wallet", "/wallet/scan?code=%3Cscript%3Ealert"] {
        assert!(
            !get(&merchant, path).await.html.contains("<script>alert"),
            "{path}"
        );
    }
}

#[tokio::test]
async fn an_order_string_can_be_typed_into_the_wallet() {
    let merchant = Merchant::start().await;
    let params = merchant.signed(merchant.unsigned("alipay.trade.app.pay", &order("P1")));
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    let query = query.append_pair("code", &encoded(&params)).finish();
    let scanned = get(&merchant, &format!("/wallet/scan?{query}")).await;
    let cashier = get(&merchant, &scanned.location.unwrap()).await;
    press(&merchant, &cashier, "pay").await;
    assert_eq!(merchant.query("P1").await["trade_status"], "TRADE_SUCCESS");
    let (_, refusal) = merchant
        .control("POST", &act("P1", "pay"), Value::Null)
        .await;
    assert_eq!(refusal["code"], "trade_paid");
}

/// The digits on the screen with a payment code.
async fn shown(merchant: &Merchant, channel: &str, behaviour: &str) -> String {
    let url = format!("{}/wallet/barcode", merchant.running.url());
    let form = [("channel", channel), ("behaviour", behaviour)];
    let sent = send(merchant.http.post(url).form(&form)).await;
    assert_eq!(sent.status, 303);
    let screen = get(merchant, &sent.location.unwrap()).await;
    assert_eq!(screen.status, 200);
    assert!(screen.html.contains("<svg"), "{}", screen.html);
    between(&screen.html, "id=\"auth-code\">", "<").to_owned()
}

#[tokio::test]
async fn a_payment_code_is_shown_and_scanned_and_the_password_typed_in_the_wallet() {
    let merchant = Merchant::start().await;
    let home = get(&merchant, "/wallet").await.html;
    for part in ["id=\"show-alipay\"", "id=\"show-wechat\"", "ask_password"] {
        assert!(home.contains(part), "{part}");
    }
    assert!(shown(&merchant, "wechat", "pay").await.starts_with('1'));
    let code = shown(&merchant, "alipay", "ask_password").await;
    let mut biz = order("B1");
    biz["scene"] = json!("bar_code");
    biz["auth_code"] = json!(code);
    assert_eq!(
        merchant.call("alipay.trade.pay", biz).await["code"],
        "10003"
    );
    let used = get(&merchant, &format!("/wallet/barcode?code={code}")).await;
    assert_eq!(used.status, 410);
    let home = get(&merchant, "/wallet").await.html;
    let item = home.split_once("data-out-trade-no=\"B1\"").unwrap().1;
    let cashier = get(&merchant, between(item, "href=\"", "\"")).await;
    press(&merchant, &cashier, "pay").await;
    assert_eq!(merchant.query("B1").await["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test]
async fn a_scanned_web_page_is_opened_and_an_unknown_code_of_the_channel_is_not() {
    let merchant = Merchant::start().await;
    let page = "https://pay.shop.example/checkout/abc";
    let scan = |code: &str| {
        let mut query = url::form_urlencoded::Serializer::new(String::new());
        format!("/wallet/scan?{}", query.append_pair("code", code).finish())
    };
    let opened = get(&merchant, &scan(page)).await;
    assert_eq!(
        (opened.status, opened.location.as_deref()),
        (303, Some(page))
    );
    let unknown = get(&merchant, &scan("https://qr.alipay.com/bax404")).await;
    assert_eq!(unknown.status, 404);
}

//! A whole payment by each way: order, action, wallet, notice, webhook.

use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    alipay_on_a_desktop_page
    alipay_in_a_phone_browser
    alipay_from_an_app
    alipay_by_our_qr_code
    wechat_by_our_qr_code
    wechat_in_a_phone_browser
    wechat_inside_wechat
    wechat_from_an_app
    the_first_flow_comes_with_the_order
    a_payment_is_found_even_if_no_notice_ever_comes
}

async fn pays(app: &App, wish: Value, action_type: &str) {
    let order = app
        .merchant
        .order(json!({ "return_url": "https://shop.example/paid" }))
        .await;
    let payable = app.merchant.flow(&order, wish.clone()).await;
    assert_eq!(payable["action"]["type"], action_type, "{payable}");
    assert_eq!(payable["flow"]["way"], wish["way"]);
    assert_eq!(payable["flow"]["amount"], 8800);
    let number = app.payer.pay(&payable["action"]).await;
    assert_eq!(payable["flow"]["flow_no"], json!(number));
    paid(app, &order, &number, &wish["way"]).await;
}

/// The order, the channel's books and the merchant's webhook all say it.
async fn paid(app: &App, order: &Value, number: &str, way: &Value) {
    let paid = app.merchant.until_status(order, "paid").await;
    assert_eq!(paid["paid_way"], *way);
    assert_eq!(paid["flows"][0]["status"], "paid");
    let trade = app.payer.trade(number).await.unwrap();
    let capture = &paid["captures"][0];
    assert_eq!(capture["kind"], "winner");
    assert_eq!(capture["amount"], 8800);
    assert_eq!(capture["trade_no"], trade["trade_no"]);
    assert_eq!(capture["flow_no"], json!(number));

    let told = app.receiver.event(order, "order.paid").await;
    assert_eq!(told.event["id"], json!(told.id));
    let shown = &told.event["data"]["order"];
    for field in [
        "id",
        "merchant_order_no",
        "amount",
        "status",
        "paid_at",
        "captures",
        "metadata",
    ] {
        assert_eq!(shown[field], paid[field], "{field}");
    }
    let notice = app.payer.answered_notice(number).await;
    assert_eq!(notice["received"], true, "{notice}");
}

async fn alipay_on_a_desktop_page(app: &App) {
    pays(app, json!({ "way": "ALI_PC" }), "redirect").await;
}

async fn alipay_in_a_phone_browser(app: &App) {
    pays(app, json!({ "way": "ALI_WAP" }), "redirect").await;
}

async fn alipay_from_an_app(app: &App) {
    pays(app, json!({ "way": "ALI_APP" }), "app").await;
}

async fn alipay_by_our_qr_code(app: &App) {
    pays(app, json!({ "way": "ALI_QR" }), "qr_code").await;
}

async fn wechat_by_our_qr_code(app: &App) {
    pays(app, json!({ "way": "WX_NATIVE" }), "qr_code").await;
}

async fn wechat_in_a_phone_browser(app: &App) {
    pays(
        app,
        json!({ "way": "WX_H5", "client_ip": "203.0.113.7" }),
        "redirect",
    )
    .await;
}

async fn wechat_inside_wechat(app: &App) {
    pays(
        app,
        json!({ "way": "WX_JSAPI", "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" }),
        "jsapi",
    )
    .await;
}

async fn wechat_from_an_app(app: &App) {
    pays(app, json!({ "way": "WX_APP" }), "app").await;
}

async fn the_first_flow_comes_with_the_order(app: &App) {
    for way in ["ALI_PC", "WX_NATIVE"] {
        let order = app.merchant.order(json!({ "way": way })).await;
        assert_eq!(order["flows"].as_array().unwrap().len(), 1);
        let number = app.payer.pay(&order["action"]).await;
        paid(app, &order, &number, &json!(way)).await;
    }
}

/// Shows F23.
async fn a_payment_is_found_even_if_no_notice_ever_comes(app: &App) {
    for channel in ["notice.alipay", "notice.wechat"] {
        app.payer
            .break_it(json!({ "method": channel, "fault": "drop" }))
            .await;
    }
    for way in ["ALI_QR", "WX_NATIVE"] {
        let order = app.merchant.order(json!({ "way": way })).await;
        app.payer.pay(&order["action"]).await;
        app.advance(60).await;
        app.merchant.until_status(&order, "paid").await;
        app.receiver.event(&order, "order.paid").await;
        let paid = app.merchant.explained(&order).await;
        let lines = paid["timeline"].as_array().unwrap();
        assert!(
            lines.iter().any(|line| line["source"] == "query"),
            "{lines:#?}"
        );
    }
}

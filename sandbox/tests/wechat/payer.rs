//! What the wallet does with what was handed out: codes, links and signed client parameters.

use serde_json::{Value, json};

use crate::merchant::{APPID, MCHID, Merchant, wall_seconds};

fn jsapi(merchant: &Merchant, prepay_id: &str) -> Value {
    let time = wall_seconds();
    let sign = merchant.sign(&format!("{APPID}\n{time}\nn1\nprepay_id={prepay_id}\n"));
    json!({
        "appId": APPID, "timeStamp": time.to_string(), "nonceStr": "n1",
        "package": format!("prepay_id={prepay_id}"), "signType": "RSA", "paySign": sign,
    })
}

fn app(merchant: &Merchant, prepay_id: &str) -> Value {
    let time = wall_seconds();
    let sign = merchant.sign(&format!("{APPID}\n{time}\nn1\n{prepay_id}\n"));
    json!({
        "appid": APPID, "partnerid": MCHID, "prepayid": prepay_id, "package": "Sign=WXPay",
        "noncestr": "n1", "timestamp": time.to_string(), "sign": sign,
    })
}

async fn app_order(merchant: &Merchant, out_trade_no: &str) -> String {
    let body = merchant.order(out_trade_no).to_string();
    let answer = merchant
        .call("POST", "/v3/pay/transactions/app", &body)
        .await;
    answer.body["prepay_id"].as_str().unwrap().to_owned()
}

async fn h5_order(merchant: &Merchant, out_trade_no: &str) -> String {
    let mut body = merchant.order(out_trade_no);
    body["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let answer = merchant
        .call("POST", "/v3/pay/transactions/h5", &body.to_string())
        .await;
    answer.body["h5_url"].as_str().unwrap().to_owned()
}

async fn refused(merchant: &Merchant, artefact: impl Into<Value>) {
    let (status, body) = merchant.open(artefact).await;
    assert!((400..500).contains(&status), "{status} {body}");
}

#[tokio::test]
async fn signed_client_parameters_open_the_cashier() {
    let merchant = Merchant::start().await;
    let prepay_id = merchant.jsapi("order_jsapi").await;
    let (status, opened) = merchant.open(jsapi(&merchant, &prepay_id)).await;
    assert_eq!(
        (status, &opened["out_trade_no"]),
        (200, &json!("order_jsapi")),
        "{opened}"
    );
    assert_eq!(opened["channel"], "wechat");
    let (status, _) = merchant
        .control("POST", "/trades/order_jsapi/pay", json!({}))
        .await;
    assert_eq!(status, 200);
    let paid = merchant.query("order_jsapi").await;
    assert_eq!(paid.body["trade_type"], "JSAPI");
    assert_eq!(paid.body["payer"]["openid"], "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o");

    let prepay_id = app_order(&merchant, "order_app").await;
    let (status, opened) = merchant.open(app(&merchant, &prepay_id)).await;
    assert_eq!(
        (status, &opened["out_trade_no"]),
        (200, &json!("order_app")),
        "{opened}"
    );
}

#[tokio::test]
async fn unsigned_tampered_or_mixed_up_parameters_do_not() {
    let merchant = Merchant::start().await;
    let mine = merchant.jsapi("order_jsapi").await;
    let other = app_order(&merchant, "order_app").await;

    let mut swapped = jsapi(&merchant, &mine);
    swapped["package"] = json!(format!("prepay_id={other}"));
    refused(&merchant, swapped).await;
    let mut nonce = jsapi(&merchant, &mine);
    nonce["nonceStr"] = json!("n2");
    refused(&merchant, nonce).await;
    // A prepay id belongs to the product that it was made for.
    refused(&merchant, jsapi(&merchant, &other)).await;
    refused(&merchant, app(&merchant, &mine)).await;
    refused(
        &merchant,
        jsapi(&merchant, "wx000000000000000000000000000000000000"),
    )
    .await;
}

#[tokio::test]
async fn a_prepay_id_and_a_code_live_for_two_hours_and_a_link_for_five_minutes() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_native").await;
    let prepay_id = merchant.jsapi("order_jsapi").await;
    let link = h5_order(&merchant, "order_h5").await;
    merchant.advance(295).await;
    assert_eq!(merchant.open(link.as_str()).await.0, 200);
    merchant.advance(10).await;
    refused(&merchant, link).await;
    merchant.advance(2 * 3600 - 310).await;
    assert_eq!(merchant.open(code.as_str()).await.0, 200);
    assert_eq!(merchant.open(jsapi(&merchant, &prepay_id)).await.0, 200);
    merchant.advance(10).await;
    refused(&merchant, code).await;
    refused(&merchant, jsapi(&merchant, &prepay_id)).await;
    // The order itself is still open, and ordering again gives a new link.
    let link = h5_order(&merchant, "order_h5").await;
    merchant.pay(&link, "order_h5").await;
}

#[tokio::test]
async fn a_closed_order_can_no_longer_be_opened_or_paid() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    assert_eq!(merchant.open(code.as_str()).await.0, 200);
    assert_eq!(merchant.close("order_000001").await.status, 204);
    refused(&merchant, code).await;
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert!((400..500).contains(&status));
    assert_eq!(merchant.state("order_000001").await, "CLOSED");
}

#[tokio::test]
async fn a_payer_who_cancels_leaves_the_order_unpaid_and_payable() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    assert_eq!(merchant.open(code.as_str()).await.0, 200);
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/cancel", json!({}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
    merchant.pay(&code, "order_000001").await;
}

//! Ordering and querying: the four products, strict bodies, and what a repeated number means.

use chrono::DateTime;
use serde_json::{Value, json};

use crate::merchant::{APPID, Answer, MCHID, Merchant, wall_seconds};

async fn order(merchant: &Merchant, product: &str, body: &Value) -> Answer {
    let target = format!("/v3/pay/transactions/{product}");
    merchant.call("POST", &target, &body.to_string()).await
}

/// RFC 3339 at `seconds` from now on the wall clock.
fn in_seconds(seconds: i64) -> String {
    DateTime::from_timestamp(wall_seconds() + seconds, 0)
        .unwrap()
        .to_rfc3339()
}

#[tokio::test]
async fn each_product_hands_out_its_own_kind_of_payload() {
    let merchant = Merchant::start().await;
    let native = order(&merchant, "native", &merchant.order("order_native")).await;
    let code_url = native.body["code_url"].as_str().unwrap();
    assert!(
        code_url.starts_with("weixin://wxpay/bizpayurl?pr="),
        "{code_url}"
    );

    let app = order(&merchant, "app", &merchant.order("order_app")).await;
    let prepay_id = app.body["prepay_id"].as_str().unwrap();
    assert!(
        prepay_id.starts_with("wx") && prepay_id.len() <= 64,
        "{prepay_id}"
    );

    let mut body = merchant.order("order_jsapi");
    body["payer"] = json!({ "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" });
    let jsapi = order(&merchant, "jsapi", &body).await;
    assert!(jsapi.body["prepay_id"].as_str().unwrap().starts_with("wx"));

    let mut body = merchant.order("order_h5");
    body["scene_info"] =
        json!({ "payer_client_ip": "14.23.150.211", "h5_info": { "type": "Wap" } });
    let h5 = order(&merchant, "h5", &body).await;
    let h5_url = h5.body["h5_url"].as_str().unwrap();
    assert!(h5_url.starts_with("http"), "{h5_url}");
    for answer in [native, app, jsapi, h5] {
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body.as_object().unwrap().len(), 1);
    }
}

#[tokio::test]
async fn an_unpaid_order_is_queried_as_notpay_with_few_fields() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    let answer = merchant.query("order_000001").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["trade_state"], "NOTPAY");
    assert_eq!(answer.body["trade_state_desc"], "订单未支付");
    assert_eq!(answer.body["amount"]["total"], 100);
    assert_eq!(
        (&answer.body["mchid"], &answer.body["appid"]),
        (&json!(MCHID), &json!(APPID))
    );
    for name in [
        "transaction_id",
        "success_time",
        "attach",
        "payer",
        "bank_type",
    ] {
        assert!(answer.body.get(name).is_none(), "{name}");
    }
}

#[tokio::test]
async fn a_paid_order_is_found_by_both_numbers_with_all_its_fields() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    merchant.pay(&code, "order_000001").await;
    let answer = merchant.query("order_000001").await;
    assert_eq!(answer.body["trade_state"], "SUCCESS");
    assert_eq!(answer.body["trade_type"], "NATIVE");
    assert_eq!(answer.body["attach"], "桌号7");
    assert_eq!(answer.body["amount"]["total"], 100);
    assert_eq!(answer.body["amount"]["payer_total"], 100);
    assert!(answer.body["payer"]["openid"].is_string());
    assert!(
        answer.body["success_time"]
            .as_str()
            .unwrap()
            .ends_with("+08:00")
    );
    let id = answer.body["transaction_id"].as_str().unwrap();
    let by_id = format!("/v3/pay/transactions/id/{id}?mchid={MCHID}");
    assert_eq!(merchant.call("GET", &by_id, "").await.body, answer.body);
}

#[tokio::test]
async fn h5_orders_show_as_mweb_and_jsapi_orders_keep_their_payer() {
    let merchant = Merchant::start().await;
    let mut body = merchant.order("order_h5");
    body["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let h5 = order(&merchant, "h5", &body).await;
    merchant
        .pay(h5.body["h5_url"].as_str().unwrap(), "order_h5")
        .await;
    assert_eq!(merchant.query("order_h5").await.body["trade_type"], "MWEB");
}

#[tokio::test]
async fn an_order_that_was_never_made_does_not_exist() {
    let merchant = Merchant::start().await;
    assert_eq!(
        merchant.query("order_000001").await.code(),
        (404, "ORDER_NOT_EXIST")
    );
    let by_id = format!("/v3/pay/transactions/id/4200000000202001010000000000?mchid={MCHID}");
    assert_eq!(
        merchant.call("GET", &by_id, "").await.code(),
        (404, "ORDER_NOT_EXIST")
    );
}

#[tokio::test]
async fn the_same_parameters_again_give_a_new_code_and_end_the_old_one() {
    let merchant = Merchant::start().await;
    let first = merchant.native("order_000001").await;
    let second = merchant.native("order_000001").await;
    assert_ne!(first, second);
    let (status, body) = merchant.open(first).await;
    assert!((400..500).contains(&status), "{status} {body}");
    merchant.pay(&second, "order_000001").await;
    let (trades, _) = merchant.ledger().await;
    assert_eq!(trades.len(), 1);
}

#[tokio::test]
async fn the_same_fields_in_another_order_are_the_same_parameters() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    let Value::Object(fields) = merchant.order("order_000001") else {
        panic!("an object")
    };
    let mut reversed: Vec<String> = fields
        .iter()
        .map(|(name, value)| format!("{}: {value}", json!(name)))
        .collect();
    reversed.reverse();
    let body = format!("{{ {} }}", reversed.join(" , "));
    assert_eq!(
        merchant
            .call("POST", "/v3/pay/transactions/native", &body)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn other_parameters_under_the_same_number_are_refused() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    for (name, value) in [
        ("amount", json!({ "total": 101, "currency": "CNY" })),
        ("description", json!("两杯茶")),
        ("attach", json!("桌号8")),
        ("time_expire", json!(in_seconds(600))),
    ] {
        let mut body = merchant.order("order_000001");
        body[name] = value;
        let answer = order(&merchant, "native", &body).await;
        assert_eq!(answer.code(), (400, "INVALID_REQUEST"), "{name}");
        assert_eq!(answer.body["message"], "请求重入时，参数与首次请求时不一致");
        let request_id = answer.headers["Request-ID"].to_str().unwrap();
        assert!(request_id.ends_with("-268498688"), "{request_id}");
    }
    let through_app = order(&merchant, "app", &merchant.order("order_000001")).await;
    assert_eq!(through_app.code(), (400, "INVALID_REQUEST"));
    merchant.pay(&code, "order_000001").await;
}

#[tokio::test]
async fn a_paid_number_says_orderpaid_and_a_closed_one_order_closed() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_paid").await;
    merchant.pay(&code, "order_paid").await;
    let again = order(&merchant, "native", &merchant.order("order_paid")).await;
    assert_eq!(again.code(), (400, "ORDERPAID"));

    merchant.native("order_closed").await;
    assert_eq!(merchant.close("order_closed").await.status, 204);
    let again = order(&merchant, "native", &merchant.order("order_closed")).await;
    assert_eq!(again.code(), (400, "ORDER_CLOSED"));
}

#[tokio::test]
async fn an_unknown_field_at_any_depth_is_an_illegal_extra_parameter() {
    let merchant = Merchant::start().await;
    let mut shallow = merchant.order("order_000001");
    shallow["trade_type"] = json!("NATIVE");
    let mut deep = merchant.order("order_000001");
    deep["amount"]["payer_total"] = json!(100);
    for body in [shallow, deep] {
        let answer = order(&merchant, "native", &body).await;
        assert_eq!(answer.code(), (400, "PARAM_ERROR"));
        assert_eq!(answer.body["message"], "参数中含有非法的额外参数");
    }
    let mut null = merchant.order("order_000001");
    null["attach"] = Value::Null;
    let answer = order(&merchant, "native", &null).await;
    assert_eq!(answer.code(), (400, "PARAM_ERROR"));
    assert_eq!(answer.body["detail"]["field"], "/attach");
    assert_eq!(merchant.query("order_000001").await.status, 404);
}

#[tokio::test]
async fn an_appid_that_is_not_bound_to_the_merchant_is_refused() {
    let merchant = Merchant::start().await;
    let mut body = merchant.order("order_000001");
    body["appid"] = json!("wx0000000000000000");
    let answer = order(&merchant, "native", &body).await;
    assert_eq!(answer.code(), (400, "APPID_MCHID_NOT_MATCH"));
}

#[tokio::test]
async fn a_time_expire_in_the_past_is_refused() {
    let merchant = Merchant::start().await;
    let mut body = merchant.order("order_000001");
    body["time_expire"] = json!(in_seconds(-60));
    let answer = order(&merchant, "native", &body).await;
    assert_eq!(answer.code(), (400, "PARAM_ERROR"));
    assert_eq!(answer.body["detail"]["field"], "/time_expire");
}

#[tokio::test]
async fn after_time_expire_nobody_can_pay_and_the_order_stays_open_until_it_is_closed() {
    let merchant = Merchant::start().await;
    let mut body = merchant.order("order_000001");
    body["time_expire"] = json!(in_seconds(600));
    let code = merchant.native_of(&body).await;
    let (status, _) = merchant.open(code.as_str()).await;
    assert_eq!(status, 200);
    merchant.advance(601).await;
    let (status, body) = merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert!((400..500).contains(&status), "{status} {body}");
    let (status, _) = merchant.open(code).await;
    assert!((400..500).contains(&status));
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
    assert_eq!(merchant.close("order_000001").await.status, 204);
    assert_eq!(merchant.state("order_000001").await, "CLOSED");
}

#[tokio::test]
async fn an_unpaid_order_is_closed_by_the_channel_after_seven_days() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    merchant.advance(7 * 86_400 - 60).await;
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
    merchant.advance(120).await;
    assert_eq!(merchant.state("order_000001").await, "CLOSED");
}

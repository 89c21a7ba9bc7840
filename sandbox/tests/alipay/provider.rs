//! A service provider's app acts for merchants that let it.

use serde_json::{Value, json};

use crate::merchant::{APP_ID, Merchant, SELLER_ID, act, joined, order};

const PRECREATE: &str = "alipay.trade.precreate";
const QUERY: &str = "alipay.trade.query";

/// A merchant lets the app act for it.
async fn authorized(merchant: &Merchant, seller_id: &str, auth_app_id: &str) -> String {
    let path = format!("alipay/{APP_ID}/merchants");
    let leave = json!({ "seller_id": seller_id, "auth_app_id": auth_app_id });
    let (status, given) = merchant.control("POST", &path, leave).await;
    assert_eq!(status, 200, "{given}");
    let token = given["app_auth_token"].as_str().unwrap();
    assert!(token.len() <= 40, "{token}");
    token.to_owned()
}

async fn call_for(merchant: &Merchant, token: &str, method: &str, biz: Value) -> Value {
    let mut params = merchant.unsigned(method, &biz);
    if !token.is_empty() {
        params.insert("app_auth_token".into(), token.into());
    }
    let body = merchant.post(&merchant.signed(params)).await;
    merchant.verified(method, &body)
}

#[tokio::test]
async fn a_token_names_the_merchant_who_gets_the_money() {
    let merchant = Merchant::start().await;
    let token = authorized(&merchant, "2088000000000111", "2021000000000111").await;
    let node = call_for(&merchant, &token, PRECREATE, order("I1")).await;
    assert_eq!(node["code"], "10000", "{node}");
    merchant.open(node["qr_code"].clone()).await;
    merchant
        .control("POST", &act("I1", "pay"), Value::Null)
        .await;
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert!(merchant.is_alipays(&joined(&told, &["sign", "sign_type"]), &told["sign"]));
    assert_eq!(told["seller_id"], "2088000000000111");
    assert_eq!(
        (told["app_id"].as_str(), told["auth_app_id"].as_str()),
        (APP_ID, "2021000000000111")
    );
    let trade = merchant.in_ledger("I1").await.unwrap();
    assert_eq!(
        (trade["account"].as_str(), trade["seller_id"].as_str()),
        (Some(APP_ID), Some("2088000000000111"))
    );
}

#[tokio::test]
async fn a_wrong_or_missing_token_is_refused_by_every_call() {
    let merchant = Merchant::start().await;
    let token = authorized(&merchant, "2088000000000111", "2021000000000111").await;
    assert_eq!(
        token,
        authorized(&merchant, "2088000000000111", "2021000000000111").await
    );
    for method in [
        PRECREATE,
        "alipay.trade.create",
        "alipay.trade.pay",
        QUERY,
        "alipay.trade.close",
        "alipay.trade.cancel",
        "alipay.trade.refund",
        "alipay.trade.fastpay.refund.query",
        "alipay.data.dataservice.bill.downloadurl.query",
    ] {
        for wrong in ["", "202411BBnobody"] {
            let node = call_for(&merchant, wrong, method, order("I1")).await;
            assert_eq!(
                (node["code"].as_str(), node["sub_code"].as_str()),
                (Some("20001"), Some("aop.invalid-app-auth-token")),
                "{method} {wrong}"
            );
        }
    }
    let path = format!("alipay/{APP_ID}/merchants/{token}");
    assert_eq!(merchant.control("DELETE", &path, Value::Null).await.0, 204);
    let node = call_for(&merchant, &token, QUERY, json!({ "out_trade_no": "I1" })).await;
    assert_eq!(node["code"], "20001");
    assert_eq!(merchant.control("DELETE", &path, Value::Null).await.0, 404);
}

#[tokio::test]
async fn one_merchant_does_not_see_the_trades_of_another() {
    let merchant = Merchant::start().await;
    let one = authorized(&merchant, "2088000000000111", "2021000000000111").await;
    let other = authorized(&merchant, "2088000000000222", "2021000000000222").await;
    let node = call_for(&merchant, &one, PRECREATE, order("I1")).await;
    merchant.open(node["qr_code"].clone()).await;
    let by = json!({ "out_trade_no": "I1" });
    assert_eq!(
        call_for(&merchant, &one, QUERY, by.clone()).await["trade_status"],
        "WAIT_BUYER_PAY"
    );
    for method in [QUERY, "alipay.trade.close"] {
        assert_eq!(
            call_for(&merchant, &other, method, by.clone()).await["sub_code"],
            "ACQ.TRADE_NOT_EXIST"
        );
    }
    assert_eq!(
        call_for(&merchant, &other, PRECREATE, order("I1")).await["sub_code"],
        "ACQ.CONTEXT_INCONSISTENT"
    );
}

#[tokio::test]
async fn an_app_that_acts_for_nobody_is_its_own_seller() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert_eq!(
        (told["seller_id"].as_str(), told["auth_app_id"].as_str()),
        (SELLER_ID, APP_ID)
    );
    let node = call_for(
        &merchant,
        "202411BBnobody",
        QUERY,
        json!({ "out_trade_no": "A1" }),
    )
    .await;
    assert_eq!(node["code"], "20001");
}

//! How strict the gateway is before any method is reached.

use serde_json::json;

use crate::merchant::{Merchant, encoded, joined};

const QUERY: &str = "alipay.trade.query";

#[tokio::test]
async fn an_unknown_app_is_told_so_without_a_signature_before_its_own_is_looked_at() {
    let merchant = Merchant::start().await;
    let mut params = merchant.unsigned(QUERY, &json!({ "out_trade_no": "A1" }));
    params.insert("app_id".into(), "2021000000000404".into());
    let body = merchant.post(&params).await;
    let (node, signed) = merchant.node(QUERY, &body);
    assert_eq!((node["code"].as_str(), signed), (Some("40002"), false));
    assert_eq!(node["sub_code"], "isv.invalid-app-id");
    assert!(!body.contains("\"sign\""), "{body}");
}

#[tokio::test]
async fn a_wrong_signature_is_answered_with_the_gateways_own_string_signed() {
    let merchant = Merchant::start().await;
    let mut params = merchant.signed(merchant.unsigned(QUERY, &json!({ "out_trade_no": "A1" })));
    params.insert("biz_content".into(), r#"{"out_trade_no":"A2"}"#.into());
    let node = merchant.verified(QUERY, &merchant.post(&params).await);
    assert_eq!(
        (node["code"].as_str(), node["msg"].as_str()),
        (Some("40002"), Some("Invalid Arguments"))
    );
    assert_eq!(node["sub_code"], "isv.invalid-signature");
    let echoed = joined(&params, &["sign"]).replace('&', "&amp;");
    assert!(
        node["sub_msg"]
            .as_str()
            .unwrap()
            .ends_with(&format!("验签字符串为：{echoed}"))
    );
}

#[tokio::test]
async fn each_missing_or_invalid_common_parameter_has_its_own_code() {
    let merchant = Merchant::start().await;
    for (name, value, code, sub_code) in [
        ("sign_type", "", "40001", "isv.missing-signature-type"),
        ("sign_type", "RSA", "40002", "isv.invalid-signature-type"),
        ("timestamp", "", "40001", "isv.missing-timestamp"),
        (
            "timestamp",
            "2024-07-24T03:07:50Z",
            "40002",
            "isv.invalid-timestamp",
        ),
        ("version", "", "40001", "isv.missing-version"),
        ("charset", "gbk", "40002", "isv.invalid-charset"),
        ("format", "XML", "40002", "isv.invalid-format"),
        ("method", "alipay.trade.fly", "40002", "isv.invalid-method"),
        ("biz_content", "{", "40002", "isv.illegal-json"),
    ] {
        let mut params = merchant.unsigned(QUERY, &json!({ "out_trade_no": "A1" }));
        params.insert(name.into(), value.into());
        params.retain(|_, value| !value.is_empty());
        let method = if name == "method" { value } else { QUERY };
        let node = merchant.verified(method, &merchant.post(&merchant.signed(params)).await);
        assert_eq!(
            (node["code"].as_str(), node["sub_code"].as_str()),
            (Some(code), Some(sub_code))
        );
    }
    let unsigned = merchant.unsigned(QUERY, &json!({ "out_trade_no": "A1" }));
    let node = merchant.verified(QUERY, &merchant.post(&unsigned).await);
    assert_eq!(node["sub_code"], "isv.missing-signature");
}

#[tokio::test]
async fn parameters_may_travel_in_the_query_in_the_body_or_both_by_get_or_post() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    let gateway = format!("{}/gateway.do", merchant.running.url());
    let params = merchant.signed(merchant.unsigned(QUERY, &json!({ "out_trade_no": "A1" })));
    let mut query = params.clone();
    let biz = query.remove("biz_content").unwrap();
    let requests = [
        merchant.http.get(format!("{gateway}?{}", encoded(&params))),
        merchant.http.post(&gateway).form(&params),
        merchant
            .http
            .post(format!("{gateway}?{}", encoded(&query)))
            .form(&[("biz_content", biz)]),
    ];
    for request in requests {
        let body = request.send().await.unwrap().text().await.unwrap();
        assert_eq!(
            merchant.verified(QUERY, &body)["trade_status"],
            "WAIT_BUYER_PAY"
        );
    }
}

#[tokio::test]
async fn parameters_that_the_gateway_does_not_know_are_signed_and_accepted() {
    let merchant = Merchant::start().await;
    let mut params = merchant.unsigned(QUERY, &json!({ "out_trade_no": "A1" }));
    params.insert("alipay_sdk".into(), "some-sdk-1.0".into());
    let node = merchant.verified(QUERY, &merchant.post(&merchant.signed(params)).await);
    assert_eq!(node["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn order_fields_out_of_their_rules_are_invalid_parameters() {
    let merchant = Merchant::start().await;
    for (name, value) in [
        ("out_trade_no", json!("")),
        ("out_trade_no", json!("A-1")),
        ("out_trade_no", json!("A".repeat(65))),
        ("total_amount", json!("88.888")),
        ("total_amount", json!("0.00")),
        ("total_amount", json!("100000000.01")),
        ("total_amount", json!(null)),
        ("subject", json!("a=b")),
        ("subject", json!("好".repeat(257))),
        ("timeout_express", json!("1.5h")),
        ("time_expire", json!("tomorrow")),
        ("passback_params", json!("x".repeat(513))),
    ] {
        let mut biz = crate::merchant::order("A1");
        biz[name] = value.clone();
        let node = merchant.call("alipay.trade.precreate", biz).await;
        assert_eq!(node["sub_code"], "ACQ.INVALID_PARAMETER", "{name} {value}");
    }
    for (method, biz) in [
        (QUERY, json!({})),
        ("alipay.trade.close", json!({})),
        ("alipay.trade.refund", json!({ "out_trade_no": "A1" })),
        (
            "alipay.trade.fastpay.refund.query",
            json!({ "out_trade_no": "A1" }),
        ),
    ] {
        let node = merchant.call(method, biz).await;
        assert_eq!(node["sub_code"], "ACQ.INVALID_PARAMETER", "{method}");
    }
}

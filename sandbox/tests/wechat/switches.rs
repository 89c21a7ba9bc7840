//! Rules that a test may switch, and faults that every method knows.

use serde_json::{Value, json};

use crate::merchant::{APPID, Answer, Departure, MCHID, Merchant};

async fn set(merchant: &Merchant, rules: Value) -> (u16, Value) {
    merchant.control("POST", "/wechat", rules).await
}

#[tokio::test]
async fn an_order_can_be_closed_at_once_unless_the_five_minute_rule_is_on() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    assert_eq!(merchant.close("order_000001").await.status, 204);
    let (status, rules) = set(&merchant, json!({ "close_after_seconds": 300 })).await;
    assert_eq!(
        (status, &rules["refund_interval_seconds"]),
        (200, &json!(60))
    );
    merchant.native("order_000002").await;
    let early = merchant.close("order_000002").await;
    assert_eq!(early.code(), (400, "INVALID_REQUEST"));
    assert_eq!(merchant.state("order_000002").await, "NOTPAY");
    merchant.advance(301).await;
    assert_eq!(merchant.close("order_000002").await.status, 204);
    let (status, _) = set(&merchant, json!({ "close_after_seconds": -1 })).await;
    assert_eq!(status, 422);
}

#[tokio::test]
async fn codes_are_spelled_in_the_older_or_the_newer_way() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    merchant.pay(&code, "order_000001").await;
    for (spelling, paid, unknown) in [
        ("older", "ORDERPAID", "ORDERNOTEXIST"),
        ("newer", "ORDER_PAID", "ORDER_NOT_EXIST"),
    ] {
        let (status, _) = set(&merchant, json!({ "error_spelling": spelling })).await;
        assert_eq!(status, 200);
        let answers = [
            merchant.close("order_000001").await,
            merchant.query("order_none").await,
        ];
        let codes = answers.each_ref().map(Answer::code);
        assert_eq!(codes, [(400, paid), (404, unknown)]);
    }
}

/// One request of each method: the method, how it is asked, and its body.
async fn requests(merchant: &Merchant) -> Vec<(&'static str, &'static str, String, Value)> {
    let show = json!({ "channel": "wechat", "behaviour": "pay" });
    let (_, code) = merchant.control("POST", "/payer/barcode", show).await;
    let mut jsapi = merchant.order("order_jsapi");
    jsapi["payer"] = json!({ "openid": "oX" });
    let mut h5 = merchant.order("order_h5");
    h5["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let codepay = json!({
        "appid": APPID, "mchid": MCHID, "description": "一杯茶", "out_trade_no": "order_code",
        "payer": { "auth_code": code["auth_code"] }, "amount": { "total": 100 },
        "scene_info": { "store_info": { "id": "0001" } },
    });
    let at = "/v3/pay/transactions";
    let refunds = "/v3/refund/domestic/refunds";
    let ids = json!({ "mchid": MCHID });
    let reverse = json!({ "mchid": MCHID, "appid": APPID });
    let none = Value::Null;
    let order = merchant.order("order_native");
    let refund = merchant.refund_body("order_none", "refund_1", 1);
    let abnormal = json!({ "out_refund_no": "refund_1", "type": "MERCHANT_BANK_CARD" });
    let number = format!("{at}/out-trade-no/order_none");
    vec![
        ("wechat.native", "POST", format!("{at}/native"), order),
        ("wechat.h5", "POST", format!("{at}/h5"), h5),
        ("wechat.jsapi", "POST", format!("{at}/jsapi"), jsapi),
        (
            "wechat.app",
            "POST",
            format!("{at}/app"),
            merchant.order("order_app"),
        ),
        ("wechat.codepay", "POST", format!("{at}/codepay"), codepay),
        (
            "wechat.query",
            "GET",
            format!("{number}?mchid={MCHID}"),
            none.clone(),
        ),
        ("wechat.close", "POST", format!("{number}/close"), ids),
        (
            "wechat.reverse",
            "POST",
            format!("{number}/reverse"),
            reverse,
        ),
        ("wechat.refund", "POST", refunds.to_owned(), refund),
        (
            "wechat.refund_query",
            "GET",
            format!("{refunds}/refund_1"),
            none.clone(),
        ),
        (
            "wechat.abnormal_refund",
            "POST",
            format!("{refunds}/5030/apply-abnormal-refund"),
            abnormal,
        ),
        (
            "wechat.certificates",
            "GET",
            "/v3/certificates".to_owned(),
            none.clone(),
        ),
        (
            "wechat.bill",
            "GET",
            "/v3/bill/tradebill?bill_date=2026-01-01".to_owned(),
            none.clone(),
        ),
        (
            "wechat.bill_file",
            "GET",
            "/v3/billdownload/file?token=x".to_owned(),
            none,
        ),
    ]
}

fn text(body: &Value) -> String {
    match body {
        Value::Null => String::new(),
        body => body.to_string(),
    }
}

#[tokio::test]
async fn every_method_meets_every_fault_of_calls() {
    let merchant = Merchant::start().await;
    for (method, verb, target, body) in requests(&merchant).await {
        let faults = [
            ("timeout_before", None),
            ("http_500", Some((500, ""))),
            ("garbage", Some((200, ""))),
            ("system_error", Some((500, "SYSTEM_ERROR"))),
            ("rate_limited", Some((429, "RATELIMIT_EXCEEDED"))),
            ("rate_limited_after", Some((429, "RATELIMIT_EXCEEDED"))),
            ("timeout_after", None),
        ];
        for (fault, expected) in faults {
            let order = json!({ "method": method, "fault": fault, "times": 1, "delay_ms": 1 });
            merchant.fault(order).await;
            let sent = merchant
                .send(verb, &target, &text(&body), &Departure::default())
                .await;
            match (expected, sent) {
                (None, Err(_)) => {}
                (Some((status, code)), Ok((got, headers, answer))) => {
                    assert_eq!(got, status, "{method} {fault}: {answer}");
                    let told: Value = serde_json::from_str(&answer).unwrap_or_default();
                    assert_eq!(told["code"].as_str().unwrap_or_default(), code);
                    // What is JSON is signed, and what is HTML is not.
                    let signed = merchant.verifies(&headers, &answer);
                    assert_eq!(signed, !code.is_empty(), "{method} {fault}");
                }
                (_, sent) => panic!("{method} {fault}: {sent:?}"),
            }
        }
        let (_, armed) = merchant.control("GET", "/faults", json!({})).await;
        let fired = armed["faults"].as_array().unwrap().iter();
        let fired = fired.filter(|armed| armed["method"] == method && armed["fired"] == 1);
        assert_eq!(fired.count(), 7, "{method}: {armed}");
    }
}

#[tokio::test]
async fn every_signed_answer_can_have_a_wrong_signature() {
    let merchant = Merchant::start().await;
    for (method, verb, target, body) in requests(&merchant).await {
        if method == "wechat.bill_file" {
            let order = json!({ "method": method, "fault": "bad_signature" });
            assert_eq!(merchant.control("POST", "/faults", order).await.0, 422);
            continue;
        }
        for fault in ["bad_signature", "signtest"] {
            merchant
                .fault(json!({ "method": method, "fault": fault, "times": 1 }))
                .await;
            let (_, headers, answer) = merchant
                .send(verb, &target, &text(&body), &Departure::default())
                .await
                .unwrap();
            assert!(headers.contains_key("Wechatpay-Signature"), "{method}");
            assert!(!merchant.verifies(&headers, &answer), "{method} {fault}");
        }
    }
}

#[tokio::test]
async fn a_429_leaves_it_open_whether_the_refund_was_accepted() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    merchant.pay(&code, "order_000001").await;
    for (fault, accepted) in [("rate_limited", 0), ("rate_limited_after", 1)] {
        merchant
            .fault(json!({ "method": "wechat.refund", "fault": fault, "times": 1 }))
            .await;
        let limited = merchant.refund("order_000001", "refund_1", 10).await;
        assert_eq!(limited.code(), (429, "RATELIMIT_EXCEEDED"));
        let (_, refunds) = merchant.ledger().await;
        assert_eq!(refunds.len(), accepted, "{fault}");
    }
}

#[tokio::test]
async fn a_lost_answer_to_a_scan_is_found_by_a_query() {
    let merchant = Merchant::start().await;
    for (method, _, target, body) in requests(&merchant).await {
        if method != "wechat.codepay" {
            continue;
        }
        merchant
            .fault(json!({ "method": method, "fault": "timeout_after", "times": 1, "delay_ms": 1 }))
            .await;
        let sent = merchant
            .send("POST", &target, &body.to_string(), &Departure::default())
            .await;
        assert!(sent.is_err());
        assert_eq!(merchant.state("order_code").await, "SUCCESS");
        let again = merchant.call("POST", &target, &body.to_string()).await;
        assert_eq!(again.code(), (400, "ORDERPAID"));
    }
    let (trades, _) = merchant.ledger().await;
    assert_eq!(trades.len(), 1);
}

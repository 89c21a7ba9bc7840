//! Unknown outcomes on demand: what the merchant sees, and what the ledger believes.

use serde_json::json;

use crate::merchant::{Departure, MCHID, Merchant};

fn query(out_trade_no: &str) -> String {
    format!("/v3/pay/transactions/out-trade-no/{out_trade_no}?mchid={MCHID}")
}

#[tokio::test]
async fn before_a_lost_request_nothing_was_done_and_after_a_lost_answer_all_was() {
    let merchant = Merchant::start().await;
    for (fault, exists) in [("timeout_before", false), ("timeout_after", true)] {
        let number = format!("o_{fault}");
        merchant
            .fault(json!({ "method": "wechat.native", "fault": fault, "times": 1, "delay_ms": 1 }))
            .await;
        let body = merchant.order(&number).to_string();
        let sent = merchant
            .send(
                "POST",
                "/v3/pay/transactions/native",
                &body,
                &Departure::default(),
            )
            .await;
        assert!(sent.is_err(), "{fault}: {sent:?}");
        let found = merchant.query(&number).await;
        assert_eq!(found.status == 200, exists, "{fault}: {found:?}");
    }
}

#[tokio::test]
async fn a_broken_answer_is_html_and_not_signed() {
    let merchant = Merchant::start().await;
    for (fault, status, exists) in [("http_500", 500, false), ("garbage", 200, true)] {
        let number = format!("o_{fault}");
        merchant
            .fault(json!({ "method": "wechat.native", "fault": fault, "times": 1 }))
            .await;
        let body = merchant.order(&number).to_string();
        let (got, headers, text) = merchant
            .send(
                "POST",
                "/v3/pay/transactions/native",
                &body,
                &Departure::default(),
            )
            .await
            .unwrap();
        assert_eq!(got, status);
        assert!(text.starts_with("<html>"), "{text}");
        assert!(!merchant.verifies(&headers, &text));
        assert_eq!(
            merchant.query(&number).await.status == 200,
            exists,
            "{fault}"
        );
    }
}

#[tokio::test]
async fn a_system_error_is_signed_and_nothing_was_done() {
    let merchant = Merchant::start().await;
    merchant
        .fault(json!({ "method": "wechat.*", "fault": "system_error", "times": 1 }))
        .await;
    let body = merchant.order("order_000001").to_string();
    let answer = merchant
        .call("POST", "/v3/pay/transactions/native", &body)
        .await;
    assert_eq!(answer.code(), (500, "SYSTEM_ERROR"));
    assert_eq!(merchant.query("order_000001").await.status, 404);
}

#[tokio::test]
async fn an_answer_can_carry_a_wrong_signature_or_a_wrong_amount() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    let fault = |fault: &str| json!({ "method": "wechat.query", "fault": fault, "times": 1, "out_trade_no": "order_000001" });
    merchant.fault(fault("bad_signature")).await;
    let (status, headers, text) = merchant
        .send("GET", &query("order_000001"), "", &Departure::default())
        .await
        .unwrap();
    assert_eq!(status, 200);
    assert!(headers.contains_key("Wechatpay-Signature"));
    assert!(!merchant.verifies(&headers, &text));

    merchant.fault(fault("wrong_amount")).await;
    let wrong = merchant.query("order_000001").await;
    assert_ne!(wrong.body["amount"]["total"], 100);
    assert_eq!(
        merchant.query("order_000001").await.body["amount"]["total"],
        100
    );
}

#[tokio::test]
async fn a_lost_refund_answer_is_found_by_its_number() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    merchant.pay(&code, "order_000001").await;
    merchant
        .fault(json!({ "method": "wechat.refund", "fault": "timeout_after", "times": 1, "delay_ms": 1 }))
        .await;
    let body = merchant
        .refund_body("order_000001", "refund_1", 10)
        .to_string();
    let sent = merchant
        .send(
            "POST",
            "/v3/refund/domestic/refunds",
            &body,
            &Departure::default(),
        )
        .await;
    assert!(sent.is_err());
    assert_eq!(merchant.refund_status("refund_1").await, "PROCESSING");
    assert_eq!(
        merchant.refund("order_000001", "refund_1", 10).await.status,
        200
    );
    let (_, refunds) = merchant.ledger().await;
    assert_eq!(refunds.len(), 1);
}

#[tokio::test]
async fn a_call_that_is_not_proven_to_be_the_merchants_meets_no_fault() {
    let merchant = Merchant::start().await;
    merchant
        .fault(json!({ "method": "wechat.*", "fault": "http_500", "times": 1 }))
        .await;
    let forged = Departure {
        skew: 1000,
        ..Departure::default()
    };
    let answer = merchant
        .call_as("GET", &query("order_000001"), "", &forged)
        .await;
    assert_eq!(answer.status, 401);
    let (_, faults) = merchant.control("GET", "/faults", json!({})).await;
    assert!(!faults.to_string().contains("\"fired\":1"), "{faults}");
}

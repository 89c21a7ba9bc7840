//! Unknown outcomes on demand: what the merchant sees, and what the ledger believes.

use serde_json::json;

use crate::merchant::Merchant;
use crate::message::{Fields, fields, read, write};

const ORDER: &str = "/pay/unifiedorder";

/// Each path of v2 with a call that succeeds on a paid order, and its name for faults.
async fn services(merchant: &Merchant) -> Vec<(&'static str, &'static str, Fields)> {
    let number = || fields([("out_trade_no", "order_000001")]);
    let code = merchant.code("pay").await;
    let who = merchant.code("pay").await;
    vec![
        (
            "v2/unifiedorder",
            ORDER,
            merchant.order("NATIVE", "order_000002"),
        ),
        (
            "v2/micropay",
            "/pay/micropay",
            merchant.scan("order_000003", &code),
        ),
        ("v2/orderquery", "/pay/orderquery", number()),
        (
            "v2/refund",
            "/secapi/pay/refund",
            merchant.refund("order_000001", "R1", 1),
        ),
        ("v2/refundquery", "/pay/refundquery", number()),
        (
            "v2/closeorder",
            "/pay/closeorder",
            fields([("out_trade_no", "order_000002")]),
        ),
        (
            "v2/reverse",
            "/secapi/pay/reverse",
            fields([("out_trade_no", "order_000003")]),
        ),
        (
            "v2/authcodetoopenid",
            "/tools/authcodetoopenid",
            fields([("auth_code", &*who)]),
        ),
    ]
}

#[tokio::test]
async fn each_call_can_be_answered_with_a_wrong_signature_though_it_was_done() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    for (method, path, call) in services(&merchant).await {
        merchant
            .fault(json!({ "method": method, "fault": "bad_signature", "times": 1 }))
            .await;
        let body = write(&merchant.signed(&call));
        let (status, text) = merchant.send(path, &body).await.unwrap();
        let answer = read("xml", &text);
        assert_eq!(
            (status, &*answer["result_code"]),
            (200, "SUCCESS"),
            "{method} {text}"
        );
        assert!(!merchant.verifies(&answer), "{method}");
    }
    let (trades, refunds) = merchant.ledger().await;
    let states: Vec<_> = trades.iter().map(|trade| &trade["state"]).collect();
    assert_eq!(states, ["REFUND", "CLOSED", "REVOKED"]);
    assert_eq!(refunds.len(), 2);
}

#[tokio::test]
async fn before_a_lost_request_nothing_was_done_and_after_a_lost_answer_all_was() {
    let merchant = Merchant::start().await;
    for (fault, exists) in [
        ("timeout_before", false),
        ("http_500", false),
        ("system_error", false),
        ("refused_before", false),
        ("unsigned_before", false),
        ("timeout_after", true),
        ("garbage", true),
        ("refused_after", true),
        ("unsigned_after", true),
    ] {
        let number = format!("o_{fault}");
        merchant
            .fault(json!({ "method": "v2/*", "fault": fault, "times": 1, "delay_ms": 1 }))
            .await;
        let code = merchant.code("pay").await;
        let body = write(&merchant.signed(&merchant.scan(&number, &code)));
        let answer = merchant.send("/pay/micropay", &body).await;
        let told_success = answer
            .is_ok_and(|(_, text)| text.contains("<result_code><![CDATA[SUCCESS]]></result_code>"));
        assert!(!told_success, "{fault}");
        let (trades, _) = merchant.ledger().await;
        let paid = trades
            .iter()
            .any(|trade| trade["out_trade_no"] == number && trade["paid_at"].is_string());
        assert_eq!(paid, exists, "{fault}");
    }
}

#[tokio::test]
async fn every_error_code_can_be_had_and_others_cannot() {
    let merchant = Merchant::start().await;
    for code in [
        "SYSTEMERROR",
        "BANKERROR",
        "USERPAYING",
        "BIZERR_NEED_RETRY",
        "FREQUENCY_LIMITED",
        "INVALID_REQ_TOO_MUCH",
        "AUTHCODEEXPIRE",
        "AUTH_CODE_ERROR",
        "AUTH_CODE_INVALID",
        "NOTENOUGH",
        "NOTSUPORTCARD",
        "USER_ACCOUNT_ABNORMAL",
        "RULELIMIT",
        "TRADE_ERROR",
        "ORDERPAID",
        "ORDERCLOSED",
        "ORDERREVERSED",
        "OUT_TRADE_NO_USED",
        "INVALID_REQUEST",
        "ORDERNOTEXIST",
        "REFUNDNOTEXIST",
        "TRADE_STATE_ERROR",
        "TRADE_OVERDUE",
        "ERROR",
        "REVERSE_EXPIRE",
        "INVALID_TRANSACTIONID",
        "BUYER_MISMATCH",
        "NOAUTH",
        "APPID_NOT_EXIST",
        "MCHID_NOT_EXIST",
        "APPID_MCHID_NOT_MATCH",
        "PARAM_ERROR",
        "LACK_PARAMS",
        "NOT_UTF8",
        "XML_FORMAT_ERROR",
        "POST_DATA_EMPTY",
        "REQUIRE_POST_METHOD",
        "SIGNERROR",
    ] {
        merchant
            .fault(json!({ "method": "v2/orderquery", "fault": "refused_before", "times": 1, "err_code": code }))
            .await;
        let number = fields([("out_trade_no", "order_000001")]);
        assert_eq!(merchant.refused("/pay/orderquery", &number).await, code);
    }
    for fault in [
        json!({ "method": "v2/*", "fault": "refused_before", "err_code": "OUT_OF_TEA" }),
        json!({ "method": "v2/*", "fault": "delay", "err_code": "NOTENOUGH" }),
        json!({ "method": "wechat.close", "fault": "refused_before" }),
        json!({ "method": "v2/orderquery", "fault": "too_early" }),
        json!({ "method": "v2/orderquery", "fault": "zip_bomb" }),
        json!({ "method": "v2/pay", "fault": "delay" }),
    ] {
        let (status, body) = merchant.control("POST", "/faults", fault.clone()).await;
        assert_eq!(status, 422, "{fault} {body}");
    }
}

#[tokio::test]
async fn a_reversal_may_ask_to_be_called_again_with_either_result() {
    let merchant = Merchant::start().await;
    let code = merchant.code("ask_password").await;
    merchant
        .call("/pay/micropay", &merchant.scan("order_000001", &code))
        .await;
    for (fault, err_code) in [
        ("refused_before", "USERPAYING"),
        ("refused_after", "SYSTEMERROR"),
    ] {
        merchant
            .fault(
                json!({ "method": "v2/reverse", "fault": fault, "times": 1, "err_code": err_code }),
            )
            .await;
        let answer = merchant.reverse("order_000001").await;
        assert_eq!((&*answer["err_code"], &*answer["recall"]), (err_code, "Y"));
        let reversed = merchant.only_trade().await.0 == "REVOKED";
        assert_eq!(reversed, fault == "refused_after");
    }
    assert_eq!(merchant.reverse("order_000001").await["recall"], "N");
}

#[tokio::test]
async fn an_unsigned_refusal_is_a_return_code_and_a_sentence_alone() {
    let merchant = Merchant::start().await;
    merchant
        .fault(json!({ "method": "v2/orderquery", "fault": "unsigned_before", "times": 1 }))
        .await;
    let answer = merchant.query("order_000001").await;
    assert_eq!(answer.len(), 2, "{answer:?}");
    assert_eq!(
        (&*answer["return_code"], &*answer["return_msg"]),
        ("FAIL", "频率限制")
    );
}

#[tokio::test]
async fn an_answer_can_tell_a_wrong_amount_that_is_signed() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    merchant
        .fault(json!({ "method": "v2/orderquery", "fault": "wrong_amount", "times": 1 }))
        .await;
    assert_eq!(merchant.query("order_000001").await["total_fee"], "101");
    assert_eq!(merchant.query("order_000001").await["total_fee"], "100");
}

#[tokio::test]
async fn a_close_can_be_refused_as_too_early_on_demand() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    merchant
        .fault(json!({ "method": "v2/closeorder", "fault": "too_early", "times": 1 }))
        .await;
    assert_eq!(
        merchant.close("order_000001").await["err_code"],
        "SYSTEMERROR"
    );
    assert_eq!(merchant.only_trade().await.0, "NOTPAY");
    assert_eq!(
        merchant.close("order_000001").await["result_code"],
        "SUCCESS"
    );
}

#[tokio::test]
async fn a_call_that_is_not_proven_to_be_the_merchants_meets_no_fault() {
    let merchant = Merchant::start().await;
    merchant
        .fault(json!({ "method": "v2/*", "fault": "http_500", "times": 1 }))
        .await;
    let mut forged = merchant.signed(&fields([("out_trade_no", "order_000001")]));
    forged.insert("sign".to_owned(), "0".repeat(32));
    let (status, _) = merchant
        .send("/pay/orderquery", &write(&forged))
        .await
        .unwrap();
    assert_eq!(status, 200);
    let (_, faults) = merchant.control("GET", "/faults", json!({})).await;
    assert!(!faults.to_string().contains("\"fired\":1"), "{faults}");
}

//! Refunds: accepted first and settled later, under every rule of the channel.

use serde_json::json;

use crate::merchant::{MCHID, Merchant};

/// A merchant with one paid order of 100 fen.
async fn paid(out_trade_no: &str) -> Merchant {
    let merchant = Merchant::start().await;
    let code = merchant.native(out_trade_no).await;
    merchant.pay(&code, out_trade_no).await;
    merchant.notices.next().await;
    merchant
}

#[tokio::test]
async fn a_refund_is_processing_first_and_succeeds_a_little_later() {
    let merchant = paid("order_000001").await;
    let accepted = merchant.refund("order_000001", "refund_1", 30).await;
    assert_eq!(accepted.status, 200);
    assert_eq!(accepted.body["status"], "PROCESSING");
    assert_eq!(accepted.body["out_trade_no"], "order_000001");
    assert_eq!(accepted.body["amount"]["refund"], 30);
    assert_eq!(accepted.body["amount"]["total"], 100);
    assert_eq!(accepted.body["amount"]["currency"], "CNY");
    assert!(accepted.body.get("success_time").is_none());
    assert_eq!(merchant.refund_status("refund_1").await, "PROCESSING");

    merchant.advance(30).await;
    let (event, resource) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(event["event_type"], "REFUND.SUCCESS");
    assert_eq!(resource["refund_status"], "SUCCESS");
    assert_eq!(resource["refund_id"], accepted.body["refund_id"]);
    assert_eq!(merchant.refund_status("refund_1").await, "SUCCESS");
    let (_, refunds) = merchant.ledger().await;
    assert_eq!(refunds.len(), 1);
    assert_eq!(
        (&refunds[0]["channel"], &refunds[0]["account"]),
        (&json!("wechat"), &json!(MCHID))
    );
    assert_eq!(
        (&refunds[0]["amount"], &refunds[0]["state"]),
        (&json!(30), &json!("SUCCESS"))
    );
}

#[tokio::test]
async fn any_refund_turns_the_order_to_refund_and_it_stays_paid_in_the_ledger() {
    let merchant = paid("order_000001").await;
    merchant.refund("order_000001", "refund_1", 1).await;
    assert_eq!(merchant.state("order_000001").await, "REFUND");
    let (trades, _) = merchant.ledger().await;
    assert_eq!(trades[0]["state"], "REFUND");
    assert!(trades[0]["paid_at"].is_string());
    assert_eq!(
        merchant.close("order_000001").await.code(),
        (400, "ORDERPAID")
    );
}

#[tokio::test]
async fn the_same_number_and_parameters_are_the_same_refund_and_others_are_refused() {
    let merchant = paid("order_000001").await;
    let first = merchant.refund("order_000001", "refund_1", 30).await;
    let again = merchant.refund("order_000001", "refund_1", 30).await;
    assert_eq!(again.status, 200);
    assert_eq!(again.body["refund_id"], first.body["refund_id"]);
    let other = merchant.refund("order_000001", "refund_1", 31).await;
    assert_eq!(other.code(), (400, "INVALID_REQUEST"));
    let (_, refunds) = merchant.ledger().await;
    assert_eq!(refunds.len(), 1);
}

#[tokio::test]
async fn two_refunds_of_one_order_are_a_minute_apart_unless_the_rule_is_switched_off() {
    let merchant = paid("order_000001").await;
    assert_eq!(
        merchant.refund("order_000001", "refund_1", 10).await.status,
        200
    );
    let soon = merchant.refund("order_000001", "refund_2", 10).await;
    assert_eq!(soon.code(), (429, "FREQUENCY_LIMITED"));
    merchant.advance(60).await;
    assert_eq!(
        merchant.refund("order_000001", "refund_2", 10).await.status,
        200
    );

    let (status, body) = merchant.control("GET", "/wechat", json!({})).await;
    assert_eq!(
        (status, &body["refund_interval_seconds"]),
        (200, &json!(60))
    );
    let off = json!({ "refund_interval_seconds": 0 });
    assert_eq!(merchant.control("POST", "/wechat", off).await.0, 200);
    assert_eq!(
        merchant.refund("order_000001", "refund_3", 10).await.status,
        200
    );
}

#[tokio::test]
async fn the_sum_of_refunds_never_passes_what_was_paid() {
    let merchant = paid("order_000001").await;
    assert_eq!(
        merchant.refund("order_000001", "refund_1", 60).await.status,
        200
    );
    merchant.advance(60).await;
    let over = merchant.refund("order_000001", "refund_2", 41).await;
    assert_eq!(over.code(), (400, "INVALID_REQUEST"));
    assert_eq!(
        merchant.refund("order_000001", "refund_3", 40).await.status,
        200
    );
}

#[tokio::test]
async fn a_closed_refund_leaves_its_money_refundable() {
    let merchant = paid("order_000001").await;
    merchant.refund("order_000001", "refund_1", 100).await;
    let closed = merchant
        .control("POST", "/refunds/refund_1", json!({ "state": "CLOSED" }))
        .await;
    assert_eq!(closed.0, 200, "{}", closed.1);
    let (event, resource) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(event["event_type"], "REFUND.CLOSED");
    assert_eq!(resource["refund_status"], "CLOSED");
    assert_eq!(merchant.refund_status("refund_1").await, "CLOSED");
    merchant.advance(60).await;
    assert_eq!(
        merchant
            .refund("order_000001", "refund_2", 100)
            .await
            .status,
        200
    );
}

#[tokio::test]
async fn an_abnormal_refund_is_told_and_can_still_succeed() {
    let merchant = paid("order_000001").await;
    // Decided before the refund exists.
    let planned = merchant
        .control("POST", "/refunds/refund_1", json!({ "state": "ABNORMAL" }))
        .await;
    assert_eq!(planned.0, 202, "{}", planned.1);
    merchant.refund("order_000001", "refund_1", 100).await;
    merchant.advance(30).await;
    let (event, resource) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(event["event_type"], "REFUND.ABNORMAL");
    assert!(resource.get("success_time").is_none());
    assert_eq!(merchant.refund_status("refund_1").await, "ABNORMAL");

    let done = merchant
        .control("POST", "/refunds/refund_1", json!({ "state": "SUCCESS" }))
        .await;
    assert_eq!(done.0, 200, "{}", done.1);
    let (event, _) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(event["event_type"], "REFUND.SUCCESS");
    let undone = merchant
        .control("POST", "/refunds/refund_1", json!({ "state": "CLOSED" }))
        .await;
    assert_eq!(undone.0, 409);
    assert_eq!(merchant.refund_status("refund_1").await, "SUCCESS");
}

#[tokio::test]
async fn an_unpaid_closed_or_unknown_order_cannot_be_refunded() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    let unpaid = merchant.refund("order_000001", "refund_1", 1).await;
    assert_eq!(unpaid.code(), (400, "INVALID_REQUEST"));
    merchant.close("order_000001").await;
    let closed = merchant.refund("order_000001", "refund_1", 1).await;
    assert_eq!(closed.code(), (400, "INVALID_REQUEST"));
    let unknown = merchant.refund("order_000002", "refund_1", 1).await;
    assert_eq!(unknown.code(), (404, "RESOURCE_NOT_EXISTS"));
    let query = merchant
        .call("GET", "/v3/refund/domestic/refunds/refund_1", "")
        .await;
    assert_eq!(query.code(), (404, "RESOURCE_NOT_EXISTS"));
}

#[tokio::test]
async fn the_total_must_be_the_orders_and_unknown_fields_are_refused() {
    let merchant = paid("order_000001").await;
    let target = "/v3/refund/domestic/refunds";
    let mut total = merchant.refund_body("order_000001", "refund_1", 10);
    total["amount"]["total"] = json!(99);
    let answer = merchant.call("POST", target, &total.to_string()).await;
    assert_eq!(answer.code(), (400, "INVALID_REQUEST"));
    let mut unknown = merchant.refund_body("order_000001", "refund_1", 10);
    unknown["refund_desc"] = json!("v2");
    let answer = merchant.call("POST", target, &unknown.to_string()).await;
    assert_eq!(answer.code(), (400, "PARAM_ERROR"));
    assert_eq!(answer.body["message"], "参数中含有非法的额外参数");
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
}

#[tokio::test]
async fn a_refund_by_transaction_id_is_the_same_order() {
    let merchant = paid("order_000001").await;
    let id = merchant.query("order_000001").await.body["transaction_id"].clone();
    let mut body = merchant.refund_body("order_000001", "refund_1", 10);
    body["transaction_id"] = id.clone();
    body.as_object_mut().unwrap().remove("out_trade_no");
    let answer = merchant
        .call("POST", "/v3/refund/domestic/refunds", &body.to_string())
        .await;
    assert_eq!(
        (answer.status, &answer.body["out_trade_no"]),
        (200, &json!("order_000001"))
    );
    assert_eq!(answer.body["transaction_id"], id);
}

#[tokio::test]
async fn an_order_has_fifty_refunds_and_no_more() {
    let merchant = paid("order_000001").await;
    let off = json!({ "refund_interval_seconds": 0 });
    assert_eq!(merchant.control("POST", "/wechat", off).await.0, 200);
    for part in 1..=50 {
        let answer = merchant
            .refund("order_000001", &format!("refund_{part}"), 1)
            .await;
        assert_eq!(answer.status, 200, "{part}: {answer:?}");
    }
    let answer = merchant.refund("order_000001", "refund_51", 1).await;
    assert_eq!(answer.code(), (400, "INVALID_REQUEST"));
}

#[tokio::test]
async fn a_year_after_its_payment_an_order_cannot_be_refunded() {
    let merchant = paid("order_000001").await;
    merchant.advance(366 * 86_400).await;
    let answer = merchant.refund("order_000001", "refund_1", 1).await;
    assert_eq!(answer.code(), (400, "INVALID_REQUEST"));
}

#[tokio::test]
async fn a_refund_without_a_notify_url_is_settled_and_told_to_nobody() {
    let merchant = paid("order_000001").await;
    let mut body = merchant.refund_body("order_000001", "refund_1", 10);
    body.as_object_mut().unwrap().remove("notify_url");
    merchant
        .call("POST", "/v3/refund/domestic/refunds", &body.to_string())
        .await;
    merchant.advance(30).await;
    assert_eq!(merchant.refund_status("refund_1").await, "SUCCESS");
    // The next notice is of something else.
    let code = merchant.native("order_000002").await;
    merchant.pay(&code, "order_000002").await;
    let (event, _) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(event["event_type"], "TRANSACTION.SUCCESS");
}

#[tokio::test]
async fn a_refund_can_be_kept_processing_for_as_long_as_a_test_needs() {
    let merchant = paid("order_000001").await;
    let stay = json!({ "state": "PROCESSING" });
    assert_eq!(
        merchant.control("POST", "/refunds/refund_1", stay).await.0,
        202
    );
    merchant.refund("order_000001", "refund_1", 100).await;
    merchant.advance(3 * 86_400).await;
    assert_eq!(merchant.refund_status("refund_1").await, "PROCESSING");
    let done = merchant
        .control("POST", "/refunds/refund_1", json!({ "state": "SUCCESS" }))
        .await;
    assert_eq!(done.0, 200, "{}", done.1);
    assert_eq!(merchant.refund_status("refund_1").await, "SUCCESS");
}

//! Payments by code: each way that they can go, and their reversal.

use serde_json::json;

use crate::merchant::Merchant;
use crate::message::{Fields, fields};

const MICROPAY: &str = "/pay/micropay";

/// Scans a code whose payer behaves so.
async fn scan(merchant: &Merchant, out_trade_no: &str, behaviour: &str) -> Fields {
    let code = merchant.code(behaviour).await;
    merchant
        .call(MICROPAY, &merchant.scan(out_trade_no, &code))
        .await
}

/// The refunds in the books: their fen and states.
async fn given_back(merchant: &Merchant) -> Vec<(i64, String)> {
    let (_, refunds) = merchant.ledger().await;
    let of = |refund: &serde_json::Value| {
        let state = refund["state"].as_str().unwrap().to_owned();
        (refund["amount"].as_i64().unwrap(), state)
    };
    refunds.iter().map(of).collect()
}

#[tokio::test]
async fn a_code_is_paid_at_once_and_nobody_is_told_again() {
    let merchant = Merchant::start().await;
    let paid = scan(&merchant, "order_000001", "pay").await;
    assert_eq!(
        (&*paid["result_code"], &*paid["trade_type"]),
        ("SUCCESS", "MICROPAY")
    );
    assert_eq!((&*paid["total_fee"], &*paid["attach"]), ("100", "桌号7"));
    assert_eq!(merchant.only_trade().await, ("SUCCESS".to_owned(), true));
    let (_, log) = merchant.control("GET", "/notices", json!({})).await;
    assert_eq!(log["notices"], json!([]));
}

#[tokio::test]
async fn a_payer_who_is_asked_for_the_password_pays_later_or_fails() {
    let merchant = Merchant::start().await;
    let asked = scan(&merchant, "order_000001", "ask_password").await;
    assert_eq!(asked["err_code"], "USERPAYING");
    assert_eq!(asked["err_code_des"], "需要用户输入支付密码");
    assert_eq!(merchant.state("order_000001").await, "USERPAYING");
    merchant
        .controlled("/trades/order_000001/pay", json!({}))
        .await;
    assert_eq!(merchant.only_trade().await, ("SUCCESS".to_owned(), true));
    scan(&merchant, "order_000002", "ask_password").await;
    merchant
        .controlled("/trades/order_000002/cancel", json!({}))
        .await;
    let failed = merchant.query("order_000002").await;
    assert_eq!(failed["trade_state"], "PAYERROR");
    assert_eq!(failed["trade_state_desc"], "支付失败，请撤销订单");
    assert_eq!(merchant.reverse("order_000002").await["recall"], "N");
    assert_eq!(merchant.state("order_000002").await, "REVOKED");
}

#[tokio::test]
async fn a_refused_payment_is_final_and_took_no_money() {
    let merchant = Merchant::start().await;
    let refused = scan(&merchant, "order_000001", "refuse").await;
    assert_eq!(refused["err_code"], "NOTENOUGH");
    assert_eq!(merchant.only_trade().await, ("PAYERROR".to_owned(), false));
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert!((400..500).contains(&status));
}

#[tokio::test]
async fn a_silent_channel_may_still_take_the_money() {
    let merchant = Merchant::start().await;
    let silent = scan(&merchant, "order_000001", "silent").await;
    assert_eq!(silent["err_code"], "SYSTEMERROR");
    assert!(!merchant.only_trade().await.1);
    merchant
        .controlled("/trades/order_000001/pay", json!({}))
        .await;
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
}

#[tokio::test]
async fn a_code_that_cannot_be_used_makes_no_order() {
    let merchant = Merchant::start().await;
    let late = merchant.code("pay").await;
    merchant.advance(61).await;
    for (code, err_code) in [
        (late.as_str(), "AUTHCODEEXPIRE"),
        ("130000000000000000", "AUTH_CODE_INVALID"),
        ("290000000000000000", "AUTH_CODE_INVALID"),
        ("13000000000000000", "AUTH_CODE_ERROR"),
        ("13000000000000000x", "AUTH_CODE_ERROR"),
        ("", "LACK_PARAMS"),
    ] {
        let scan = merchant.scan("order_000001", code);
        assert_eq!(merchant.refused(MICROPAY, &scan).await, err_code, "{code}");
    }
    assert!(merchant.ledger().await.0.is_empty());
    let used = merchant.code("pay").await;
    merchant
        .done(MICROPAY, &merchant.scan("order_000001", &used))
        .await;
    let again = merchant.scan("order_000002", &used);
    assert_eq!(
        merchant.refused(MICROPAY, &again).await,
        "AUTH_CODE_INVALID"
    );
    assert_eq!(
        merchant.query("order_000002").await["err_code"],
        "ORDERNOTEXIST"
    );
}

#[tokio::test]
async fn a_repeated_number_is_told_what_it_is() {
    let merchant = Merchant::start().await;
    let code = merchant.code("ask_password").await;
    let order = merchant.scan("order_000001", &code);
    merchant.call(MICROPAY, &order).await;
    assert_eq!(merchant.refused(MICROPAY, &order).await, "USERPAYING");
    let other = merchant.code("pay").await;
    let other = merchant.scan("order_000001", &other);
    assert_eq!(merchant.refused(MICROPAY, &other).await, "INVALID_REQUEST");
    merchant
        .controlled("/trades/order_000001/pay", json!({}))
        .await;
    assert_eq!(merchant.refused(MICROPAY, &order).await, "ORDERPAID");
    scan(&merchant, "order_000002", "ask_password").await;
    merchant.reverse("order_000002").await;
    let code = merchant.code("pay").await;
    let reversed = merchant.scan("order_000002", &code);
    assert_eq!(merchant.refused(MICROPAY, &reversed).await, "ORDERREVERSED");
}

#[tokio::test]
async fn a_reversed_waiting_payment_can_no_longer_be_paid() {
    let merchant = Merchant::start().await;
    scan(&merchant, "order_000001", "ask_password").await;
    for _ in 0..2 {
        let reversed = merchant.reverse("order_000001").await;
        assert_eq!(
            (&*reversed["result_code"], &*reversed["recall"]),
            ("SUCCESS", "N")
        );
    }
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert!((400..500).contains(&status));
    assert_eq!(merchant.only_trade().await, ("REVOKED".to_owned(), false));
    assert!(given_back(&merchant).await.is_empty());
}

#[tokio::test]
async fn a_reversed_paid_payment_goes_back_once_and_in_the_books() {
    let merchant = Merchant::start().await;
    let paid = scan(&merchant, "order_000001", "pay").await;
    for _ in 0..2 {
        let by_id = fields([("transaction_id", &*paid["transaction_id"])]);
        merchant.done("/secapi/pay/reverse", &by_id).await;
    }
    assert_eq!(merchant.state("order_000001").await, "REVOKED");
    assert_eq!(merchant.only_trade().await, ("REVOKED".to_owned(), true));
    assert_eq!(given_back(&merchant).await, [(100, "SUCCESS".to_owned())]);
    // It is the ledger's, and no refund of the merchant's.
    let (_, refunds) = merchant.ledger().await;
    let number = refunds[0]["out_refund_no"].as_str().unwrap();
    for (name, number) in [("out_refund_no", number), ("out_trade_no", "order_000001")] {
        let asked = merchant.refund_query(name, number).await;
        assert_eq!(asked["err_code"], "REFUNDNOTEXIST", "{name}");
    }
}

#[tokio::test]
async fn only_payments_by_code_can_be_reversed_and_only_for_seven_days() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    let refused = merchant.reverse("order_000001").await;
    assert_eq!(
        (&*refused["err_code"], &*refused["recall"]),
        ("TRADE_ERROR", "N")
    );
    assert_eq!(
        merchant.reverse("order_000009").await["err_code"],
        "ORDERNOTEXIST"
    );
    scan(&merchant, "order_000002", "pay").await;
    merchant.advance(7 * 86_400 + 1).await;
    assert_eq!(
        merchant.reverse("order_000002").await["err_code"],
        "REVERSE_EXPIRE"
    );
    assert!(given_back(&merchant).await.is_empty());
}

#[tokio::test]
async fn a_payment_by_code_is_never_closed() {
    let merchant = Merchant::start().await;
    scan(&merchant, "order_000001", "ask_password").await;
    let refused = merchant.close("order_000001").await;
    assert_eq!(refused["err_code"], "TRADE_STATE_ERROR");
    assert_eq!(
        refused["err_code_des"],
        "当前交易不允许进行普通关单(只能撤销)"
    );
    assert_eq!(merchant.state("order_000001").await, "USERPAYING");
}

#[tokio::test]
async fn money_may_arrive_after_a_reversal_when_the_channel_contradicts_itself() {
    let merchant = Merchant::start().await;
    scan(&merchant, "order_000001", "silent").await;
    merchant.reverse("order_000001").await;
    merchant
        .controlled("/trades/order_000001/force_pay", json!({}))
        .await;
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
}

#[tokio::test]
async fn a_code_tells_who_shows_it_and_stays_good() {
    let merchant = Merchant::start().await;
    let code = merchant.code("pay").await;
    let who = merchant
        .done("/tools/authcodetoopenid", &fields([("auth_code", &*code)]))
        .await;
    let paid = merchant
        .done(MICROPAY, &merchant.scan("order_000001", &code))
        .await;
    assert_eq!(who["openid"], paid["openid"]);
    let again = fields([("auth_code", &*code)]);
    let again = merchant.refused("/tools/authcodetoopenid", &again).await;
    assert_eq!(again, "AUTH_CODE_INVALID");
}

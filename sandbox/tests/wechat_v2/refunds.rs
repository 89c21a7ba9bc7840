//! Refunds: accepted, settled, queried, and every rule about them.

use serde_json::json;

use crate::acts::wait_until;
use crate::merchant::Merchant;
use crate::message::fields;

const REFUND: &str = "/secapi/pay/refund";

#[tokio::test]
async fn a_refund_is_accepted_first_and_settles_later() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    let accepted = merchant
        .done(REFUND, &merchant.refund("order_000001", "R_1-|*@", 30))
        .await;
    assert_eq!(
        (&*accepted["refund_fee"], &*accepted["total_fee"]),
        ("30", "100")
    );
    assert_eq!(merchant.state("order_000001").await, "REFUND");
    let found = merchant.refund_query("out_refund_no", "R_1-|*@").await;
    assert_eq!(found["refund_status_0"], "PROCESSING");
    assert!(!found.contains_key("refund_success_time_0"));
    merchant.advance(11).await;
    wait_until(|| async { merchant.ledger().await.1[0]["state"] == "SUCCESS" }).await;
    for (name, number) in [
        ("refund_id", accepted["refund_id"].as_str()),
        ("out_refund_no", "R_1-|*@"),
        ("transaction_id", &accepted["transaction_id"]),
        ("out_trade_no", "order_000001"),
    ] {
        let found = merchant.refund_query(name, number).await;
        assert_eq!(found["refund_count"], "1", "{name}");
        assert_eq!(found["refund_status_0"], "SUCCESS");
        assert_eq!(found["refund_fee_0"], "30");
        assert_eq!(found["refund_recv_accout_0"], "支付用户零钱");
        assert_eq!(found["refund_success_time_0"].len(), 19);
    }
}

#[tokio::test]
async fn the_same_request_is_the_same_refund_and_other_parameters_are_refused() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    let refund = merchant.refund("order_000001", "R1", 30);
    let first = merchant.done(REFUND, &refund).await;
    assert_eq!(
        merchant.done(REFUND, &refund).await["refund_id"],
        first["refund_id"]
    );
    let other = merchant.refund("order_000001", "R1", 31);
    assert_eq!(merchant.refused(REFUND, &other).await, "ERROR");
    assert_eq!(merchant.ledger().await.1.len(), 1);
}

#[tokio::test]
async fn refunds_keep_to_the_rules() {
    let merchant = Merchant::start().await;
    merchant.native("order_unpaid").await;
    merchant.paid("order_000001").await;
    let refund = |number: &str, refund_no: &str, fen| merchant.refund(number, refund_no, fen);
    for (wanted, code) in [
        (refund("order_unpaid", "R1", 1), "ERROR"),
        (refund("order_000009", "R1", 1), "ORDERNOTEXIST"),
        (refund("order_000001", "R1", 101), "ERROR"),
        (refund("order_000001", "R1", 0), "PARAM_ERROR"),
        (refund("order_000001", "R 1", 1), "PARAM_ERROR"),
        (refund("order_000001", "", 1), "LACK_PARAMS"),
    ] {
        assert_eq!(merchant.refused(REFUND, &wanted).await, code, "{wanted:?}");
    }
    let mut other_total = refund("order_000001", "R1", 1);
    other_total.insert("total_fee".to_owned(), "99".to_owned());
    assert_eq!(merchant.refused(REFUND, &other_total).await, "ERROR");
    merchant
        .done(REFUND, &refund("order_000001", "R1", 60))
        .await;
    let soon = refund("order_000001", "R2", 10);
    assert_eq!(merchant.refused(REFUND, &soon).await, "FREQUENCY_LIMITED");
    merchant.advance(61).await;
    let much = refund("order_000001", "R2", 41);
    assert_eq!(merchant.refused(REFUND, &much).await, "ERROR");
    merchant
        .done(REFUND, &refund("order_000001", "R2", 40))
        .await;
    merchant.advance(366 * 86_400).await;
    let late = refund("order_000001", "R3", 1);
    assert_eq!(merchant.refused(REFUND, &late).await, "TRADE_OVERDUE");
    assert_eq!(merchant.ledger().await.1.len(), 2);
}

#[tokio::test]
async fn a_refund_that_is_not_there_is_not_found() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    for (name, number) in [
        ("out_refund_no", "R1"),
        ("refund_id", "5"),
        ("out_trade_no", "order_000001"),
        ("out_trade_no", "order_000009"),
    ] {
        assert_eq!(
            merchant.refund_query(name, number).await["err_code"],
            "REFUNDNOTEXIST"
        );
    }
}

#[tokio::test]
async fn many_refunds_come_in_pages_of_twenty() {
    let merchant = Merchant::start().await;
    merchant
        .controlled("/wechat", json!({ "refund_interval_seconds": 0 }))
        .await;
    merchant.paid("order_000001").await;
    for number in 0..23 {
        let refund = merchant.refund("order_000001", &format!("R{number}"), 1);
        merchant.done(REFUND, &refund).await;
    }
    let page = merchant.refund_query("out_trade_no", "order_000001").await;
    assert_eq!(
        (&*page["refund_count"], &*page["total_refund_count"]),
        ("20", "23")
    );
    assert_eq!(page["refund_fee"], "23");
    let rest = fields([("out_trade_no", "order_000001"), ("offset", "20")]);
    let rest = merchant.done("/pay/refundquery", &rest).await;
    assert_eq!(
        (&*rest["refund_count"], &*rest["out_refund_no_2"]),
        ("3", "R22")
    );
}

#[tokio::test]
async fn a_refund_can_end_otherwise_in_v2s_own_words() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    merchant
        .done(REFUND, &merchant.refund("order_000001", "R1", 30))
        .await;
    for (state, word) in [("ABNORMAL", "CHANGE"), ("CLOSED", "REFUNDCLOSE")] {
        merchant
            .controlled("/refunds/R1", json!({ "state": state }))
            .await;
        let found = merchant.refund_query("out_refund_no", "R1").await;
        assert_eq!(found["refund_status_0"], word);
    }
}

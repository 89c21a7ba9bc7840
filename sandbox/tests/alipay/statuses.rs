//! Notices of what happens without money: one switch for each status.

use serde_json::{Value, json};

use crate::merchant::{Merchant, act, joined, order};

const CREATE: &str = "alipay.trade.create";

async fn tell(merchant: &Merchant, switches: Value) {
    let (status, rules) = merchant
        .control("POST", "alipay", json!({ "notices": switches }))
        .await;
    assert_eq!(status, 200, "{rules}");
}

/// A trade that waits, made by `alipay.trade.create`, which expires after ten minutes.
async fn waiting(merchant: &Merchant, number: &str) {
    let mut biz = order(number);
    biz["buyer_id"] = json!("2088000000000009");
    biz["timeout_express"] = json!("10m");
    assert_eq!(merchant.call(CREATE, biz).await["code"], "10000");
}

#[tokio::test]
async fn by_default_only_payments_and_refunds_are_told() {
    let merchant = Merchant::start().await;
    let (_, rules) = merchant.control("GET", "alipay", Value::Null).await;
    assert_eq!(
        rules["notices"],
        json!({
            "wait_buyer_pay": false, "trade_success": true, "trade_closed": false,
            "trade_finished": false, "refund": true,
        })
    );
    waiting(&merchant, "S1").await;
    merchant.close("S1").await;
    merchant.paid("S2").await;
    let told = merchant.notices.wait(1).await;
    assert_eq!(told[0].params["out_trade_no"], "S2");
}

#[tokio::test]
async fn every_status_of_a_trade_is_told_where_its_switch_is_on() {
    let merchant = Merchant::start().await;
    tell(
        &merchant,
        json!({ "wait_buyer_pay": true, "trade_closed": true, "trade_finished": true }),
    )
    .await;
    waiting(&merchant, "S1").await;
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert_eq!(told["trade_status"], "WAIT_BUYER_PAY");
    assert!(!told.contains_key("gmt_payment") && !told.contains_key("gmt_close"));
    assert!(merchant.is_alipays(&joined(&told, &["sign", "sign_type"]), &told["sign"]));
    merchant
        .control("POST", &act("S1", "pay"), Value::Null)
        .await;
    assert_eq!(
        merchant.notices.wait(2).await[1].params["trade_status"],
        "TRADE_SUCCESS"
    );
    merchant.advance(366 * 24 * 3600).await;
    let told = merchant.notices.wait(3).await.remove(2).params;
    assert_eq!(told["trade_status"], "TRADE_FINISHED");
    assert!(told.contains_key("gmt_payment"));
    let refund = json!({ "out_trade_no": "S1", "refund_amount": "1.00", "out_request_no": "R1" });
    assert_eq!(
        merchant.call("alipay.trade.refund", refund).await["sub_code"],
        "ACQ.TRADE_HAS_FINISHED"
    );
}

#[tokio::test]
async fn a_close_and_an_expiry_that_nobody_asked_about_are_told() {
    let merchant = Merchant::start().await;
    tell(&merchant, json!({ "trade_closed": true })).await;
    waiting(&merchant, "S1").await;
    merchant.close("S1").await;
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert_eq!(
        (told["trade_status"].as_str(), told["refund_fee"].as_str()),
        ("TRADE_CLOSED", "0.00")
    );
    assert!(told.contains_key("gmt_close"));
    waiting(&merchant, "S2").await;
    merchant.advance(600).await;
    let told = merchant.notices.wait(2).await.remove(1).params;
    assert_eq!(
        (told["out_trade_no"].as_str(), told["trade_status"].as_str()),
        ("S2", "TRADE_CLOSED")
    );
    let trade = merchant.in_ledger("S2").await.unwrap();
    assert_eq!(
        (trade["state"].as_str(), &trade["closed_at"]),
        (Some("TRADE_CLOSED"), &trade["expires_at"])
    );
}

#[tokio::test]
async fn time_alone_closes_a_trade_and_tells_it() {
    let settings = sandbox::Settings {
        time_factor: 1200,
        ..sandbox::Settings::default()
    };
    let merchant = Merchant::with(settings).await;
    tell(&merchant, json!({ "trade_closed": true })).await;
    waiting(&merchant, "S1").await;
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert_eq!(told["trade_status"], "TRADE_CLOSED");
}

#[tokio::test]
async fn payments_and_refunds_can_be_kept_quiet_too() {
    let merchant = Merchant::start().await;
    tell(
        &merchant,
        json!({ "trade_success": false, "refund": false }),
    )
    .await;
    merchant.paid("S1").await;
    let refund = json!({ "out_trade_no": "S1", "refund_amount": "1.00", "out_request_no": "R1" });
    merchant.call("alipay.trade.refund", refund).await;
    tell(&merchant, json!({ "trade_success": true })).await;
    merchant.paid("S2").await;
    let told = merchant.notices.wait(1).await;
    assert_eq!(told[0].params["out_trade_no"], "S2");
    let (status, _) = merchant
        .control("POST", "alipay", json!({ "notices": { "all": true } }))
        .await;
    assert_eq!(status, 422);
}

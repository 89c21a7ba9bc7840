//! Refunds: cumulative sums, one number one refund, refusals.

use serde_json::{Value, json};

use crate::merchant::Merchant;

async fn refund(merchant: &Merchant, number: &str, amount: &str) -> Value {
    let biz = json!({
        "out_trade_no": "A1", "refund_amount": amount, "out_request_no": number,
        "refund_reason": "客户要求",
    });
    merchant.call("alipay.trade.refund", biz).await
}

async fn ask(merchant: &Merchant, number: &str) -> Value {
    let biz = json!({
        "out_trade_no": "A1", "out_request_no": number, "query_options": ["gmt_refund_pay"],
    });
    merchant
        .call("alipay.trade.fastpay.refund.query", biz)
        .await
}

fn fee(node: &Value) -> (&str, &str) {
    (
        node["fund_change"].as_str().unwrap(),
        node["refund_fee"].as_str().unwrap(),
    )
}

#[tokio::test]
async fn refund_fee_is_the_sum_and_fund_change_tells_whether_this_call_moved_money() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    assert_eq!(fee(&refund(&merchant, "R1", "30.00").await), ("Y", "30.00"));
    assert_eq!(fee(&refund(&merchant, "R1", "30").await), ("N", "30.00"));
    assert_eq!(fee(&refund(&merchant, "R2", "8.88").await), ("Y", "38.88"));
    assert_eq!(merchant.query("A1").await["trade_status"], "TRADE_SUCCESS");
    assert_eq!(fee(&refund(&merchant, "R3", "50.00").await), ("Y", "88.88"));
    assert_eq!(merchant.query("A1").await["trade_status"], "TRADE_CLOSED");
    assert_eq!(fee(&refund(&merchant, "R3", "50.00").await), ("N", "88.88"));
    let (_, ledger) = merchant.control("GET", "ledger", Value::Null).await;
    let trade = &ledger["trades"][0];
    assert!(trade["paid_at"].is_string() && trade["closed_at"].is_string());
    let amounts: Vec<_> = ledger["refunds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refund| {
            (
                refund["out_refund_no"].as_str().unwrap(),
                refund["amount"].as_i64().unwrap(),
            )
        })
        .collect();
    assert_eq!(amounts, [("R1", 3000), ("R2", 888), ("R3", 5000)]);
    assert_eq!(ledger["refunds"][0]["state"], "REFUND_SUCCESS");
}

#[tokio::test]
async fn the_refund_query_tells_of_one_refund_and_says_nothing_about_an_unknown_number() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    refund(&merchant, "R1", "30.00").await;
    refund(&merchant, "R2", "8.88").await;
    let node = ask(&merchant, "R2").await;
    assert_eq!(node["refund_status"], "REFUND_SUCCESS");
    assert_eq!(
        (
            node["refund_amount"].as_str(),
            node["total_amount"].as_str()
        ),
        (Some("8.88"), Some("88.88"))
    );
    assert!(node["gmt_refund_pay"].is_string());
    let unknown = ask(&merchant, "R404").await;
    assert_eq!(unknown["code"], "10000");
    assert!(unknown.get("refund_status").is_none() && unknown.get("refund_amount").is_none());
}

#[tokio::test]
async fn every_refund_that_cannot_be_has_its_own_code() {
    let merchant = Merchant::start().await;
    assert_eq!(
        refund(&merchant, "R0", "1.00").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    assert_eq!(
        ask(&merchant, "R0").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    merchant.scanned("A1").await;
    assert_eq!(
        refund(&merchant, "R0", "1.00").await["sub_code"],
        "ACQ.TRADE_STATUS_ERROR"
    );
    merchant.control("POST", "trades/A1/pay", Value::Null).await;
    let over = refund(&merchant, "R0", "88.89").await;
    assert_eq!(over["sub_code"], "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    refund(&merchant, "R1", "30.00").await;
    assert_eq!(
        refund(&merchant, "R1", "31.00").await["sub_code"],
        "ACQ.DISCORDANT_REPEAT_REQUEST"
    );
    let part = json!({ "out_trade_no": "A1", "refund_amount": "1.00" });
    let part = merchant.call("alipay.trade.refund", part).await;
    assert_eq!(part["sub_code"], "ACQ.REFUND_AMT_NOT_EQUAL_TOTAL");
    assert_eq!(
        (part["refund_fee"].as_str(), part["send_back_fee"].as_str()),
        (Some("0.00"), Some("0.00"))
    );
    refund(&merchant, "R2", "58.88").await;
    assert_eq!(
        refund(&merchant, "R3", "0.01").await["sub_code"],
        "ACQ.TRADE_HAS_CLOSE"
    );
}

#[tokio::test]
async fn a_whole_refund_needs_no_number_and_is_found_by_the_trades_own() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    let biz = json!({ "out_trade_no": "A1", "refund_amount": "88.88" });
    assert_eq!(
        fee(&merchant.call("alipay.trade.refund", biz).await),
        ("Y", "88.88")
    );
    assert_eq!(ask(&merchant, "A1").await["refund_amount"], "88.88");
}

#[tokio::test]
async fn many_refunds_at_once_never_give_back_more_than_was_paid() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    let calls = (0..12).map(|n| {
        let merchant = &merchant;
        async move { refund(merchant, &format!("R{n}"), "20.00").await }
    });
    let answers = futures_util::future::join_all(calls).await;
    let done = answers
        .iter()
        .filter(|node| node["code"] == "10000")
        .count();
    assert_eq!(done, 4);
    let (_, ledger) = merchant.control("GET", "ledger", Value::Null).await;
    let sum: i64 = ledger["refunds"]
        .as_array()
        .unwrap()
        .iter()
        .map(|refund| refund["amount"].as_i64().unwrap())
        .sum();
    assert_eq!(sum, 8000);
}

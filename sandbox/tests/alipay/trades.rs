//! When a trade exists, what it answers, how it ends.

use serde_json::{Value, json};

use crate::merchant::{APP_ID, Merchant, act, order};

#[tokio::test]
async fn before_the_scan_there_is_no_trade_and_the_code_outlives_a_close() {
    let merchant = Merchant::start().await;
    let code = merchant.precreate("A1").await;
    let node = merchant.query("A1").await;
    assert_eq!(
        (node["code"].as_str(), node["sub_code"].as_str()),
        (Some("40004"), Some("ACQ.TRADE_NOT_EXIST"))
    );
    assert_eq!(
        (
            node["out_trade_no"].as_str(),
            node["receipt_amount"].as_str()
        ),
        (Some("A1"), Some("0.00"))
    );
    assert_eq!(
        merchant.close("A1").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    assert_eq!(merchant.in_ledger("A1").await, None);

    let (status, opened) = merchant.open(json!(code)).await;
    assert_eq!(status, 200);
    assert_eq!(
        opened,
        json!({ "channel": "alipay", "account": APP_ID, "out_trade_no": "A1" })
    );
    assert_eq!(merchant.query("A1").await["trade_status"], "WAIT_BUYER_PAY");
    let (status, _) = merchant
        .control("POST", &act("A1", "pay"), Value::Null)
        .await;
    assert_eq!(status, 200);
    let node = merchant.query("A1").await;
    assert_eq!(node["trade_status"], "TRADE_SUCCESS");
    assert_eq!(
        (
            node["total_amount"].as_str(),
            node["buyer_pay_amount"].as_str()
        ),
        (Some("88.88"), Some("88.88"))
    );
    assert_eq!(node["fund_bill_list"][0]["fund_channel"], "ALIPAYACCOUNT");
    let trade = merchant.in_ledger("A1").await.unwrap();
    assert_eq!(
        (trade["amount"].as_i64(), trade["state"].as_str()),
        (Some(8888), Some("TRADE_SUCCESS"))
    );
    assert!(trade["paid_at"].is_string() && trade["closed_at"].is_null());
    let trade_no = trade["trade_no"].as_str().unwrap();
    assert!(
        trade_no.len() == 28 && trade_no.bytes().all(|b| b.is_ascii_digit()),
        "{trade_no}"
    );
    let by_trade_no = merchant
        .call("alipay.trade.query", json!({ "trade_no": trade_no }))
        .await;
    assert_eq!(by_trade_no["out_trade_no"], "A1");
}

#[tokio::test]
async fn a_close_ends_an_unpaid_trade_once_and_no_payment_follows() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    let node = merchant.close("A1").await;
    assert_eq!(
        (node["code"].as_str(), node["out_trade_no"].as_str()),
        (Some("10000"), Some("A1"))
    );
    assert_eq!(merchant.query("A1").await["trade_status"], "TRADE_CLOSED");
    assert_eq!(
        merchant.close("A1").await["sub_code"],
        "ACQ.TRADE_STATUS_ERROR"
    );
    let (status, refusal) = merchant
        .control("POST", &act("A1", "pay"), Value::Null)
        .await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (409, Some("trade_closed"))
    );
    let again = merchant.call("alipay.trade.precreate", order("A1")).await;
    assert_eq!(again["sub_code"], "ACQ.TRADE_HAS_CLOSE");
}

#[tokio::test]
async fn a_paid_trade_is_neither_closed_nor_ordered_nor_paid_again() {
    let merchant = Merchant::start().await;
    let code = merchant.precreate("A1").await;
    merchant.paid("A1").await;
    assert_eq!(
        merchant.close("A1").await["sub_code"],
        "ACQ.TRADE_STATUS_ERROR"
    );
    let again = merchant.call("alipay.trade.precreate", order("A1")).await;
    assert_eq!(again["sub_code"], "ACQ.TRADE_HAS_SUCCESS");
    let (status, refusal) = merchant.open(json!(code)).await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (409, Some("artefact_over"))
    );
    let (status, refusal) = merchant
        .control("POST", &act("A1", "pay"), Value::Null)
        .await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (409, Some("trade_paid"))
    );
}

#[tokio::test]
async fn a_close_and_a_payment_at_once_have_exactly_one_winner() {
    let merchant = Merchant::start().await;
    for round in 0..10 {
        let number = format!("A{round}");
        merchant.scanned(&number).await;
        let path = act(&number, "pay");
        let (closed, (paid, _)) = tokio::join!(
            merchant.close(&number),
            merchant.control("POST", &path, Value::Null)
        );
        assert_ne!(closed["code"] == "10000", paid == 200, "{closed} {paid}");
        let trade = merchant.in_ledger(&number).await.unwrap();
        assert_eq!(trade["paid_at"].is_string(), paid == 200);
        assert_eq!(trade["closed_at"].is_string(), paid != 200);
    }
}

#[tokio::test]
async fn money_can_be_forced_onto_a_closed_trade_and_both_times_stay() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    merchant.close("A1").await;
    let (status, _) = merchant
        .control("POST", &act("A1", "force_pay"), Value::Null)
        .await;
    assert_eq!(status, 200);
    let trade = merchant.in_ledger("A1").await.unwrap();
    assert!(trade["paid_at"].is_string() && trade["closed_at"].is_string());
    assert_eq!(merchant.query("A1").await["trade_status"], "TRADE_SUCCESS");
    assert_eq!(
        merchant.notices.wait(1).await[0].params["trade_status"],
        "TRADE_SUCCESS"
    );
}

#[tokio::test]
async fn the_same_number_with_other_content_is_inconsistent_and_with_the_same_gives_the_code_again()
{
    let merchant = Merchant::start().await;
    let code = merchant.precreate("A1").await;
    assert_eq!(merchant.precreate("A1").await, code);
    let mut other = order("A1");
    other["total_amount"] = json!("88.89");
    for _ in 0..2 {
        let node = merchant.call("alipay.trade.precreate", other.clone()).await;
        assert_eq!(node["sub_code"], "ACQ.CONTEXT_INCONSISTENT");
        merchant.open(json!(code)).await;
    }
}

#[tokio::test]
async fn a_code_lives_two_hours_at_most_and_never_longer_than_the_order() {
    let merchant = Merchant::start().await;
    let mut long = order("A1");
    long["timeout_express"] = json!("5h");
    let long = merchant.call("alipay.trade.precreate", long).await;
    let mut short = order("A2");
    short["time_expire"] = json!(merchant.in_seconds(900));
    let short = merchant.call("alipay.trade.precreate", short).await;
    merchant.advance(901).await;
    let (status, refusal) = merchant.open(short["qr_code"].clone()).await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (409, Some("artefact_over"))
    );
    assert_eq!(
        merchant.query("A2").await["sub_code"],
        "ACQ.TRADE_NOT_EXIST"
    );
    merchant.advance(2 * 3600 - 901 - 60).await;
    assert_eq!(merchant.open(long["qr_code"].clone()).await.0, 200);
    merchant.advance(120).await;
    assert_eq!(merchant.open(long["qr_code"].clone()).await.0, 409);
    assert_eq!(merchant.query("A1").await["trade_status"], "WAIT_BUYER_PAY");
}

#[tokio::test]
async fn a_trade_that_nobody_pays_is_closed_at_its_expiry() {
    let merchant = Merchant::start().await;
    let mut biz = order("A1");
    biz["time_expire"] = json!(merchant.in_seconds(900));
    let node = merchant.call("alipay.trade.precreate", biz).await;
    merchant.open(node["qr_code"].clone()).await;
    // The simulated clock goes on by itself meanwhile, on a busy machine for seconds.
    merchant.advance(800).await;
    assert_eq!(merchant.query("A1").await["trade_status"], "WAIT_BUYER_PAY");
    merchant.advance(101).await;
    assert_eq!(merchant.query("A1").await["trade_status"], "TRADE_CLOSED");
    let trade = merchant.in_ledger("A1").await.unwrap();
    assert_eq!(trade["closed_at"], trade["expires_at"]);
    assert_eq!(
        merchant
            .control("POST", &act("A1", "pay"), Value::Null)
            .await
            .0,
        409
    );
}

#[tokio::test]
async fn an_expiry_in_the_past_is_refused_at_once() {
    let merchant = Merchant::start().await;
    let mut biz = order("A1");
    biz["time_expire"] = json!(merchant.in_seconds(-1));
    let node = merchant.call("alipay.trade.precreate", biz).await;
    assert_eq!(node["sub_code"], "ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR");
}

#[tokio::test]
async fn a_payer_who_cancels_leaves_the_trade_payable() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    let (status, left) = merchant
        .control("POST", &act("A1", "cancel"), Value::Null)
        .await;
    assert_eq!(
        (status, left["trade"]["state"].as_str()),
        (200, Some("WAIT_BUYER_PAY"))
    );
    assert_eq!(
        merchant
            .control("POST", &act("A1", "pay"), Value::Null)
            .await
            .0,
        200
    );
}

#[tokio::test]
async fn a_year_after_payment_a_trade_is_finished() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    merchant.advance(365 * 86_400 + 60).await;
    assert_eq!(merchant.query("A1").await["trade_status"], "TRADE_FINISHED");
    let biz = json!({ "out_trade_no": "A1", "refund_amount": "88.88" });
    let node = merchant.call("alipay.trade.refund", biz).await;
    assert_eq!(node["sub_code"], "ACQ.TRADE_HAS_FINISHED");
}

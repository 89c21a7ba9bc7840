//! The merchant scans the payer: `alipay.trade.pay`, and `cancel` for what stays unknown.

use serde_json::{Value, json};

use crate::merchant::{Merchant, act, order};

const PAY: &str = "alipay.trade.pay";

/// A code that a wallet shows now.
async fn code(merchant: &Merchant, behaviour: &str) -> String {
    let shown = json!({ "channel": "alipay", "behaviour": behaviour });
    let (status, answer) = merchant.control("POST", "payer/barcode", shown).await;
    assert_eq!(status, 200, "{answer}");
    answer["auth_code"].as_str().unwrap().to_owned()
}

fn scan(number: &str, auth_code: &str) -> Value {
    let mut biz = order(number);
    biz["scene"] = json!("bar_code");
    biz["auth_code"] = json!(auth_code);
    biz
}

async fn pay(merchant: &Merchant, number: &str, behaviour: &str) -> Value {
    let code = code(merchant, behaviour).await;
    merchant.call(PAY, scan(number, &code)).await
}

async fn cancel(merchant: &Merchant, number: &str) -> Value {
    merchant
        .call("alipay.trade.cancel", json!({ "out_trade_no": number }))
        .await
}

#[tokio::test]
async fn a_payer_who_agreed_has_paid_when_the_call_returns() {
    let merchant = Merchant::start().await;
    let node = pay(&merchant, "B1", "pay").await;
    assert_eq!(
        (node["code"].as_str(), node["msg"].as_str()),
        (Some("10000"), Some("Success"))
    );
    assert_eq!(node["total_amount"], "88.88");
    assert_eq!(node["receipt_amount"], "88.88");
    assert_eq!(node["fund_bill_list"][0]["amount"], "88.88");
    assert!(node["gmt_payment"].as_str().unwrap().len() == 19);
    let trade = merchant.in_ledger("B1").await.unwrap();
    assert_eq!(
        (trade["state"].as_str(), &trade["trade_no"]),
        (Some("TRADE_SUCCESS"), &node["trade_no"])
    );
    assert!(trade["paid_at"].is_string());
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert_eq!(told["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test]
async fn a_payment_that_asks_for_the_password_waits_for_the_payer() {
    let merchant = Merchant::start().await;
    let node = pay(&merchant, "B1", "ask_password").await;
    assert_eq!(node["code"], "10003");
    assert_eq!(node["msg"], " order success pay inprocess");
    assert_eq!(
        (
            node["total_amount"].as_str(),
            node["receipt_amount"].as_str()
        ),
        (Some("88.88"), Some("0.00"))
    );
    assert!(node["trade_no"].is_string());
    assert_eq!(merchant.query("B1").await["trade_status"], "WAIT_BUYER_PAY");
    let (status, _) = merchant
        .control("POST", &act("B1", "pay"), Value::Null)
        .await;
    assert_eq!(status, 200);
    assert_eq!(merchant.query("B1").await["trade_status"], "TRADE_SUCCESS");
}

#[tokio::test]
async fn a_refused_payment_is_a_definite_no_and_leaves_nothing() {
    let merchant = Merchant::start().await;
    let node = pay(&merchant, "B1", "refuse").await;
    assert_eq!(
        (node["code"].as_str(), node["sub_code"].as_str()),
        (Some("40004"), Some("ACQ.BUYER_BALANCE_NOT_ENOUGH"))
    );
    assert_eq!(merchant.in_ledger("B1").await, None);
    assert_eq!(pay(&merchant, "B1", "pay").await["code"], "10000");
}

#[tokio::test]
async fn an_unknown_payment_exists_and_can_still_be_paid() {
    let merchant = Merchant::start().await;
    let node = pay(&merchant, "B1", "silent").await;
    assert_eq!(
        (node["code"].as_str(), node["sub_code"].as_str()),
        (Some("20000"), Some("isp.unknow-error"))
    );
    assert_eq!(merchant.query("B1").await["trade_status"], "WAIT_BUYER_PAY");
    let (status, _) = merchant
        .control("POST", &act("B1", "pay"), Value::Null)
        .await;
    assert_eq!(status, 200);
    assert!(merchant.in_ledger("B1").await.unwrap()["paid_at"].is_string());
}

#[tokio::test]
async fn a_code_is_good_once_for_one_minute_and_at_its_own_channel() {
    let merchant = Merchant::start().await;
    let invalid = "ACQ.PAYMENT_AUTH_CODE_INVALID";
    let used = code(&merchant, "pay").await;
    assert_eq!(merchant.call(PAY, scan("B1", &used)).await["code"], "10000");
    for number in ["B1", "B2"] {
        assert_eq!(
            merchant.call(PAY, scan(number, &used)).await["sub_code"],
            invalid
        );
    }
    let old = code(&merchant, "pay").await;
    merchant.advance(60).await;
    assert_eq!(
        merchant.call(PAY, scan("B2", &old)).await["sub_code"],
        invalid
    );
    let shown = json!({ "channel": "wechat", "behaviour": "pay" });
    let (_, foreign) = merchant.control("POST", "payer/barcode", shown).await;
    let foreign = foreign["auth_code"].as_str().unwrap().to_owned();
    for wrong in [
        foreign.as_str(),
        "281234567890123456",
        "28",
        "28123456789012345x",
        "2812345678901234567890123",
    ] {
        assert_eq!(
            merchant.call(PAY, scan("B2", wrong)).await["sub_code"],
            invalid,
            "{wrong}"
        );
    }
    assert_eq!(merchant.in_ledger("B2").await, None);
}

#[tokio::test]
async fn a_number_that_was_paid_closed_or_means_something_else_is_not_charged() {
    let merchant = Merchant::start().await;
    merchant.paid("B1").await;
    assert_eq!(
        pay(&merchant, "B1", "pay").await["sub_code"],
        "ACQ.TRADE_HAS_SUCCESS"
    );
    merchant.scanned("B2").await;
    merchant.close("B2").await;
    assert_eq!(
        pay(&merchant, "B2", "pay").await["sub_code"],
        "ACQ.TRADE_HAS_CLOSE"
    );
    pay(&merchant, "B3", "ask_password").await;
    let mut other = scan("B3", &code(&merchant, "pay").await);
    other["total_amount"] = json!("1.00");
    assert_eq!(
        merchant.call(PAY, other).await["sub_code"],
        "ACQ.CONTEXT_INCONSISTENT"
    );
    assert_eq!(pay(&merchant, "B3", "pay").await["code"], "10000");
}

#[tokio::test]
async fn a_scan_without_its_scene_or_code_is_refused() {
    let merchant = Merchant::start().await;
    let code = code(&merchant, "pay").await;
    for (name, value) in [
        ("scene", Value::Null),
        ("scene", json!("wave_code")),
        ("auth_code", Value::Null),
    ] {
        let mut biz = scan("B1", &code);
        biz[name] = value;
        assert_eq!(
            merchant.call(PAY, biz).await["sub_code"],
            "ACQ.INVALID_PARAMETER",
            "{name}"
        );
    }
}

#[tokio::test]
async fn a_cancel_closes_what_waits_and_gives_back_what_was_paid() {
    let merchant = Merchant::start().await;
    pay(&merchant, "B1", "silent").await;
    for _ in 0..2 {
        let node = cancel(&merchant, "B1").await;
        assert_eq!(
            (node["action"].as_str(), node["retry_flag"].as_str()),
            (Some("close"), Some("N"))
        );
        assert!(node["trade_no"].is_string());
    }
    assert_eq!(merchant.query("B1").await["trade_status"], "TRADE_CLOSED");
    let (status, _) = merchant
        .control("POST", &act("B1", "pay"), Value::Null)
        .await;
    assert_eq!(status, 409);

    pay(&merchant, "B2", "pay").await;
    for _ in 0..2 {
        let node = cancel(&merchant, "B2").await;
        assert_eq!(
            (node["action"].as_str(), node["retry_flag"].as_str()),
            (Some("refund"), Some("N"))
        );
        assert!(node["gmt_refund_pay"].is_string());
    }
    let (_, ledger) = merchant.control("GET", "ledger", Value::Null).await;
    let refunds = ledger["refunds"].as_array().unwrap();
    assert_eq!(
        (refunds.len(), refunds[0]["amount"].as_i64()),
        (1, Some(8888))
    );
    assert_eq!(
        merchant.in_ledger("B2").await.unwrap()["state"],
        "TRADE_CLOSED"
    );
}

#[tokio::test]
async fn a_cancel_of_an_unknown_number_succeeds_without_doing_anything() {
    let merchant = Merchant::start().await;
    let node = cancel(&merchant, "B1").await;
    assert_eq!(
        (node["code"].as_str(), node["out_trade_no"].as_str()),
        (Some("10000"), Some("B1"))
    );
    assert!(node.get("action").is_none() && node.get("trade_no").is_none());
    assert_eq!(pay(&merchant, "B1", "pay").await["code"], "10000");
    let by_trade_no = merchant
        .call(
            "alipay.trade.cancel",
            json!({ "trade_no": "2024072422001400000000000404" }),
        )
        .await;
    assert_eq!(by_trade_no["sub_code"], "ACQ.TRADE_NOT_EXIST");
}

#[tokio::test]
async fn a_cancel_comes_too_late_after_a_day_and_may_have_to_be_repeated() {
    let merchant = Merchant::start().await;
    pay(&merchant, "B1", "pay").await;
    merchant
        .fault(json!({ "method": "alipay.trade.cancel", "fault": "system_error", "times": 1 }))
        .await;
    let node = cancel(&merchant, "B1").await;
    assert_eq!(
        (node["sub_code"].as_str(), node["retry_flag"].as_str()),
        (Some("ACQ.SYSTEM_ERROR"), Some("Y"))
    );
    merchant.advance(24 * 3600).await;
    assert_eq!(
        cancel(&merchant, "B1").await["sub_code"],
        "ACQ.TRADE_CANCEL_TIME_OUT"
    );
}

#[tokio::test]
async fn a_payment_still_under_way_comes_after_the_cancel_that_found_nothing() {
    let merchant = Merchant::start().await;
    let code = code(&merchant, "pay").await;
    merchant
        .fault(json!({ "method": PAY, "fault": "delay", "times": 1, "delay_ms": 700 }))
        .await;
    let late = merchant.call(PAY, scan("B1", &code));
    let early = async {
        loop {
            let (_, faults) = merchant.control("GET", "faults", Value::Null).await;
            if faults["faults"][0]["fired"] == 1 {
                return cancel(&merchant, "B1").await;
            }
        }
    };
    let (paid, cancelled) = tokio::join!(late, early);
    assert_eq!(
        (paid["code"].as_str(), cancelled["code"].as_str()),
        (Some("10000"), Some("10000"))
    );
    assert!(cancelled.get("action").is_none());
    assert!(merchant.in_ledger("B1").await.unwrap()["paid_at"].is_string());
}

#[tokio::test]
async fn codes_and_waiting_trades_outlive_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let settings = sandbox::Settings {
        state_file: Some(folder.path().join("sandbox.json")),
        ..sandbox::Settings::default()
    };
    let merchant = Merchant::with(settings.clone()).await;
    let code = code(&merchant, "pay").await;
    let waiting = pay(&merchant, "B1", "ask_password").await;
    merchant.running.stop().await;
    let merchant = Merchant::with(settings).await;
    assert_eq!(merchant.call(PAY, scan("B2", &code)).await["code"], "10000");
    let (status, opened) = merchant
        .open(json!({ "tradeNO": waiting["trade_no"] }))
        .await;
    assert_eq!((status, opened["out_trade_no"].as_str()), (200, Some("B1")));
}

//! Calls that go wrong on demand: what the caller sees, and what was done all the same.

use std::time::Duration;

use serde_json::{Value, json};

use crate::merchant::{Merchant, Params, order};

const CLOSE: &str = "alipay.trade.close";

fn close(merchant: &Merchant, number: &str) -> Params {
    merchant.signed(merchant.unsigned(CLOSE, &json!({ "out_trade_no": number })))
}

async fn status(merchant: &Merchant, number: &str) -> Value {
    merchant.query(number).await["trade_status"].clone()
}

#[tokio::test]
async fn a_call_without_an_answer_was_carried_out_or_not_as_the_fault_says() {
    let merchant = Merchant::start().await;
    let url = format!("{}/gateway.do", merchant.running.url());
    for (fault, after) in [
        ("timeout_before", "WAIT_BUYER_PAY"),
        ("timeout_after", "TRADE_CLOSED"),
    ] {
        merchant.scanned(fault).await;
        merchant
            .fault(json!({ "method": CLOSE, "fault": fault, "times": 1 }))
            .await;
        let request = merchant.http.post(&url).form(&close(&merchant, fault));
        let error = request
            .timeout(Duration::from_millis(300))
            .send()
            .await
            .unwrap_err();
        assert!(error.is_timeout(), "{error:?}");
        assert_eq!(status(&merchant, fault).await, after);
    }
}

#[tokio::test]
async fn a_held_connection_is_dropped_without_an_answer_when_its_time_is_up() {
    let merchant = Merchant::start().await;
    let url = format!("{}/gateway.do", merchant.running.url());
    merchant.scanned("A1").await;
    merchant
        .fault(
            json!({ "method": "alipay.*", "fault": "timeout_after", "times": 1, "delay_ms": 50 }),
        )
        .await;
    let error = merchant
        .http
        .post(&url)
        .form(&close(&merchant, "A1"))
        .send()
        .await
        .unwrap_err();
    assert!(!error.is_timeout() && !error.is_connect(), "{error:?}");
    assert_eq!(status(&merchant, "A1").await, "TRADE_CLOSED");
}

#[tokio::test]
async fn answers_that_are_no_answers() {
    let merchant = Merchant::start().await;
    let url = format!("{}/gateway.do", merchant.running.url());
    for (fault, code, after) in [
        ("http_500", 500, "WAIT_BUYER_PAY"),
        ("garbage", 200, "TRADE_CLOSED"),
    ] {
        merchant.scanned(fault).await;
        merchant
            .fault(json!({ "method": CLOSE, "fault": fault, "times": 1 }))
            .await;
        let answer = merchant
            .http
            .post(&url)
            .form(&close(&merchant, fault))
            .send()
            .await
            .unwrap();
        assert_eq!(answer.status(), code);
        assert!(answer.text().await.unwrap().starts_with("<html>"));
        assert_eq!(status(&merchant, fault).await, after);
    }
}

#[tokio::test]
async fn a_bad_signature_covers_a_call_that_was_carried_out() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    merchant
        .fault(json!({ "method": CLOSE, "fault": "bad_signature", "times": 1 }))
        .await;
    let (node, good) = merchant.node(CLOSE, &merchant.post(&close(&merchant, "A1")).await);
    assert_eq!((node["code"].as_str(), good), (Some("10000"), false));
    assert_eq!(status(&merchant, "A1").await, "TRADE_CLOSED");
}

#[tokio::test]
async fn a_system_error_is_signed_and_nothing_was_done() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    merchant
        .fault(json!({ "method": CLOSE, "fault": "system_error", "times": 1 }))
        .await;
    assert_eq!(merchant.close("A1").await["sub_code"], "ACQ.SYSTEM_ERROR");
    assert_eq!(status(&merchant, "A1").await, "WAIT_BUYER_PAY");
}

#[tokio::test]
async fn a_wrong_amount_is_signed_and_the_trade_is_right() {
    let merchant = Merchant::start().await;
    merchant.paid("A1").await;
    let fault = json!({ "method": "alipay.trade.query", "fault": "wrong_amount", "times": 1 });
    merchant.fault(fault).await;
    assert_eq!(merchant.query("A1").await["total_amount"], "88.89");
    assert_eq!(merchant.query("A1").await["total_amount"], "88.88");
}

#[tokio::test]
async fn faults_are_counted_listed_and_ended() {
    let merchant = Merchant::start().await;
    merchant.scanned("A1").await;
    merchant.scanned("A2").await;
    let order = json!({ "method": CLOSE, "fault": "system_error", "out_trade_no": "A2" });
    merchant.fault(order).await;
    assert_eq!(merchant.close("A2").await["code"], "40004");
    assert_eq!(merchant.close("A1").await["code"], "10000");
    let (_, list) = merchant.control("GET", "faults", Value::Null).await;
    assert_eq!(
        (
            list["faults"][0]["fired"].as_u64(),
            list["faults"][0]["seen"].as_u64()
        ),
        (Some(1), Some(1))
    );
    assert_eq!(list["faults"][0]["fault"], "system_error");
    assert_eq!(
        merchant.control("DELETE", "faults", Value::Null).await.0,
        204
    );
    assert_eq!(merchant.close("A2").await["code"], "10000");
}

#[tokio::test]
async fn a_fault_that_cannot_be_is_refused_with_what_to_do() {
    let merchant = Merchant::start().await;
    for (order, word) in [
        (
            json!({ "method": "alipay.*", "fault": "explode" }),
            "timeout_before",
        ),
        (json!({ "method": "stripe", "fault": "delay" }), "alipay.*"),
        (
            json!({ "method": "notice.alipay", "fault": "garbage" }),
            "notices",
        ),
        (
            json!({ "method": "alipay.*", "fault": "delay", "rate": 2 }),
            "0 to 1",
        ),
        (
            json!({ "method": "alipay.*", "fault": "delay", "oops": 2 }),
            "oops",
        ),
    ] {
        let (status, refusal) = merchant.control("POST", "faults", order).await;
        assert_eq!(status, 422);
        assert!(
            refusal["detail"].as_str().unwrap().contains(word),
            "{refusal}"
        );
    }
}

/// What a call of this method asks for, ready to succeed, and how to see that it was done.
async fn ready(merchant: &Merchant, method: &str, number: &str) -> Value {
    let by_number = json!({ "out_trade_no": number });
    let mut biz = order(number);
    match method {
        "alipay.trade.pay" => {
            let wish = json!({ "channel": "alipay", "behaviour": "pay" });
            let (_, shown) = merchant.control("POST", "payer/barcode", wish).await;
            biz["scene"] = json!("bar_code");
            biz["auth_code"] = shown["auth_code"].clone();
            biz
        }
        "alipay.trade.create" => {
            biz["buyer_id"] = json!("2088000000000009");
            biz
        }
        _ => {
            merchant.scanned(number).await;
            by_number
        }
    }
}

/// Whether the ledger shows that the call was carried out.
async fn done(merchant: &Merchant, method: &str, number: &str) -> bool {
    let trade = merchant.in_ledger(number).await;
    match method {
        "alipay.trade.pay" => trade.is_some_and(|trade| trade["paid_at"].is_string()),
        "alipay.trade.create" => trade.is_some(),
        _ => trade.is_some_and(|trade| trade["state"] == "TRADE_CLOSED"),
    }
}

#[tokio::test]
async fn every_fault_of_a_call_works_on_codes_creations_and_cancels() {
    let merchant = Merchant::start().await;
    let url = format!("{}/gateway.do", merchant.running.url());
    for (fault, carried_out) in [
        ("timeout_before", false),
        ("http_500", false),
        ("system_error", false),
        ("timeout_after", true),
        ("garbage", true),
        ("bad_signature", true),
        ("unsigned", true),
        ("second_node", true),
        ("system_error_after", true),
        ("delay", true),
    ] {
        for method in [
            "alipay.trade.pay",
            "alipay.trade.create",
            "alipay.trade.cancel",
        ] {
            let number = format!("{}_{fault}", method.replace('.', "_"));
            let biz = ready(&merchant, method, &number).await;
            let armed = json!({ "method": method, "fault": fault, "times": 1, "delay_ms": 1 });
            merchant.fault(armed).await;
            let call = merchant.signed(merchant.unsigned(method, &biz));
            let answer = merchant.http.post(&url).form(&call).send().await;
            let body = match answer {
                Ok(answer) => answer.text().await.unwrap(),
                Err(_) => String::new(),
            };
            assert_eq!(
                done(&merchant, method, &number).await,
                carried_out,
                "{method} {fault}"
            );
            let node = format!("\"{}_response\":{{\"code\":\"", method.replace('.', "_"));
            let nodes = body.matches(&node).count();
            let believed = body.contains("\"sign\":") && merchant.node(method, &body).1;
            let expected = match fault {
                "timeout_before" | "http_500" | "timeout_after" | "garbage" => (0, false),
                "bad_signature" | "unsigned" => (1, false),
                "second_node" => (2, true),
                _ => (1, true),
            };
            assert_eq!((nodes, believed), expected, "{method} {fault}: {body}");
            if fault == "system_error_after" {
                assert!(body.contains("\"code\":\"20000\""), "{body}");
            }
        }
    }
}

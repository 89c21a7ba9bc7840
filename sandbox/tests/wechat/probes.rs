//! Probes with a wrong signature: on command and on schedule, in each mode of keys, for answers and
//! for notices.

use serde_json::json;

use crate::merchant::{Departure, MCHID, Merchant};

const PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// The signature of an answer to an order, and whether the order was made.
async fn ordered(merchant: &Merchant, number: &str) -> (String, bool) {
    let body = merchant.order(number).to_string();
    let target = "/v3/pay/transactions/native";
    let (status, headers, text) = merchant
        .send("POST", target, &body, &Departure::default())
        .await
        .unwrap();
    assert_eq!(status, 200, "{text}");
    let signature = headers["Wechatpay-Signature"].to_str().unwrap().to_owned();
    let (trades, _) = merchant.ledger().await;
    let made = trades.iter().any(|trade| trade["out_trade_no"] == number);
    (signature, made)
}

#[tokio::test]
async fn an_answer_can_be_a_probe_in_every_mode_and_the_call_was_carried_out() {
    let merchant = Merchant::start().await;
    for mode in ["public_key", "certificates", "migrating"] {
        merchant
            .control(
                "POST",
                &format!("/wechat/{MCHID}/platform"),
                json!({ "mode": mode, "public_key_permille": 500 }),
            )
            .await;
        merchant
            .fault(json!({ "method": "wechat.native", "fault": "signtest", "times": 1 }))
            .await;
        let (signature, made) = ordered(&merchant, &format!("probed_{mode}")).await;
        assert!(signature.starts_with(PREFIX), "{mode}: {signature}");
        assert!(made, "{mode}");
        let (signature, _) = ordered(&merchant, &format!("plain_{mode}")).await;
        assert!(!signature.contains("SIGNTEST"), "{mode}: {signature}");
    }
}

#[tokio::test]
async fn a_notice_that_a_fault_made_a_probe_is_sent_again_rightly() {
    let merchant = Merchant::start().await;
    merchant
        .fault(json!({ "method": "notice.wechat", "fault": "signtest", "times": 1 }))
        .await;
    merchant.notices.answer(401);
    let code = merchant.native("order_000001").await;
    merchant.pay(&code, "order_000001").await;
    let probe = merchant.notices.next().await;
    let signature = probe.headers["Wechatpay-Signature"].to_str().unwrap();
    assert!(signature.starts_with(PREFIX), "{signature}");
    assert!(!merchant.verifies(&probe.headers, &probe.body));
    // What follows the prefix does not verify either.
    let mut cut = probe.headers.clone();
    let rest = signature.strip_prefix(PREFIX).unwrap().parse().unwrap();
    cut.insert("Wechatpay-Signature", rest);
    assert!(!merchant.verifies(&cut, &probe.body));
    merchant.logged(1).await;
    merchant.advance(16).await;
    merchant.open_notice(&merchant.notices.next().await);
}

#[tokio::test]
async fn every_third_signed_message_is_a_probe_when_that_is_the_schedule() {
    let merchant = Merchant::start().await;
    let (status, _) = merchant
        .control("POST", "/wechat", json!({ "signtest_every": 3 }))
        .await;
    assert_eq!(status, 200);
    let mut probes = Vec::new();
    for number in 0..6 {
        let (signature, _) = ordered(&merchant, &format!("order_{number:06}")).await;
        probes.push(signature.starts_with(PREFIX));
    }
    assert_eq!(probes, [false, false, true, false, false, true]);
}

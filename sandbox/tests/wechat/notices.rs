//! Notices: sealed, signed, repeated until an HTTP status says that they were received.

use serde_json::json;

use crate::merchant::{APPID, MCHID, Merchant};

async fn paid(merchant: &Merchant, out_trade_no: &str) {
    let code = merchant.native(out_trade_no).await;
    merchant.pay(&code, out_trade_no).await;
}

#[tokio::test]
async fn a_payment_is_told_in_a_sealed_and_signed_notice() {
    let merchant = Merchant::start().await;
    paid(&merchant, "order_000001").await;
    let notice = merchant.notices.next().await;
    let (event, resource) = merchant.open_notice(&notice);
    assert_eq!(event["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(event["resource_type"], "encrypt-resource");
    assert_eq!(event["resource"]["original_type"], "transaction");
    assert_eq!(event["resource"]["associated_data"], "transaction");
    assert_eq!(
        (&resource["mchid"], &resource["appid"]),
        (&json!(MCHID), &json!(APPID))
    );
    assert_eq!(resource["out_trade_no"], "order_000001");
    assert_eq!(resource["trade_state"], "SUCCESS");
    assert_eq!(resource["amount"]["total"], 100);
    assert_eq!(resource["attach"], "桌号7");
    assert_eq!(resource, merchant.query("order_000001").await.body);
}

#[tokio::test]
async fn a_status_of_200_or_204_ends_the_repeats_whatever_the_body_says() {
    for status in [200, 204] {
        let merchant = Merchant::start().await;
        merchant.notices.answer(status);
        paid(&merchant, "order_000001").await;
        merchant.notices.next().await;
        let received = || async {
            let (_, log) = merchant.control("GET", "/notices", json!({})).await;
            log["notices"][0]["received"] == json!(true)
        };
        wait_until(received).await;
        merchant.advance(90_000).await;
        // A notice of something else comes, and no repeat before it.
        paid(&merchant, "order_000002").await;
        let (_, resource) = merchant.open_notice(&merchant.notices.next().await);
        assert_eq!(resource["out_trade_no"], "order_000002");
    }
}

#[tokio::test]
async fn other_statuses_are_answered_by_repeats_on_the_published_schedule() {
    let merchant = Merchant::start().await;
    merchant.notices.answer(500);
    paid(&merchant, "order_000001").await;
    let (first, _) = merchant.open_notice(&merchant.notices.next().await);
    let waits = [
        15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
    ];
    for (repeats, wait) in waits.into_iter().enumerate() {
        // The next wait begins once the answer to the last delivery has been written down.
        wait_until(|| async { deliveries(&merchant).await == repeats + 1 }).await;
        merchant.advance(wait + 1).await;
        let (again, resource) = merchant.open_notice(&merchant.notices.next().await);
        assert_eq!(again["id"], first["id"]);
        assert_eq!(resource["out_trade_no"], "order_000001");
    }
    wait_until(|| async { deliveries(&merchant).await == 16 }).await;
    merchant.advance(200_000).await;
    // The channel gave up after 24 h 4 min: the next notice is of something else.
    paid(&merchant, "order_000002").await;
    let (_, resource) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(resource["out_trade_no"], "order_000002");
}

async fn deliveries(merchant: &Merchant) -> usize {
    let (_, log) = merchant.control("GET", "/notices", json!({})).await;
    log["notices"].as_array().unwrap().len()
}

/// Waits for a condition of the sandbox.
async fn wait_until<F: Future<Output = bool>>(condition: impl Fn() -> F) {
    let poll = async {
        while !condition().await {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(20), poll)
        .await
        .expect("within 20 s");
}

#[tokio::test]
async fn every_repeat_is_sealed_and_signed_anew() {
    let merchant = Merchant::start().await;
    // Neither 200 nor 204: not a receipt.
    merchant.notices.answer(202);
    paid(&merchant, "order_000001").await;
    let first = merchant.notices.next().await;
    wait_until(|| async { deliveries(&merchant).await == 1 }).await;
    merchant.advance(16).await;
    let second = merchant.notices.next().await;
    assert_ne!(first.body, second.body);
    assert_ne!(
        first.headers["Wechatpay-Nonce"],
        second.headers["Wechatpay-Nonce"]
    );
    assert_eq!(
        merchant.open_notice(&first).1,
        merchant.open_notice(&second).1
    );
}

#[tokio::test]
async fn a_probe_has_the_marked_wrong_signature_and_is_followed_by_the_right_message() {
    let merchant = Merchant::start().await;
    paid(&merchant, "order_000001").await;
    merchant.notices.next().await;
    merchant.notices.answer(401);
    let probe = json!({ "kind": "signtest" });
    let (status, body) = merchant
        .control("POST", "/trades/order_000001/notify", probe)
        .await;
    assert!((200..300).contains(&status), "{body}");
    let notice = merchant.notices.next().await;
    let signature = notice.headers["Wechatpay-Signature"].to_str().unwrap();
    assert!(signature.starts_with("WECHATPAY/SIGNTEST/"), "{signature}");
    assert!(!merchant.verifies(&notice.headers, &notice.body));
    wait_until(|| async { deliveries(&merchant).await == 2 }).await;
    merchant.advance(16).await;
    merchant.open_notice(&merchant.notices.next().await);
}

#[tokio::test]
async fn a_notice_can_be_sent_again_with_other_values() {
    let merchant = Merchant::start().await;
    paid(&merchant, "order_000001").await;
    merchant.notices.next().await;
    let order =
        json!({ "kind": "paid", "overrides": { "amount.total": "1", "mchid": "1900000001" } });
    let (status, body) = merchant
        .control("POST", "/trades/order_000001/notify", order)
        .await;
    assert!((200..300).contains(&status), "{body}");
    let (_, resource) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(resource["amount"]["total"], 1);
    assert_eq!(resource["mchid"], "1900000001");
    assert_eq!(resource["out_trade_no"], "order_000001");
}

#[tokio::test]
async fn nobody_is_told_of_an_order_that_was_not_paid() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    for kind in ["paid", "closed", "finished", "refund", "signtest"] {
        let order = json!({ "kind": kind });
        let (status, body) = merchant
            .control("POST", "/trades/order_000001/notify", order)
            .await;
        assert!((400..500).contains(&status), "{kind}: {status} {body}");
    }
}

#[tokio::test]
async fn faults_falsify_what_a_notice_says_without_breaking_its_seal() {
    let merchant = Merchant::start().await;
    for (fault, pointer, truth) in [
        ("wrong_amount", "/amount/total", json!(100)),
        ("wrong_app_id", "/appid", json!(APPID)),
        ("wrong_seller", "/mchid", json!(MCHID)),
        (
            "wrong_out_trade_no",
            "/out_trade_no",
            json!(format!("o_{fault}", fault = "wrong_out_trade_no")),
        ),
    ] {
        let number = format!("o_{fault}");
        merchant
            .fault(json!({ "method": "notice.wechat", "fault": fault, "times": 1, "out_trade_no": number }))
            .await;
        paid(&merchant, &number).await;
        let (_, resource) = merchant.open_notice(&merchant.notices.next().await);
        assert!(
            resource.pointer(pointer).is_some_and(|told| *told != truth),
            "{fault}: {resource}"
        );
    }
    merchant
        .fault(json!({ "method": "notice.wechat", "fault": "bad_signature", "times": 1 }))
        .await;
    paid(&merchant, "order_bad_sign").await;
    let notice = merchant.notices.next().await;
    assert!(!merchant.verifies(&notice.headers, &notice.body));
    assert_eq!(
        merchant.unseal(&notice.body).1["out_trade_no"],
        "order_bad_sign"
    );
}

#[tokio::test]
async fn a_merchant_that_is_not_there_is_tried_again() {
    let merchant = Merchant::start().await;
    merchant.notices.stop().await;
    paid(&merchant, "order_000001").await;
    wait_until(|| async { deliveries(&merchant).await == 1 }).await;
    let (_, log) = merchant.control("GET", "/notices", json!({})).await;
    assert!(log["notices"][0]["error"].is_string(), "{log}");
    assert_eq!(log["notices"][0]["received"], false);
    merchant.advance(16).await;
    wait_until(|| async { deliveries(&merchant).await == 2 }).await;
}

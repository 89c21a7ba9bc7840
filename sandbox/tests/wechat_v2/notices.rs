//! Notices: of payments, signed; of refunds, encrypted; repeated until a receipt.

use serde_json::json;

use crate::acts::wait_until;
use crate::merchant::{APPID, KEY, MCH_ID, Merchant};
use crate::message::{Fields, read, unseal};
use crate::receiver::SUCCESS;

async fn deliveries(merchant: &Merchant) -> Vec<serde_json::Value> {
    let (_, log) = merchant.control("GET", "/notices", json!({})).await;
    log["notices"].as_array().unwrap().clone()
}

async fn next(merchant: &Merchant) -> Fields {
    let notice = merchant.notices.next().await;
    let kind = notice.headers["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/xml"), "{kind}");
    read("xml", &notice.body)
}

/// What a refund notice hides.
async fn next_refund(merchant: &Merchant) -> Option<Fields> {
    let notice = next(merchant).await;
    assert_eq!(notice["return_code"], "SUCCESS");
    assert!(
        !notice.contains_key("sign"),
        "a refund notice is not signed"
    );
    unseal(&notice["req_info"], KEY)
}

#[tokio::test]
async fn a_payment_is_told_signed_as_the_order_was() {
    let mut merchant = Merchant::start().await;
    for sign_type in ["MD5", "HMAC-SHA256"] {
        merchant.sign_type = sign_type;
        let number = format!("order_{}", sign_type.len());
        merchant.paid(&number).await;
        let notice = next(&merchant).await;
        assert!(merchant.verifies(&notice), "{notice:?}");
        assert!(!notice.contains_key("sign_type"));
        assert_eq!((&*notice["appid"], &*notice["mch_id"]), (APPID, MCH_ID));
        assert_eq!(
            (&*notice["return_code"], &*notice["result_code"]),
            ("SUCCESS", "SUCCESS")
        );
        let paid = merchant.query(&number).await;
        for name in [
            "total_fee",
            "transaction_id",
            "out_trade_no",
            "time_end",
            "openid",
            "attach",
        ] {
            assert_eq!(notice[name], paid[name], "{name}");
        }
    }
}

#[tokio::test]
async fn exactly_success_with_status_200_ends_the_repeats() {
    let merchant = Merchant::start().await;
    for (number, status, answer) in [
        ("order_000001", 500, SUCCESS),
        ("order_000002", 200, "success"),
        (
            "order_000003",
            200,
            "<xml><return_code>FAIL</return_code></xml>",
        ),
        (
            "order_000004",
            200,
            "<xml><return_code>success</return_code></xml>",
        ),
        ("order_000005", 200, ""),
    ] {
        merchant.notices.answer(status, answer).await;
        merchant.paid(number).await;
        assert_eq!(next(&merchant).await["out_trade_no"], number);
        let of = |log: Vec<serde_json::Value>| {
            log.into_iter()
                .filter(|sent| sent["out_trade_no"] == number)
                .collect::<Vec<_>>()
        };
        wait_until(|| async { of(deliveries(&merchant).await).len() == 1 }).await;
        assert_eq!(
            of(deliveries(&merchant).await)[0]["received"],
            false,
            "{answer}"
        );
        merchant.notices.answer(200, SUCCESS).await;
        merchant.advance(16).await;
        assert_eq!(next(&merchant).await["out_trade_no"], number);
        wait_until(|| async { of(deliveries(&merchant).await).len() == 2 }).await;
        assert_eq!(of(deliveries(&merchant).await)[1]["received"], true);
    }
}

#[tokio::test]
async fn a_notice_without_a_receipt_is_repeated_on_the_published_schedule() {
    let merchant = Merchant::start().await;
    merchant.notices.answer(200, "").await;
    merchant.paid("order_000001").await;
    next(&merchant).await;
    let waits = [
        15, 15, 30, 180, 600, 1200, 1800, 1800, 1800, 3600, 10_800, 10_800, 10_800, 21_600, 21_600,
    ];
    for (repeats, wait) in waits.into_iter().enumerate() {
        wait_until(|| async { deliveries(&merchant).await.len() == repeats + 1 }).await;
        merchant.advance(wait + 1).await;
        let again = next(&merchant).await;
        assert!(merchant.verifies(&again));
    }
    wait_until(|| async { deliveries(&merchant).await.len() == 16 }).await;
    merchant.advance(200_000).await;
    merchant.paid("order_000002").await;
    assert_eq!(next(&merchant).await["out_trade_no"], "order_000002");
}

#[tokio::test]
async fn the_end_of_a_refund_is_told_encrypted() {
    let merchant = Merchant::start().await;
    for (number, state, word) in [
        ("order_000001", "SUCCESS", "SUCCESS"),
        ("order_000002", "ABNORMAL", "CHANGE"),
        ("order_000003", "CLOSED", "REFUNDCLOSE"),
    ] {
        merchant.paid(number).await;
        next(&merchant).await;
        let refund = merchant.refund(number, &format!("R_{number}"), 30);
        merchant.done("/secapi/pay/refund", &refund).await;
        merchant
            .controlled(&format!("/refunds/R_{number}"), json!({ "state": state }))
            .await;
        let told = next_refund(&merchant).await.unwrap();
        assert_eq!(told["refund_status"], word);
        assert_eq!((&*told["refund_fee"], &*told["total_fee"]), ("30", "100"));
        assert_eq!(told["out_trade_no"], number);
        assert_eq!(told["success_time"].is_empty(), word != "SUCCESS");
        assert_eq!(told["refund_request_source"], "API");
    }
}

#[tokio::test]
async fn a_refund_that_names_no_address_is_told_where_the_portal_says() {
    let merchant = Merchant::start().await;
    let portal = sandbox::WechatV2Merchant {
        refund_notify_url: Some(merchant.notices.url().to_owned()),
        ..crate::merchant::direct()
    };
    merchant
        .running
        .sandbox()
        .register_wechat_v2(portal)
        .unwrap();
    merchant.paid("order_000001").await;
    next(&merchant).await;
    let mut refund = merchant.refund("order_000001", "R1", 30);
    refund.remove("notify_url");
    merchant.done("/secapi/pay/refund", &refund).await;
    merchant.advance(11).await;
    assert_eq!(next_refund(&merchant).await.unwrap()["out_refund_no"], "R1");
}

#[tokio::test]
async fn faults_falsify_what_a_notice_says_and_the_signature_fits_the_lie() {
    let merchant = Merchant::start().await;
    for (fault, name, truth) in [
        ("wrong_amount", "total_fee", "100"),
        ("wrong_app_id", "appid", APPID),
        ("wrong_seller", "mch_id", MCH_ID),
        ("wrong_out_trade_no", "out_trade_no", "o_wrong_out_trade_no"),
    ] {
        let number = format!("o_{fault}");
        merchant
            .fault(json!({ "method": "notice.wechat", "fault": fault, "times": 1, "out_trade_no": number }))
            .await;
        merchant.paid(&number).await;
        let notice = next(&merchant).await;
        assert!(merchant.verifies(&notice), "{notice:?}");
        assert_ne!(notice[name], truth, "{fault}");
    }
    merchant
        .fault(json!({ "method": "notice.wechat", "fault": "bad_signature", "times": 1 }))
        .await;
    merchant.paid("order_bad_sign").await;
    assert!(!merchant.verifies(&next(&merchant).await));
}

#[tokio::test]
async fn faults_reach_what_a_refund_notice_hides() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    next(&merchant).await;
    let refund = merchant.refund("order_000001", "R1", 30);
    merchant.done("/secapi/pay/refund", &refund).await;
    let fault = |fault: &str| json!({ "method": "notice.wechat", "fault": fault, "times": 1 });
    merchant.fault(fault("wrong_amount")).await;
    merchant
        .controlled("/refunds/R1", json!({ "state": "SUCCESS" }))
        .await;
    assert_eq!(next_refund(&merchant).await.unwrap()["refund_fee"], "31");
    merchant.fault(fault("bad_signature")).await;
    let again = json!({ "kind": "refund" });
    merchant
        .controlled("/trades/order_000001/notify", again)
        .await;
    assert_eq!(next_refund(&merchant).await, None);
}

#[tokio::test]
async fn a_notice_can_be_sent_again_with_other_values_and_probes_do_not_exist() {
    let merchant = Merchant::start().await;
    merchant.paid("order_000001").await;
    next(&merchant).await;
    let order = json!({ "overrides": { "total_fee": "1", "attach": "" } });
    merchant
        .controlled("/trades/order_000001/notify", order)
        .await;
    let notice = next(&merchant).await;
    assert!(merchant.verifies(&notice));
    assert_eq!(notice["total_fee"], "1");
    assert!(!notice.contains_key("attach"));
    for kind in ["signtest", "finished", "closed", "refund"] {
        let (status, body) = merchant
            .control(
                "POST",
                "/trades/order_000001/notify",
                json!({ "kind": kind }),
            )
            .await;
        assert_eq!(status, 409, "{kind} {body}");
    }
}

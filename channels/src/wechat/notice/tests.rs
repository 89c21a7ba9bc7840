//! Notices of the published vectors, notices made here, and forgeries.

use super::*;
use crate::wechat::fixture::{self, SIGNED_AT};
use cashier::channel::{Payment, Refunded};
use cashier::money::Money;
use cashier::time::Span;
use proptest::prelude::*;
use serde_json::{Value, json};

fn opened(headers: &[(String, String)], body: &[u8]) -> Result<Notice, NoticeRefusal> {
    open(&fixture::account(), RawNotice { headers, body }, SIGNED_AT)
}

/// A signed and sealed notice of ours.
fn told(event_type: &str, plain: &Value) -> Result<Notice, NoticeRefusal> {
    let body = fixture::notification(event_type, &plain.to_string());
    opened(&fixture::signed(&body), &body)
}

pub(in crate::wechat) fn vectors() {
    every_notice_of_the_vectors_is_read();
    the_answers_are_those_of_the_vectors();
}

fn notices() -> Vec<Value> {
    let vectors = fixture::read("23_v3_notify.json");
    vectors["notifications"].as_array().unwrap().clone()
}

fn vector(case: &Value) -> (Vec<(String, String)>, Vec<u8>) {
    (
        fixture::headers(&case["headers"]),
        case["body"].as_str().unwrap().as_bytes().to_vec(),
    )
}

fn paid() -> Value {
    json!({
        "mchid": "1900009191", "appid": "wxd678efh567hg6787", "out_trade_no": "F1",
        "transaction_id": "42", "trade_state": "SUCCESS", "payer": { "openid": "o1" },
        "success_time": "2018-06-08T10:34:56+08:00",
        "amount": { "total": 100, "payer_total": 100, "currency": "CNY" },
    })
}

fn refunded() -> Value {
    json!({
        "mchid": "1900009191", "transaction_id": "42", "out_trade_no": "F1", "refund_id": "50",
        "out_refund_no": "R1", "refund_status": "SUCCESS", "user_received_account": "x",
        "amount": { "total": 100, "refund": 30, "payer_total": 100, "payer_refund": 30 },
    })
}

#[test]
fn every_notice_of_the_vectors_is_read() {
    let trade = NoticeFact::Trade {
        flow_no: FlowNo::new("1217752501201407033233368018"),
        trade: Trade::Paid(Payment {
            trade_no: "1217752501201407033233368018".into(),
            amount: Money::from_fen(100).unwrap(),
            paid_at: Timestamp::from_millis(1_528_425_296_000),
            payer: Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".into()),
            returned: false,
        }),
    };
    let refund = |refunded| NoticeFact::Refund {
        flow_no: FlowNo::new("20150806125346"),
        refund_no: RefundNo::new("7752501201407033233368018"),
        refunded: Some(refunded),
    };
    let expected = [
        ("transaction_success_platform_cert", trade.clone()),
        ("transaction_success_public_key", trade),
        ("refund_success", refund(Refunded::Succeeded)),
        ("refund_abnormal", refund(Refunded::Abnormal)),
        ("refund_closed", refund(Refunded::Closed)),
    ];
    let cases = notices();
    assert_eq!(cases.len(), expected.len());
    for (case, (name, fact)) in cases.iter().zip(expected) {
        assert_eq!(case["name"], name);
        let (headers, body) = vector(case);
        assert_eq!(opened(&headers, &body).unwrap().fact, fact, "{name}");
    }
}

#[test]
fn a_changed_byte_anywhere_in_the_body_is_not_believed() {
    let (headers, body) = vector(&notices()[0]);
    for at in (0..body.len()).step_by(7) {
        let mut changed = body.clone();
        changed[at] ^= 1;
        let refused = opened(&headers, &changed);
        assert!(
            matches!(refused, Err(NoticeRefusal::Unverified(_))),
            "byte {at}"
        );
    }
}

/// Shows F32.
#[test]
fn probes_missing_headers_and_old_signatures_are_not_believed() {
    let (headers, body) = vector(&notices()[0]);
    let signature = |value: &str| {
        let mut changed = headers.clone();
        let found = changed
            .iter_mut()
            .find(|(name, _)| name == "Wechatpay-Signature");
        found.unwrap().1 = value.to_owned();
        changed
    };
    let genuine = &headers
        .iter()
        .find(|(name, _)| name == "Wechatpay-Signature")
        .unwrap()
        .1;
    for wrong in [
        "",
        "***",
        "AAAA",
        "签",
        &format!("WECHATPAY/SIGNTEST/{genuine}"),
    ] {
        let refused = opened(&signature(wrong), &body);
        assert!(
            matches!(refused, Err(NoticeRefusal::Unverified(_))),
            "{wrong}"
        );
    }
    for name in headers
        .iter()
        .map(|(name, _)| name)
        .filter(|n| n.starts_with("Wechatpay"))
    {
        let without: Vec<_> = headers.iter().filter(|(n, _)| n != name).cloned().collect();
        let signed_by_type = name == "Wechatpay-Signature-Type";
        assert_eq!(opened(&without, &body).is_ok(), signed_by_type, "{name}");
    }
    let account = fixture::account();
    let raw = RawNotice {
        headers: &headers,
        body: &body,
    };
    let late = |seconds| open(&account, raw, SIGNED_AT.plus(Span::seconds(seconds)));
    assert!(late(300).is_ok());
    assert!(matches!(late(301), Err(NoticeRefusal::Unverified(_))));
}

/// Shows F33.
#[test]
fn a_key_that_is_not_configured_yet_asks_for_the_notice_again() {
    let (mut headers, body) = vector(&notices()[0]);
    headers
        .iter_mut()
        .find(|(n, _)| n == "Wechatpay-Serial")
        .unwrap()
        .1 = "A".repeat(40);
    assert!(matches!(
        opened(&headers, &body),
        Err(NoticeRefusal::NotNow(_))
    ));
}

#[test]
fn a_notice_for_another_merchant_or_application_names_its_flow() {
    for (name, event_type, plain) in [
        ("mchid", "TRANSACTION.SUCCESS", paid()),
        ("appid", "TRANSACTION.SUCCESS", paid()),
        ("mchid", "REFUND.SUCCESS", refunded()),
    ] {
        let mut foreign = plain;
        foreign[name] = json!("somebody-else");
        let refused = told(event_type, &foreign).unwrap_err();
        let NoticeRefusal::Identity { flow_no, .. } = refused else {
            panic!("{refused:?}")
        };
        assert_eq!(flow_no, Some(FlowNo::new("F1")));
    }
}

#[test]
fn a_repeated_fact_has_one_key_and_different_facts_have_different_ones() {
    let key = |event_type: &str, plain: &Value| told(event_type, plain).unwrap().key;
    let mut keys = vec![
        key("TRANSACTION.SUCCESS", &paid()),
        key("REFUND.SUCCESS", &refunded()),
        key("PROFITSHARING", &json!({ "mchid": "1" })),
        key("PROFITSHARING", &json!({ "mchid": "2" })),
    ];
    // A resend is sealed and signed anew; what it says is the same.
    let mut resent = paid();
    resent["bank_type"] = json!("OTHERS");
    assert_eq!(key("TRANSACTION.SUCCESS", &resent), keys[0]);
    for (pointer, value) in [
        ("/out_trade_no", json!("F2")),
        ("/transaction_id", json!("43")),
        ("/amount/total", json!(101)),
        ("/success_time", json!("2018-06-08T10:34:57+08:00")),
    ] {
        let mut other = paid();
        *other.pointer_mut(pointer).unwrap() = value;
        keys.push(key("TRANSACTION.SUCCESS", &other));
    }
    for (pointer, value) in [
        ("/out_refund_no", json!("R2")),
        ("/refund_status", json!("ABNORMAL")),
        ("/amount/refund", json!(31)),
    ] {
        let mut other = refunded();
        *other.pointer_mut(pointer).unwrap() = value;
        keys.push(key("REFUND.SUCCESS", &other));
    }
    let count = keys.len();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), count);
}

#[test]
fn a_signed_notice_that_makes_no_sense_is_not_understood() {
    let mut unknown_state = paid();
    unknown_state["trade_state"] = json!("NEVER_SEEN");
    let refusals = [
        told("TRANSACTION.SUCCESS", &unknown_state),
        told("TRANSACTION.SUCCESS", &json!({})),
        told("REFUND.SUCCESS", &paid()),
        opened(&fixture::signed(b"not json"), b"not json"),
        opened(&fixture::signed(b""), b""),
    ];
    for refusal in refusals {
        assert!(
            matches!(refusal, Err(NoticeRefusal::Unreadable { .. })),
            "{refusal:?}"
        );
    }
    let body = fixture::notification("TRANSACTION.SUCCESS", &paid().to_string());
    let twice = String::from_utf8(body)
        .unwrap()
        .replacen('{', r#"{"event_type":"X","#, 1);
    let refusal = opened(&fixture::signed(twice.as_bytes()), twice.as_bytes());
    assert!(
        matches!(refusal, Err(NoticeRefusal::Unreadable { .. })),
        "{refusal:?}"
    );
}

#[test]
fn events_of_other_kinds_are_received_and_left() {
    let notice = told("MCHTRANSFER.BILL.FINISHED", &json!({ "mch_id": "1" })).unwrap();
    let about = "MCHTRANSFER.BILL.FINISHED".to_owned();
    assert_eq!(notice.fact, NoticeFact::Other { about });
}

#[test]
fn the_answers_are_those_of_the_vectors() {
    let ack = &fixture::read("23_v3_notify.json")["ack"];
    for (receipt, expected) in [
        (Receipt::Committed, &ack["success"][1]),
        (Receipt::Again, &ack["failure"][0]),
        (Receipt::Refused, &ack["failure"][1]),
    ] {
        let reply = reply(receipt);
        assert_eq!(
            json!({ "status": reply.status, "body": reply.body }),
            *expected
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn no_stranger_can_make_it_panic_or_believe(
        signature in ".{0,40}", serial in ".{0,40}", timestamp in "-?[0-9]{0,20}|.{0,9}",
        body in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let headers = [
            ("wechatpay-timestamp", timestamp), ("wechatpay-nonce", "n".to_owned()),
            ("wechatpay-signature", signature), ("wechatpay-serial", serial),
        ].map(|(name, value)| (name.to_owned(), value));
        prop_assert!(opened(&headers, &body).is_err());
    }

    /// Shows F39.
    #[test]
    fn no_content_makes_it_panic_even_under_a_good_signature(
        nonce in ".{0,14}", ciphertext in "[A-Za-z0-9+/=]{0,60}", plain in ".{0,80}",
    ) {
        let body = json!({ "event_type": "REFUND.SUCCESS", "resource": {
            "algorithm": "AEAD_AES_256_GCM", "nonce": nonce, "ciphertext": ciphertext,
        }}).to_string();
        prop_assert!(opened(&fixture::signed(body.as_bytes()), body.as_bytes()).is_err());
        let sealed = fixture::notification("TRANSACTION.SUCCESS", &plain);
        prop_assert!(opened(&fixture::signed(&sealed), &sealed).is_err());
    }
}

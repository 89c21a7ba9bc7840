//! Sensitive fields: encrypted for the platform key that `Wechatpay-Serial` names, and for no other.

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPublicEncryptingKey, PublicEncryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};

use crate::merchant::{Answer, Departure, MCHID, Merchant, der};

/// Encrypts a field for the key with this SPKI.
fn sealed(spki: &[u8], text: &str) -> String {
    let key = PublicEncryptingKey::from_der(spki).unwrap();
    let key = OaepPublicEncryptingKey::new(key).unwrap();
    let mut out = vec![0; key.ciphertext_size()];
    let sealed = key
        .encrypt(&OAEP_SHA1_MGF1SHA1, text.as_bytes(), &mut out, None)
        .unwrap();
    BASE64.encode(sealed)
}

/// A merchant in migration with an abnormal refund: the refund's id, and both keys as (id, SPKI).
async fn abnormal() -> (Merchant, String, [(String, Vec<u8>); 2]) {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    merchant.pay(&code, "order_000001").await;
    let refund = merchant.refund("order_000001", "refund_1", 100).await;
    let (status, _) = merchant
        .control("POST", "/refunds/refund_1", json!({ "state": "ABNORMAL" }))
        .await;
    assert_eq!(status, 200);
    let path = format!("/wechat/{MCHID}/platform");
    let (_, view) = merchant
        .control("POST", &path, json!({ "mode": "migrating" }))
        .await;
    let held = &view["certificates"][0];
    let pem = held["certificate_pem"].as_str().unwrap();
    let certificate = Certificate::from_pem(pem.as_bytes()).unwrap();
    let spki = &certificate.tbs_certificate.subject_public_key_info;
    let keys = [
        (merchant.platform_id.clone(), der(&merchant.platform_pem)),
        (
            held["serial_no"].as_str().unwrap().to_owned(),
            spki.to_der().unwrap(),
        ),
    ];
    let refund_id = refund.body["refund_id"].as_str().unwrap().to_owned();
    (merchant, refund_id, keys)
}

fn body(spki: &[u8], account: &str, name: &str) -> Value {
    json!({
        "out_refund_no": "refund_1", "type": "USER_BANK_CARD", "bank_type": "ICBC_DEBIT",
        "bank_account": sealed(spki, account), "real_name": sealed(spki, name),
    })
}

async fn apply(
    merchant: &Merchant,
    refund_id: &str,
    serial: Option<&str>,
    body: &Value,
) -> (u16, Value) {
    let target = format!("/v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund");
    let departure = Departure {
        reply_serial: serial.map(str::to_owned),
        ..Departure::default()
    };
    let (status, _, text) = merchant
        .send("POST", &target, &body.to_string(), &departure)
        .await
        .unwrap();
    (status, serde_json::from_str(&text).unwrap())
}

async fn refund_state(merchant: &Merchant) -> String {
    let (_, refunds) = merchant.ledger().await;
    refunds[0]["state"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn fields_open_with_the_key_that_the_header_names_be_it_public_key_or_certificate() {
    for place in [0, 1] {
        let (merchant, refund_id, keys) = abnormal().await;
        let (id, spki) = &keys[place];
        let body = body(spki, "6222020200001234567", "张三");
        let (status, answer) = apply(&merchant, &refund_id, Some(id), &body).await;
        assert_eq!((status, &answer["status"]), (200, &json!("PROCESSING")));
        merchant.advance(30).await;
        merchant
            .until(|| async { refund_state(&merchant).await == "SUCCESS" })
            .await;
    }
}

#[tokio::test]
async fn another_keys_fields_a_missing_header_and_an_unknown_serial_are_refused() {
    let (merchant, refund_id, keys) = abnormal().await;
    let [(public_id, public), (serial, certificate)] = &keys;
    let account = "6222020200001234567";
    let unknown = "FFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFF";
    for (named, spki, why) in [
        (Some(public_id.as_str()), certificate, "another key"),
        (Some(serial.as_str()), public, "another key"),
        (None, public, "no header"),
        (Some(unknown), public, "unknown serial"),
    ] {
        let body = body(spki, account, "张三");
        let (status, answer) = apply(&merchant, &refund_id, named, &body).await;
        assert_eq!(
            (status, &answer["code"]),
            (400, &json!("PARAM_ERROR")),
            "{why}"
        );
        assert_eq!(refund_state(&merchant).await, "ABNORMAL", "{why}");
    }
    // Opened, and no account number.
    let (status, answer) = apply(
        &merchant,
        &refund_id,
        Some(public_id),
        &body(public, "not a number", "张三"),
    )
    .await;
    assert_eq!(status, 400);
    assert_eq!(answer["detail"]["field"], "/bank_account");
    // Sent as plain text.
    let mut plain = body(public, account, "张三");
    plain["real_name"] = json!("张三");
    let (status, answer) = apply(&merchant, &refund_id, Some(public_id), &plain).await;
    assert_eq!(
        (status, &answer["detail"]["field"]),
        (400, &json!("/real_name"))
    );
}

#[tokio::test]
async fn only_an_abnormal_refund_can_be_sent_elsewhere() {
    let (merchant, refund_id, keys) = abnormal().await;
    let (id, spki) = &keys[0];
    let body = body(spki, "6222020200001234567", "张三");
    let (status, _) = apply(&merchant, "50000000000000000000000000000", Some(id), &body).await;
    assert_eq!(status, 404);
    assert_eq!(apply(&merchant, &refund_id, Some(id), &body).await.0, 200);
    let (status, answer) = apply(&merchant, &refund_id, Some(id), &body).await;
    assert_eq!((status, &answer["code"]), (400, &json!("INVALID_REQUEST")));
}

#[tokio::test]
async fn every_end_of_a_refund_is_told_on_command() {
    for (state, event) in [
        ("SUCCESS", "REFUND.SUCCESS"),
        ("ABNORMAL", "REFUND.ABNORMAL"),
        ("CLOSED", "REFUND.CLOSED"),
    ] {
        let merchant = Merchant::start().await;
        let code = merchant.native("order_000001").await;
        merchant.pay(&code, "order_000001").await;
        merchant.notices.next().await;
        let accepted: Answer = merchant.refund("order_000001", "refund_1", 40).await;
        merchant
            .control("POST", "/refunds/refund_1", json!({ "state": state }))
            .await;
        let (told, resource) = merchant.open_notice(&merchant.notices.next().await);
        assert_eq!(told["event_type"], event);
        assert_eq!(told["resource"]["original_type"], "refund");
        assert_eq!(resource["refund_status"], state);
        assert_eq!(resource["refund_id"], accepted.body["refund_id"]);
        assert_eq!(resource["amount"]["refund"], 40);
        assert_eq!(resource["mchid"], MCHID);
        assert_eq!(resource.get("success_time").is_some(), state == "SUCCESS");
        assert_eq!(refund_state(&merchant).await, state);
        // And once more.
        let again = json!({ "kind": "refund" });
        merchant
            .control("POST", "/trades/order_000001/notify", again)
            .await;
        let (told, _) = merchant.open_notice(&merchant.notices.next().await);
        assert_eq!(told["event_type"], event);
    }
}

//! WeChat Pay's own keys: certificates that are downloaded and exchanged, the public key, and the
//! time of both.

use std::collections::BTreeSet;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use reqwest::header::HeaderMap;
use serde_json::{Value, json};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem as _, Encode as _};

use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256};

use crate::merchant::{Departure, MCHID, Merchant};

/// Sets with which keys the merchant verifies.
async fn mode(merchant: &Merchant, mode: &str, permille: u16) {
    let set = json!({ "mode": mode, "public_key_permille": permille });
    let path = format!("/wechat/{MCHID}/platform");
    let (status, body) = merchant.control("POST", &path, set).await;
    assert_eq!(status, 200, "{body}");
}

/// Takes a step of the rotation; answers the serials that can be downloaded.
async fn rotate(merchant: &Merchant, step: &str) -> Vec<String> {
    let path = format!("/wechat/{MCHID}/rotation");
    let (status, body) = merchant
        .control("POST", &path, json!({ "step": step }))
        .await;
    assert_eq!(status, 200, "{body}");
    serials(&body["certificates"])
}

fn serials(list: &Value) -> Vec<String> {
    let serial = |entry: &Value| entry["serial_no"].as_str().unwrap().to_owned();
    list.as_array().unwrap().iter().map(serial).collect()
}

fn header<'a>(headers: &'a HeaderMap, name: &str) -> &'a str {
    headers[name].to_str().unwrap()
}

/// Whether the message is signed by the certificate that its `Wechatpay-Serial` names.
fn verifies(certificates: &[(String, Certificate)], headers: &HeaderMap, body: &str) -> bool {
    let serial = header(headers, "Wechatpay-Serial");
    let Some((_, certificate)) = certificates.iter().find(|(held, _)| held == serial) else {
        return false;
    };
    let spki = &certificate.tbs_certificate.subject_public_key_info;
    let key = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki.to_der().unwrap()).unwrap();
    let message = format!(
        "{}\n{}\n{body}\n",
        header(headers, "Wechatpay-Timestamp"),
        header(headers, "Wechatpay-Nonce")
    );
    let signature = BASE64.decode(header(headers, "Wechatpay-Signature"));
    signature.is_ok_and(|bytes| key.verify_sig(message.as_bytes(), &bytes).is_ok())
}

/// Downloads the certificates and verifies the answer with one that is inside it.
async fn download(merchant: &Merchant) -> Vec<(String, Certificate)> {
    let (status, headers, text) = merchant
        .send("GET", "/v3/certificates", "", &Departure::default())
        .await
        .unwrap();
    assert_eq!(status, 200, "{text}");
    let body: Value = serde_json::from_str(&text).unwrap();
    let mut certificates = Vec::new();
    for entry in body["data"].as_array().unwrap() {
        let sealed = &entry["encrypt_certificate"];
        assert_eq!(sealed["associated_data"], "certificate");
        let pem = merchant.unseal_text(sealed);
        let certificate = Certificate::from_pem(pem.as_bytes()).unwrap();
        let serial = certificate.tbs_certificate.serial_number.as_bytes();
        let serial = hex::encode_upper(serial);
        assert_eq!((serial.len(), &json!(serial)), (40, &entry["serial_no"]));
        for name in ["effective_time", "expire_time"] {
            assert!(entry[name].as_str().unwrap().ends_with("+08:00"), "{entry}");
        }
        certificates.push((serial, certificate));
    }
    let named = header(&headers, "Wechatpay-Serial");
    if !named.starts_with("PUB_KEY_ID_") {
        assert!(verifies(&certificates, &headers, &text));
    }
    certificates
}

/// The serial that signed an answer to an ordinary query, which is verified.
async fn signer(
    merchant: &Merchant,
    certificates: &[(String, Certificate)],
    asked: Option<&str>,
) -> String {
    let departure = Departure {
        reply_serial: asked.map(str::to_owned),
        ..Departure::default()
    };
    let target = format!("/v3/pay/transactions/out-trade-no/order_none?mchid={MCHID}");
    let (status, headers, text) = merchant.send("GET", &target, "", &departure).await.unwrap();
    assert_eq!(status, 404, "{text}");
    let by_public_key = merchant.verifies(&headers, &text);
    assert!(by_public_key || verifies(certificates, &headers, &text));
    header(&headers, "Wechatpay-Serial").to_owned()
}

#[tokio::test]
async fn a_merchant_in_public_key_mode_has_no_certificates() {
    let merchant = Merchant::start().await;
    let none = merchant.call("GET", "/v3/certificates", "").await;
    assert_eq!(none.code(), (404, "RESOURCE_NOT_EXISTS"));
}

#[tokio::test]
async fn certificates_are_downloaded_under_the_apiv3_key_and_sign_answers_and_notices() {
    let merchant = Merchant::start().await;
    mode(&merchant, "certificates", 0).await;
    let certificates = download(&merchant).await;
    assert_eq!(certificates.len(), 1);
    let serial = &certificates[0].0;
    assert_eq!(signer(&merchant, &certificates, None).await, *serial);
    assert_eq!(
        signer(&merchant, &certificates, Some(serial)).await,
        *serial
    );
    // This merchant was never given the public key.
    let public = Departure {
        reply_serial: Some(merchant.platform_id.clone()),
        ..Departure::default()
    };
    let (status, _, _) = merchant
        .send("GET", "/v3/certificates", "", &public)
        .await
        .unwrap();
    assert_eq!(status, 400);

    let body = merchant.order("order_000001").to_string();
    let target = "/v3/pay/transactions/native";
    let (_, headers, text) = merchant
        .send("POST", target, &body, &Departure::default())
        .await
        .unwrap();
    assert!(verifies(&certificates, &headers, &text));
    let answer: Value = serde_json::from_str(&text).unwrap();
    merchant
        .pay(answer["code_url"].as_str().unwrap(), "order_000001")
        .await;
    let notice = merchant.notices.next().await;
    assert!(verifies(&certificates, &notice.headers, &notice.body));
}

#[tokio::test]
async fn a_rotation_announces_signs_by_turns_changes_over_and_retires() {
    let merchant = Merchant::start().await;
    mode(&merchant, "certificates", 0).await;
    let old = download(&merchant).await[0].0.clone();

    let announced = rotate(&merchant, "announce").await;
    assert_eq!((announced.len(), &announced[0]), (2, &old));
    let certificates = download(&merchant).await;
    let new = announced[1].clone();
    for _ in 0..3 {
        assert_eq!(signer(&merchant, &certificates, None).await, old);
    }
    // Whoever has the new one already may ask for it.
    assert_eq!(signer(&merchant, &certificates, Some(&new)).await, new);

    rotate(&merchant, "turns").await;
    let mut turns = Vec::new();
    for _ in 0..4 {
        turns.push(signer(&merchant, &certificates, None).await);
    }
    assert_ne!(turns[0], turns[1]);
    assert_eq!(turns[..2], turns[2..]);

    assert_eq!(rotate(&merchant, "sign").await, announced);
    assert_eq!(signer(&merchant, &certificates, None).await, new);
    assert_eq!(signer(&merchant, &certificates, Some(&old)).await, old);

    assert_eq!(rotate(&merchant, "retire").await, [new.as_str()]);
    let left = download(&merchant).await;
    assert_eq!(left.len(), 1);
    let gone = Departure {
        reply_serial: Some(old),
        ..Departure::default()
    };
    let (status, _, _) = merchant
        .send("GET", "/v3/certificates", "", &gone)
        .await
        .unwrap();
    assert_eq!(status, 400);
}

#[tokio::test]
async fn the_old_certificate_is_shown_to_end_once_a_new_one_is_announced() {
    let merchant = Merchant::start().await;
    mode(&merchant, "certificates", 0).await;
    let (_, before) = merchant
        .control("GET", &format!("/wechat/{MCHID}/platform"), json!({}))
        .await;
    rotate(&merchant, "announce").await;
    let (_, after) = merchant
        .control("GET", &format!("/wechat/{MCHID}/platform"), json!({}))
        .await;
    let ends = |view: &Value, place: usize| {
        let text = view["certificates"][place]["expire_time"].as_str().unwrap();
        chrono::DateTime::parse_from_rfc3339(text).unwrap()
    };
    assert!(ends(&after, 0) < ends(&before, 0));
    assert!(ends(&after, 0) < ends(&after, 1));
}

#[tokio::test]
async fn a_sudden_rotation_signs_with_a_certificate_that_nobody_has_seen() {
    let merchant = Merchant::start().await;
    mode(&merchant, "certificates", 0).await;
    let held = download(&merchant).await;
    let new = rotate(&merchant, "sudden").await;
    assert_eq!(new.len(), 1);
    let target = format!("/v3/pay/transactions/out-trade-no/order_none?mchid={MCHID}");
    let (_, headers, text) = merchant
        .send("GET", &target, "", &Departure::default())
        .await
        .unwrap();
    assert_eq!(header(&headers, "Wechatpay-Serial"), new[0]);
    assert!(!verifies(&held, &headers, &text));
    assert!(verifies(&download(&merchant).await, &headers, &text));
}

#[tokio::test]
async fn while_migrating_the_request_chooses_the_answers_key_and_a_share_the_notices() {
    let merchant = Merchant::start().await;
    mode(&merchant, "migrating", 200).await;
    let certificates = download(&merchant).await;
    let serial = &certificates[0].0;
    let public_key = merchant.platform_id.clone();
    assert_eq!(signer(&merchant, &certificates, None).await, *serial);
    assert_eq!(
        signer(&merchant, &certificates, Some(&public_key)).await,
        public_key
    );
    let mut by_public_key = 0;
    for number in 0..10 {
        let number = format!("order_{number:06}");
        let departure = Departure {
            reply_serial: Some(public_key.clone()),
            ..Departure::default()
        };
        let body = merchant.order(&number).to_string();
        let target = "/v3/pay/transactions/native";
        let answer = merchant.call_as("POST", target, &body, &departure).await;
        merchant
            .pay(answer.body["code_url"].as_str().unwrap(), &number)
            .await;
        let notice = merchant.notices.next().await;
        let public = merchant.verifies(&notice.headers, &notice.body);
        assert!(public || verifies(&certificates, &notice.headers, &notice.body));
        by_public_key += usize::from(public);
    }
    assert_eq!(by_public_key, 2, "200 of 1000 are 2 of 10");
}

#[tokio::test]
async fn serials_differ_and_a_share_above_all_is_refused() {
    let merchant = Merchant::start().await;
    mode(&merchant, "certificates", 0).await;
    let mut seen = BTreeSet::new();
    for _ in 0..3 {
        seen.extend(rotate(&merchant, "sudden").await);
    }
    assert_eq!(seen.len(), 3);
    let (status, body) = merchant
        .control(
            "POST",
            &format!("/wechat/{MCHID}/platform"),
            json!({ "mode": "migrating", "public_key_permille": 1001 }),
        )
        .await;
    assert_eq!((status, &body["code"]), (422, &json!("share_invalid")));
    let (status, _) = merchant
        .control("GET", "/wechat/nobody/platform", json!({}))
        .await;
    assert_eq!(status, 404);
}

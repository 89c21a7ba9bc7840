//! The published vectors in `fixtures/wechat`, and the account that they are made for.

use super::{Account, Answers, PlatformKey, Settings};
#[cfg(test)]
use super::{bill, notice, oaep, seal, sign, verify};
use crate::key::SigningKey;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::time::Timestamp;
use serde_json::{Value, json};
#[cfg(test)]
use std::collections::BTreeSet;
use std::sync::LazyLock;

/// One file of vectors.
pub(super) fn read(name: &str) -> Value {
    let path = format!("{}/fixtures/wechat/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The headers of a vector's message.
pub(super) fn headers(object: &Value) -> Vec<(String, String)> {
    let pairs = object.as_object().unwrap().iter();
    pairs
        .map(|(name, value)| (name.clone(), value.as_str().unwrap().to_owned()))
        .collect()
}

/// The account of the vectors, with both platform certificates and the public key.
pub(super) fn account() -> Account {
    Account::new(settings()).unwrap()
}

/// The settings of that account.
pub(super) fn settings() -> Settings {
    let keys = read("00_keys.json");
    let text = |pointer: &str| keys.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    let platform = |id: &str, pem: &str| PlatformKey {
        id: text(id),
        pem: text(pem),
    };
    Settings {
        mchid: text("/mchid"),
        appid: text("/appid"),
        serial_no: text("/merchant/serial_no"),
        merchant_private_key: text("/merchant/private_key_pkcs8_pem").into(),
        merchant_certificate: None,
        apiv3_key: text("/apiv3_key").into(),
        platform_keys: vec![
            platform("/platform_cert_1/serial_no", "/platform_cert_1/cert_pem"),
            platform(
                "/platform_cert_2_leading_zero_serial/serial_no",
                "/platform_cert_2_leading_zero_serial/cert_pem",
            ),
            platform(
                "/wechatpay_public_key/id",
                "/wechatpay_public_key/public_key_spki_pem",
            ),
        ],
        platform_certificates: false,
        answers: Answers::PublicKey,
        lite_appid: None,
        codepay: false,
        app_secret: None,
        sub_merchant: None,
        base_url: Settings::BASE_URL.to_owned(),
        open_url: Settings::OPEN_URL.to_owned(),
        sns_url: Settings::SNS_URL.to_owned(),
        deadline: Settings::DEADLINE,
    }
}

/// When the signed messages of the vectors were signed.
pub(super) const SIGNED_AT: Timestamp = Timestamp::from_millis(1_554_209_980_000);

/// The headers that WeChat would send with this body at [`SIGNED_AT`], signed with the
/// vectors' WeChat Pay public key's private half.
pub(super) fn signed(body: &[u8]) -> Vec<(String, String)> {
    static KEY: LazyLock<(String, SigningKey)> = LazyLock::new(|| {
        let key = read("00_keys.json")["wechatpay_public_key"].take();
        let private = SigningKey::read(key["private_key_pkcs8_pem"].as_str().unwrap());
        (key["id"].as_str().unwrap().to_owned(), private.unwrap())
    });
    let (id, private) = &*KEY;
    let timestamp = SIGNED_AT.seconds().to_string();
    let message = [timestamp.as_bytes(), b"\nabcdef\n", body, b"\n"].concat();
    [
        ("wechatpay-timestamp", timestamp),
        ("wechatpay-nonce", "abcdef".to_owned()),
        ("wechatpay-serial", id.clone()),
        ("wechatpay-signature", private.sign(&message).unwrap()),
    ]
    .map(|(name, value)| (name.to_owned(), value))
    .to_vec()
}

/// A notice's body around this plain text, sealed with the vectors' APIv3 key.
pub(super) fn notification(event_type: &str, plain: &str) -> Vec<u8> {
    static KEY: LazyLock<LessSafeKey> = LazyLock::new(|| {
        let keys = read("00_keys.json");
        let key = UnboundKey::new(&AES_256_GCM, keys["apiv3_key"].as_str().unwrap().as_bytes());
        LessSafeKey::new(key.unwrap())
    });
    let nonce = Nonce::try_assume_unique_for_key(b"fdasflkja484").unwrap();
    let mut sealed = plain.as_bytes().to_vec();
    KEY.seal_in_place_append_tag(nonce, Aad::from(b"x"), &mut sealed)
        .unwrap();
    let resource = json!({
        "original_type": "x", "algorithm": "AEAD_AES_256_GCM", "associated_data": "x",
        "nonce": "fdasflkja484", "ciphertext": STANDARD.encode(sealed),
    });
    let body = json!({
        "id": "EV-1", "create_time": "2019-04-02T20:59:40+08:00", "summary": "x",
        "resource_type": "encrypt-resource", "event_type": event_type, "resource": resource,
    });
    body.to_string().into_bytes()
}

/// The one table: each file of the vectors, and what passes them all.
#[cfg(test)]
const VECTORS: [(&str, fn()); 7] = [
    ("20_v3_request_sign.json", sign::tests::vectors),
    ("21_v3_response_verify.json", verify::tests::vectors),
    ("22_v3_aes_gcm.json", seal::tests::vectors),
    ("23_v3_notify.json", notice::tests::vectors),
    ("24_v3_client_params.json", sign::tests::vectors_of_wallets),
    ("25_v3_oaep.json", oaep::vectors),
    ("30_bill.json", bill::tests::vectors),
];

/// Keys, and what belongs to the adapter of the older version.
#[cfg(test)]
const OTHERS: [&str; 5] = [
    "00_keys.json",
    "10_v2_sign.json",
    "11_v2_client_params.json",
    "12_v2_xml_bodies.json",
    "13_v2_refund_req_info.json",
];

#[test]
fn every_vector_passes_and_none_is_left_out() {
    let index = read("99_index.json");
    let listed = index["files"]
        .as_object()
        .unwrap()
        .keys()
        .map(String::as_str);
    let named = VECTORS.iter().map(|(file, _)| *file).chain(OTHERS);
    assert_eq!(
        listed.collect::<BTreeSet<_>>(),
        named.collect::<BTreeSet<_>>()
    );
    for (_, pass) in VECTORS {
        pass();
    }
}

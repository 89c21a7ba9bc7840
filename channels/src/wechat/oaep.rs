//! Sensitive fields (敏感信息加密): RSAES-OAEP with SHA-1 and an empty label, base64. No call
//! that Till makes sends or gets such a field; the scheme is held here, by its vectors,
//! for the first that does.

use super::fixture;
use aws_lc_rs::rsa::{
    OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, OaepPublicEncryptingKey, PrivateDecryptingKey,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::Value;

fn private(keys: &Value, pointer: &str) -> PrivateDecryptingKey {
    let pem = keys.pointer(pointer).unwrap().as_str().unwrap();
    let base64: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    PrivateDecryptingKey::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap()
}

fn opened(key: PrivateDecryptingKey, sealed: &[u8]) -> String {
    let key = OaepPrivateDecryptingKey::new(key).unwrap();
    let mut out = vec![0; key.min_output_size()];
    let plain = key.decrypt(&OAEP_SHA1_MGF1SHA1, sealed, &mut out, None);
    String::from_utf8(plain.unwrap().to_vec()).unwrap()
}

pub(super) fn vectors() {
    let (keys, vectors) = (
        fixture::read("00_keys.json"),
        fixture::read("25_v3_oaep.json"),
    );
    let cases = vectors["cases"].as_array().unwrap();
    for case in cases {
        let text = case["plaintext"].as_str().unwrap();
        for (field, pointer) in [
            (
                "to_platform_cert_1",
                "/platform_cert_1/private_key_pkcs8_pem",
            ),
            (
                "to_wechatpay_public_key",
                "/wechatpay_public_key/private_key_pkcs8_pem",
            ),
            (
                "to_merchant_(as_in_a_response)",
                "/merchant/private_key_pkcs8_pem",
            ),
        ] {
            let sealed = STANDARD.decode(case[field].as_str().unwrap()).unwrap();
            assert_eq!(opened(private(&keys, pointer), &sealed), text, "{field}");
            let key = private(&keys, pointer).public_key();
            let key = OaepPublicEncryptingKey::new(key).unwrap();
            let mut out = vec![0; key.ciphertext_size()];
            let ours = key.encrypt(&OAEP_SHA1_MGF1SHA1, text.as_bytes(), &mut out, None);
            assert_eq!(opened(private(&keys, pointer), ours.unwrap()), text);
        }
    }
    assert!(!cases.is_empty());
}

#[test]
fn every_sealed_field_of_the_vectors_opens() {
    vectors();
}

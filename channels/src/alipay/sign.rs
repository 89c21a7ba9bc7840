//! What is signed (待签名字符串): `name=value` joined by `&`, sorted by name, values
//! as they are, neither encoded nor re-serialised.
//!
//! Requests keep `sign_type`; notices are checked by the rule that the SDKs call
//! `rsaCheckV1`, which leaves it out. Genuine payment notices verify only so.

use std::collections::BTreeMap;

/// Parameters by name; sorting by bytes is Alipay's order.
pub(super) type Parameters = BTreeMap<String, String>;

/// What becomes of parameters without a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Empty {
    /// They take no part, as in the official Java SDK.
    Dropped,
    /// They take part, as in the official Node and PHP SDKs.
    Kept,
}

/// The text that a request's signature covers.
pub(super) fn request_text(parameters: &Parameters) -> String {
    text(parameters, &["sign"], Empty::Dropped)
}

/// The text that a notice's signature covers (V1).
pub(super) fn notice_text(parameters: &Parameters, empty: Empty) -> String {
    text(parameters, &["sign", "sign_type"], empty)
}

fn text(parameters: &Parameters, without: &[&str], empty: Empty) -> String {
    let mut text = String::new();
    for (name, value) in parameters {
        if without.contains(&name.as_str()) || (value.is_empty() && empty == Empty::Dropped) {
            continue;
        }
        if !text.is_empty() {
            text.push('&');
        }
        text.push_str(name);
        text.push('=');
        text.push_str(value);
    }
    text
}

#[cfg(test)]
pub(super) mod tests {
    use super::super::client::Addresses;
    use super::super::fixture;
    use super::*;
    use crate::key::SigningKey;
    use aws_lc_rs::signature::{ParsedPublicKey, RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY};
    use base64::Engine;
    use base64::engine::general_purpose::STANDARD;
    use serde_json::value::RawValue;

    #[test]
    pub(in crate::alipay) fn every_request_vector_gives_its_text_and_its_signature() {
        let key = SigningKey::read(&fixture::keys("app_private_key_pkcs1_pem")).unwrap();
        let mut seen = Vec::new();
        for vector in fixture::requests() {
            let name = fixture::name(&vector).to_owned();
            let text = request_text(&fixture::parameters(&vector));
            assert_eq!(text, vector["string_to_sign"], "{name}");
            // Till signs with RSA2 only: of the one SHA-1 vector the text is what counts,
            // and that its signature covers it.
            if vector["sign_type"] == "RSA2" {
                assert_eq!(key.sign(text.as_bytes()).unwrap(), vector["sign"], "{name}");
            } else {
                assert_eq!(name, "trade_close_sha1");
                let spki = fixture::keys("app_public_key_spki_base64");
                let spki = STANDARD.decode(spki).unwrap();
                let sign = STANDARD.decode(vector["sign"].as_str().unwrap()).unwrap();
                let sha1 = &RSA_PKCS1_2048_8192_SHA1_FOR_LEGACY_USE_ONLY;
                let key = ParsedPublicKey::new(sha1, spki).unwrap();
                assert!(key.verify_sig(text.as_bytes(), &sign).is_ok());
            }
            seen.push(name);
        }
        let all = [
            "trade_query_minimal",
            "page_pay_utf8",
            "app_pay",
            "trade_close_sha1",
            "trade_refund_cert_mode",
        ];
        assert_eq!(seen, all, "a vector was added: say here what it proves");
    }

    fn content(vector: &serde_json::Value) -> Box<RawValue> {
        RawValue::from_string(vector["params"]["biz_content"].as_str().unwrap().to_owned()).unwrap()
    }

    #[test]
    fn a_page_link_is_the_vectors_link_byte_for_byte() {
        let vector = fixture::requests().swap_remove(1);
        let parameters = fixture::parameters(&vector);
        let addresses = Addresses {
            notify: Some(&parameters["notify_url"]),
            back: Some(&parameters["return_url"]),
        };
        let link = fixture::client()
            .link("alipay.trade.page.pay", &content(&vector), addresses)
            .unwrap();
        let query = vector["get_query_sorted_incl_sign"].as_str().unwrap();
        assert_eq!(
            link,
            format!("https://openapi.alipay.com/gateway.do?{query}")
        );
    }

    #[test]
    fn an_order_string_is_the_vectors_byte_for_byte() {
        let vector = fixture::requests().swap_remove(2);
        let parameters = fixture::parameters(&vector);
        let addresses = Addresses {
            notify: Some(&parameters["notify_url"]),
            back: None,
        };
        let order_string = fixture::client()
            .order_string("alipay.trade.app.pay", &content(&vector), addresses)
            .unwrap();
        assert_eq!(order_string, vector["get_query_sorted_sign_last"]);
    }

    #[test]
    pub(in crate::alipay) fn every_notice_vector_gives_its_v1_text() {
        for vector in fixture::notices() {
            let parameters = fixture::parameters(&vector);
            let name = fixture::name(&vector);
            if name == "payment_success_with_an_empty_value" {
                let dropped = notice_text(&parameters, Empty::Dropped);
                assert_eq!(dropped, vector["string_to_sign_v1_empty_dropped"]);
                let kept = notice_text(&parameters, Empty::Kept);
                assert_eq!(kept, vector["string_to_sign_v1_empty_kept"]);
            } else {
                let text = notice_text(&parameters, Empty::Dropped);
                assert_eq!(text, vector["string_to_sign_v1"], "{name}");
            }
        }
        let genuine = fixture::genuine();
        let text = notice_text(&fixture::parameters(&genuine), Empty::Dropped);
        assert_eq!(text, genuine["string_to_sign_v1"]);
    }
}

//! What Alipay signs and verifies.
//!
//! Requests: every parameter but `sign`, empty ones dropped, sorted, raw values, `sign_type`
//! kept. Notices and `return_url` (V1, `rsaCheckV1`): `sign_type` dropped as well. Answers: the
//! literal characters of the node.

use super::params::Params;

/// The string behind a request's `sign`.
pub(super) fn request_string(params: &Params) -> String {
    join(params, &["sign"])
}

/// The string behind the `sign` of a notice or a `return_url`: without `sign_type`.
pub(super) fn v1_string(params: &Params) -> String {
    join(params, &["sign", "sign_type"])
}

/// The string of the V2 rule, which keeps `sign_type`. Payment notices never use it; a client
/// that knows only this rule must fail.
pub(super) fn v2_string(params: &Params) -> String {
    join(params, &["sign"])
}

fn join(params: &Params, without: &[&str]) -> String {
    let mut text = String::new();
    for (name, value) in params {
        if without.contains(&name.as_str()) || value.trim().is_empty() {
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
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::alipay::fixture::{key, read, vectors};
    use crate::alipay::params::{merge, read_query};
    use crate::key::VerifyingKey;

    fn params(vector: &Value) -> Params {
        serde_json::from_value(vector["params"].clone()).unwrap()
    }

    fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
        vector[name].as_str().unwrap()
    }

    #[test]
    fn published_requests_give_their_strings_and_their_rsa2_signatures_verify() {
        let app = key("app_public_key_spki_pem");
        let mut verified = 0;
        for vector in vectors("01_request_sign.json") {
            let params = params(&vector);
            assert_eq!(request_string(&params), text(&vector, "string_to_sign"));
            let good = app.verifies(request_string(&params).as_bytes(), text(&vector, "sign"));
            assert_eq!(good, vector["sign_type"] == "RSA2", "{}", vector["name"]);
            verified += u32::from(good);
            let tampered = request_string(&params).replacen('1', "2", 1);
            assert!(!app.verifies(tampered.as_bytes(), text(&vector, "sign")));
        }
        assert_eq!(verified, 4);
    }

    #[test]
    fn a_request_is_the_same_in_whatever_part_of_it_the_parameters_travel() {
        for vector in vectors("01_request_sign.json") {
            let mut signed = params(&vector);
            signed.insert("sign".into(), text(&vector, "sign").into());
            if let (Some(query), Some(body)) = (
                vector["post_query_sorted"].as_str(),
                vector["post_body"].as_str(),
            ) {
                assert_eq!(merge(query, body.as_bytes()), signed);
            }
            assert_eq!(
                read_query(text(&vector, "get_query_sorted_sign_last")),
                signed
            );
            assert_eq!(
                read_query(text(&vector, "get_query_sorted_incl_sign")),
                signed
            );
        }
    }

    #[test]
    fn notices_are_signed_by_the_v1_rule_and_the_genuine_one_agrees() {
        let alipay = key("alipay_public_key_spki_pem");
        let mut seen = 0;
        for vector in vectors("03_notify_sign.json") {
            let Some(v1) = vector["string_to_sign_v1"].as_str() else {
                continue;
            };
            let params = params(&vector);
            assert_eq!(v1_string(&params), v1, "{}", vector["name"]);
            if let (Some(v2), Some(sign_v2)) = (
                vector["string_to_sign_v2"].as_str(),
                vector["sign_v2"].as_str(),
            ) {
                assert_eq!(v2_string(&params), v2);
                assert!(alipay.verifies(v2.as_bytes(), sign_v2));
                assert!(!alipay.verifies(v1.as_bytes(), sign_v2));
            }
            if let Some(sign) = vector["sign_v1"].as_str() {
                assert!(alipay.verifies(v1.as_bytes(), sign));
                seen += 1;
            }
        }
        assert!(seen >= 3, "{seen}");
    }

    #[test]
    fn the_genuine_production_notice_verifies_by_v1_only() {
        let genuine = &read("03_notify_sign.json")["genuine_published"];
        let params = params(genuine);
        let alipay = VerifyingKey::parse(text(genuine, "alipay_public_key_spki_base64")).unwrap();
        let sign = params.get("sign").unwrap();
        assert!(alipay.verifies(v1_string(&params).as_bytes(), sign));
        assert!(!alipay.verifies(v2_string(&params).as_bytes(), sign));
    }
}

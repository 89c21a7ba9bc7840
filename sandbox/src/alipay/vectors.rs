//! Every published vector, one table: a file or a vector that nobody looks at fails.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use secrecy::SecretString;
use serde_json::Value;
use serde_json::value::RawValue;

use super::certificate::{Certificate, blocks, root_sn};
use super::fixture::{key, read};
use super::params::{Params, read_query};
use super::sign::{request_string, v1_string, v2_string};
use crate::key::{SigningKey, VerifyingKey};

/// Looks at one vector of a file.
type Check = fn(&str, &Value);
/// Lists the vectors of a file, by name.
type List = fn(&Value) -> Vec<(String, Value)>;

/// The files, what lists their vectors, and who looks at each.
const FILES: [(&str, List, Check); 5] = [
    ("00_keys.json", members, key_form),
    ("01_request_sign.json", listed, request),
    ("02_response_sign.json", listed, response),
    ("03_notify_sign.json", listed, notice),
    ("04_cert_sn.json", members, certificate),
];

#[test]
fn every_published_vector_is_looked_at_and_holds() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("fixtures/alipay");
    let files: BTreeSet<String> = std::fs::read_dir(folder)
        .unwrap()
        .map(|file| file.unwrap().file_name().into_string().unwrap())
        .collect();
    let known: BTreeSet<String> = FILES.iter().map(|(file, ..)| (*file).to_owned()).collect();
    assert_eq!(files, known, "a file of vectors is left out");
    let mut looked_at = BTreeMap::new();
    for (file, list, check) in FILES {
        let vectors = list(&read(file));
        for (name, vector) in &vectors {
            check(name, vector);
        }
        looked_at.insert(file, vectors.len());
    }
    let expected = [10, 5, 8, 5, 5];
    assert_eq!(looked_at.values().copied().collect::<Vec<_>>(), expected);
}

/// The members of a file that is one object, without its explanation.
fn members(file: &Value) -> Vec<(String, Value)> {
    let object = file.as_object().unwrap().clone();
    object
        .into_iter()
        .filter(|(name, _)| !matches!(name.as_str(), "about" | "root_bundle_rows"))
        .map(|(name, value)| {
            let whole = name == "root_bundle_pem" || name == "alipay_root_cert_sn";
            (name, if whole { file.clone() } else { value })
        })
        .collect()
}

/// `vectors`, and what stands beside them.
fn listed(file: &Value) -> Vec<(String, Value)> {
    let mut all: Vec<_> = file["vectors"]
        .as_array()
        .unwrap()
        .iter()
        .map(|vector| (text(vector, "name").to_owned(), vector.clone()))
        .collect();
    for (name, vector) in file.as_object().unwrap() {
        if name != "vectors" && name != "about" {
            all.push((name.clone(), vector.clone()));
        }
    }
    all
}

fn text<'a>(vector: &'a Value, name: &str) -> &'a str {
    vector[name].as_str().unwrap()
}

fn params(vector: &Value) -> Params {
    serde_json::from_value(vector["params"].clone()).unwrap()
}

/// Each form of a key is the other half of the key that it is named after.
fn key_form(name: &str, value: &Value) {
    let value = value.as_str().unwrap();
    let owner = name.split_once('_').unwrap().0;
    if name.contains("public") {
        let private = read("00_keys.json")[format!("{owner}_private_key_pkcs8_base64")].clone();
        let private = SecretString::from(private.as_str().unwrap());
        let signature = SigningKey::restore(&private).unwrap().sign(b"x").unwrap();
        let public = VerifyingKey::parse(value).unwrap();
        assert!(public.verifies(b"x", &signature), "{name}");
    } else if name.contains("pkcs8") {
        let body: String = value
            .lines()
            .filter(|line| !line.starts_with("-----"))
            .collect();
        let signature = SigningKey::restore(&SecretString::from(body)).unwrap();
        let signature = signature.sign(b"x").unwrap();
        let public = key(&format!("{owner}_public_key_spki_pem"));
        assert!(public.verifies(b"x", &signature), "{name}");
    } else {
        assert!(
            VerifyingKey::parse(value).is_err(),
            "{name} is a private key"
        );
    }
}

fn request(name: &str, vector: &Value) {
    let string = request_string(&params(vector));
    assert_eq!(string, text(vector, "string_to_sign"), "{name}");
    let good = key("app_public_key_spki_pem").verifies(string.as_bytes(), text(vector, "sign"));
    assert_eq!(good, vector["sign_type"] == "RSA2", "{name}");
    let mut sent = params(vector);
    sent.insert("sign".to_owned(), text(vector, "sign").to_owned());
    for form in [
        "get_query_sorted_sign_last",
        "get_query_sorted_incl_sign",
        "order_string_percent20_sorted_sign_last",
    ] {
        if let Some(query) = vector[form].as_str() {
            assert_eq!(read_query(query), sent, "{name} {form}");
        }
    }
}

fn response(name: &str, vector: &Value) {
    let parts: BTreeMap<String, Box<RawValue>> =
        serde_json::from_str(text(vector, "raw_body")).unwrap();
    let node = parts
        .values()
        .find(|part| part.get().starts_with('{'))
        .unwrap();
    let alipay = key("alipay_public_key_spki_pem");
    let good = match parts.get("sign") {
        Some(sign) => {
            let sign: String = serde_json::from_str(sign.get()).unwrap();
            let again: Value = serde_json::from_str(node.get()).unwrap();
            assert!(
                name != "reserialised_precreate"
                    || !alipay.verifies(again.to_string().as_bytes(), &sign)
            );
            alipay.verifies(node.get().as_bytes(), &sign)
        }
        None => false,
    };
    let expected = match text(vector, "expect") {
        "verify ok" => true,
        _ if name == "reserialised_precreate" => good,
        _ => false,
    };
    assert_eq!(good, expected, "{name}");
    if let Some(sn) = vector["alipay_cert_sn"].as_str() {
        let sent: String = serde_json::from_str(parts["alipay_cert_sn"].get()).unwrap();
        assert_eq!(sent, sn, "{name}");
    }
}

fn notice(name: &str, vector: &Value) {
    let params = params(vector);
    let (v1, v2) = (v1_string(&params), v2_string(&params));
    if name == "genuine_published" {
        let alipay = text(vector, "alipay_public_key_spki_base64");
        let alipay = VerifyingKey::parse(alipay).unwrap();
        assert_eq!(v1, text(vector, "string_to_sign_v1"));
        assert!(alipay.verifies(v1.as_bytes(), &params["sign"]));
        assert!(!alipay.verifies(v2.as_bytes(), &params["sign"]));
        return;
    }
    let alipay = key("alipay_public_key_spki_pem");
    if name == "payment_success_with_an_empty_value" {
        assert_eq!(v1, text(vector, "string_to_sign_v1_empty_dropped"));
        assert!(alipay.verifies(v1.as_bytes(), text(vector, "sign_empty_dropped")));
        return;
    }
    assert_eq!(v1, text(vector, "string_to_sign_v1"), "{name}");
    assert_eq!(v2, text(vector, "string_to_sign_v2"), "{name}");
    assert!(alipay.verifies(v1.as_bytes(), text(vector, "sign_v1")));
    assert!(alipay.verifies(v2.as_bytes(), text(vector, "sign_v2")));
    let mut sent = params;
    sent.insert("sign".to_owned(), text(vector, "sign_v1").to_owned());
    let form = read_query(text(vector, "form_encoded_with_sign_v1"));
    assert_eq!(form, sent, "{name}");
}

fn certificate(name: &str, vector: &Value) {
    match name {
        "app_cert" | "alipay_cert" => {
            let certificate = Certificate::parse(text(vector, "pem")).unwrap();
            assert_eq!(certificate.sn(), text(vector, "sn"));
            assert_eq!(certificate.pem().trim(), text(vector, "pem").trim());
        }
        "root_bundle_pem" => {
            let bundle = text(vector, "root_bundle_pem");
            let rows = vector["root_bundle_rows"].as_array().unwrap();
            let found: Vec<_> = blocks(bundle)
                .map(|block| Certificate::parse(block).unwrap())
                .collect();
            assert_eq!(found.len(), rows.len());
            for (certificate, row) in found.iter().zip(rows) {
                assert_eq!(certificate.sn(), text(row, "sn"));
            }
        }
        "alipay_root_cert_sn" => {
            let sn = root_sn(text(vector, "root_bundle_pem")).unwrap();
            assert_eq!(sn, text(vector, "alipay_root_cert_sn"));
        }
        // The production bundle itself is not among the vectors: only its form can be looked at.
        "public_fact" => {
            let sn = text(vector, "alipay_root_cert_sn");
            assert!(sn.split('_').all(|sn| sn.len() == 32));
        }
        other => panic!("nobody looks at {other}"),
    }
}

//! Every published vector of APIv3, from one table that leaves none out.
//!
//! The sandbox is the side that verifies requests and client parameters, and that signs, seals and
//! writes everything else. Where a vector is for the other side (an answer that must be refused),
//! the sandbox shows that it is none of what it sends.

use std::collections::BTreeSet;
use std::io::Write as _;

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use serde_json::{Value, json};

use super::authorization::{Authorization, MAX_SKEW_SECONDS, SignedRequest};
use super::client_params::ClientParams;
use super::notify::is_received;
use super::seal::seal;
use super::sign::{PROBE_PREFIX, Signed};
use super::{bill, fixture, oaep};
use crate::key::{SigningKey, VerifyingKey};

/// A list of cases, and what is checked of each.
struct Part {
    file: &'static str,
    /// Where the cases stand in the file, a JSON pointer.
    at: &'static str,
    /// All of them, by name, or by place where they have none.
    cases: &'static [&'static str],
    /// Is given the file, the name and the case.
    check: fn(&Value, &str, &Value),
}

const TABLE: [Part; 10] = [
    Part {
        file: "20_v3_request_sign.json",
        at: "/cases",
        cases: &[
            "certificates",
            "query_by_out_trade_no",
            "query_out_trade_no_with_star_encoded",
            "tradebill_query_order_preserved",
            "native",
            "native_ascii_escaped_body",
            "jsapi",
            "h5",
            "codepay",
            "close",
            "refund",
            "cancel_transfer_post_empty_body",
        ],
        check: a_request_verifies,
    },
    Part {
        file: "20_v3_request_sign.json",
        at: "/negative",
        cases: &["wrong_last_newline", "query_not_signed"],
        check: a_request_is_refused,
    },
    Part {
        file: "21_v3_response_verify.json",
        at: "/positive",
        cases: &[
            "native_ok_platform_cert",
            "native_ok_public_key_mode",
            "leading_zero_serial",
            "close_204_empty_body",
            "certificates",
            "pretty_body_bytes_matter",
        ],
        check: a_message_is_signed_alike,
    },
    Part {
        file: "21_v3_response_verify.json",
        at: "/negative",
        cases: &[
            "tampered_body",
            "unknown_serial",
            "merchant_key_instead_of_platform",
            "signtest_probe",
            "signtest_probe_prefix_on_valid_signature",
            "not_base64",
            "missing_signature_headers_on_200",
            "clock_skew_301s",
            "clock_skew_300s_ok",
        ],
        check: a_message_is_believed_as_expected,
    },
    Part {
        file: "22_v3_aes_gcm.json",
        at: "/cases",
        cases: &[
            "transaction",
            "refund_success",
            "refund_abnormal",
            "refund_closed",
            "empty_associated_data",
            "platform_certificate_1",
            "platform_certificate_2",
            "NEG_flipped_ciphertext_bit",
            "NEG_wrong_associated_data",
        ],
        check: a_text_is_sealed_alike,
    },
    Part {
        file: "23_v3_notify.json",
        at: "/notifications",
        cases: &[
            "transaction_success_platform_cert",
            "transaction_success_public_key",
            "refund_success",
            "refund_abnormal",
            "refund_closed",
        ],
        check: a_notice_is_signed_alike_and_holds_its_resource,
    },
    Part {
        file: "23_v3_notify.json",
        at: "/ack",
        cases: &["success", "failure", "trap"],
        check: an_answer_counts_by_its_status,
    },
    Part {
        file: "24_v3_client_params.json",
        at: "",
        cases: &["official_published_vectors", "local"],
        check: client_parameters_verify,
    },
    Part {
        file: "25_v3_oaep.json",
        at: "/cases",
        cases: &["0", "1", "2", "3"],
        check: a_field_opens_for_its_holder_only,
    },
    Part {
        file: "30_bill.json",
        at: "",
        cases: &[
            "csv_utf8",
            "csv_base64",
            "sha1_hex_of_raw_csv",
            "gzip_base64",
            "sha1_hex_of_gzip_bytes_do_not_use",
            "rows",
            "columns",
            "v3_tradebill_response",
        ],
        check: a_bill_is_written_alike,
    },
];

/// What is no case: explanations, inputs that the cases share, and APIv2's failures.
const BESIDES: [&str; 14] = [
    "algorithm",
    "signer",
    "mchid",
    "serial_no",
    "order_of_auth_params",
    "fixed_clock",
    "verify_keys",
    "clock",
    "request_header",
    "max_plaintext_bytes_2048",
    "note",
    "hash_rule",
    "v2_fail_bodies",
    "about",
];

#[test]
fn every_vector_of_apiv3_holds() {
    for part in &TABLE {
        let file = fixture::read(part.file);
        for (name, case) in cases(file.pointer(part.at).unwrap()) {
            (part.check)(&file, &name, &case);
        }
    }
}

#[test]
fn the_table_leaves_no_vector_out() {
    let mut files = BTreeSet::new();
    for part in &TABLE {
        files.insert(part.file.to_owned());
        let file = fixture::read(part.file);
        let found: BTreeSet<_> = cases(file.pointer(part.at).unwrap())
            .into_iter()
            .map(|(name, _)| name)
            .collect();
        let listed: BTreeSet<_> = part.cases.iter().map(|name| (*name).to_owned()).collect();
        assert_eq!(found, listed, "{}{}", part.file, part.at);
        // Each part of the file is a list of cases, a case, or something besides.
        for name in file.as_object().unwrap().keys() {
            let known = TABLE
                .iter()
                .filter(|other| other.file == part.file)
                .any(|other| {
                    other.at == format!("/{name}")
                        || (other.at.is_empty() && other.cases.contains(&name.as_str()))
                });
            assert!(
                known || BESIDES.contains(&name.as_str()),
                "{}: {name}",
                part.file
            );
        }
    }
    let index = fixture::read("99_index.json");
    let published = index["files"].as_object().unwrap().keys();
    let of_v3 = published.filter(|name| name.starts_with('2') || name.starts_with('3'));
    assert_eq!(files, of_v3.cloned().collect());
}

/// The cases of a list or an object, with their names.
fn cases(list: &Value) -> Vec<(String, Value)> {
    match list {
        Value::Array(cases) => cases
            .iter()
            .enumerate()
            .map(|(place, case)| {
                let name = case["name"].as_str().map(str::to_owned);
                (name.unwrap_or_else(|| place.to_string()), case.clone())
            })
            .collect(),
        Value::Object(cases) => cases
            .iter()
            .filter(|(name, _)| !BESIDES.contains(&name.as_str()))
            .map(|(name, case)| (name.clone(), case.clone()))
            .collect(),
        other => panic!("no list of cases: {other}"),
    }
}

fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_default()
}

fn header<'a>(case: &'a Value, name: &str) -> &'a str {
    text(&case["headers"], name)
}

fn a_request_verifies(_: &Value, name: &str, case: &Value) {
    let read = Authorization::parse(text(case, "authorization")).unwrap();
    let request = SignedRequest {
        method: text(case, "method"),
        target: text(case, "request_target"),
        body: text(case, "body").as_bytes(),
    };
    read.verify(request, &fixture::merchant_key()).expect(name);
    assert_eq!(read.signature, text(case, "signature"), "{name}");
    read.check_clock(1_554_208_460).expect(name);
}

fn a_request_is_refused(file: &Value, name: &str, case: &Value) {
    let target = case["actual_request_target"].as_str();
    let signed = Authorization {
        mchid: text(file, "mchid").to_owned(),
        serial_no: text(file, "serial_no").to_owned(),
        nonce_str: "593BEC0C930BF1AFEB40B4A08C8FB242".to_owned(),
        timestamp: "1554208460".to_owned(),
        signature: text(case, "signature").to_owned(),
    };
    let request = SignedRequest {
        method: "GET",
        target: target.unwrap_or("/v3/certificates"),
        body: b"",
    };
    let problem = signed
        .verify(request, &fixture::merchant_key())
        .unwrap_err();
    assert_eq!(
        (problem.status(), problem.code()),
        (401, "SIGN_ERROR"),
        "{name}"
    );
}

fn a_message_is_signed_alike(_: &Value, name: &str, case: &Value) {
    let key = fixture::held(header(case, "Wechatpay-Serial"));
    let made = Signed::new(
        &key,
        header(case, "Wechatpay-Timestamp").parse().unwrap(),
        header(case, "Wechatpay-Nonce").to_owned(),
        text(case, "body").as_bytes(),
    );
    for (header_name, value) in made.unwrap().headers() {
        assert_eq!(value, header(case, header_name), "{header_name} of {name}");
    }
}

/// A message that must be refused is none that the sandbox signed, or it is too old.
fn a_message_is_believed_as_expected(file: &Value, name: &str, case: &Value) {
    let serial = header(case, "Wechatpay-Serial");
    let known = file["verify_keys"].get(serial);
    let genuine = known.is_some() && {
        let message = format!(
            "{}\n{}\n{}\n",
            header(case, "Wechatpay-Timestamp"),
            header(case, "Wechatpay-Nonce"),
            text(case, "body")
        );
        let signature = header(case, "Wechatpay-Signature");
        fixture::platform_public_key(serial).verifies(message.as_bytes(), signature)
    };
    let now = case["now"].as_i64().or(file["fixed_clock"].as_i64());
    let sent: i64 = header(case, "Wechatpay-Timestamp")
        .parse()
        .unwrap_or_default();
    let fresh = now.unwrap().abs_diff(sent) <= MAX_SKEW_SECONDS.unsigned_abs();
    let expected = text(case, "expect").starts_with("accept");
    assert_eq!(genuine && fresh, expected, "{name}");
    let marked = header(case, "Wechatpay-Signature").starts_with(PROBE_PREFIX);
    assert_eq!(marked, name.starts_with("signtest"), "{name}");
}

fn open(case: &Value) -> Option<String> {
    let key = UnboundKey::new(&AES_256_GCM, text(case, "key").as_bytes()).unwrap();
    let nonce = Nonce::try_assume_unique_for_key(text(case, "nonce").as_bytes()).unwrap();
    let aad = Aad::from(text(case, "associated_data").as_bytes());
    let mut sealed = BASE64.decode(text(case, "ciphertext")).unwrap();
    let plain = LessSafeKey::new(key).open_in_place(nonce, aad, &mut sealed);
    plain
        .ok()
        .map(|plain| String::from_utf8(plain.to_vec()).unwrap())
}

fn a_text_is_sealed_alike(_: &Value, name: &str, case: &Value) {
    let Some(plaintext) = case["plaintext"].as_str() else {
        assert!(name.starts_with("NEG_") && open(case).is_none(), "{name}");
        return;
    };
    let nonce = text(case, "nonce").as_bytes().try_into().unwrap();
    let aad = text(case, "associated_data");
    let sealed = seal(text(case, "key"), nonce, aad, plaintext.as_bytes());
    assert_eq!(sealed.unwrap(), text(case, "ciphertext"), "{name}");
    assert_eq!(open(case).as_deref(), Some(plaintext), "{name}");
}

fn a_notice_is_signed_alike_and_holds_its_resource(file: &Value, name: &str, case: &Value) {
    a_message_is_signed_alike(file, name, case);
    let event: Value = serde_json::from_str(text(case, "body")).unwrap();
    let mut resource = event["resource"].clone();
    resource["key"] = fixture::read("00_keys.json")["apiv3_key"].clone();
    let opened: Value = serde_json::from_str(&open(&resource).unwrap()).unwrap();
    assert_eq!(opened, case["decrypted_resource"], "{name}");
    assert_eq!(
        resource["original_type"], resource["associated_data"],
        "{name}"
    );
}

fn an_answer_counts_by_its_status(_: &Value, name: &str, case: &Value) {
    let answers = match case {
        Value::Array(answers) => answers.clone(),
        answer => vec![answer.clone()],
    };
    for answer in answers {
        let status = answer["status"].as_u64().unwrap().try_into().unwrap();
        assert_eq!(is_received(status), name != "failure", "{name}: {status}");
    }
}

fn client_parameters_verify(_: &Value, name: &str, case: &Value) {
    let (jsapi, app, key) = if name == "local" {
        let params = |product: &str| case[product]["params"].clone();
        (params("jsapi"), params("app"), fixture::merchant_key())
    } else {
        let (id, time) = ("wx201410272009395522657a690389285100", "1554208460");
        let nonce = "593BEC0C930BF1AFEB40B4A08C8FB242";
        let jsapi = json!({
            "appId": "wx2421b1c4370ec43b", "timeStamp": time, "nonceStr": nonce,
            "package": format!("prepay_id={id}"), "signType": "RSA",
            "paySign": case["jsapi"]["paySign"],
        });
        let app = json!({
            "appid": "wx2421b1c4370ec43b", "partnerid": "1900009191", "prepayid": id,
            "package": "Sign=WXPay", "noncestr": nonce, "timestamp": time,
            "sign": case["app"]["sign"],
        });
        let key = fixture::public_key(text(case, "recovered_public_key_spki_pem"));
        (jsapi, app, key)
    };
    for params in [jsapi, app] {
        let read = ClientParams::parse(params.as_object().unwrap()).unwrap();
        verifies(&read, &key, name);
    }
}

fn verifies(params: &ClientParams, key: &VerifyingKey, name: &str) {
    assert_eq!(params.prepay_id, "wx201410272009395522657a690389285100");
    params.verify(key).expect(name);
}

fn a_field_opens_for_its_holder_only(_: &Value, name: &str, case: &Value) {
    let keys = fixture::read("00_keys.json");
    let key = |holder: &str| {
        let pem = text(&keys[holder], "private_key_pkcs8_pem");
        let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
        SigningKey::restore(&body.into()).unwrap()
    };
    let holders = [
        ("to_platform_cert_1", key("platform_cert_1")),
        ("to_wechatpay_public_key", key("wechatpay_public_key")),
        ("to_merchant_(as_in_a_response)", key("merchant")),
    ];
    for (to, _) in &holders {
        for (holder, key) in &holders {
            let opened = oaep::open(key, text(case, to)).ok();
            let expected = (to == holder).then(|| text(case, "plaintext").to_owned());
            assert_eq!(opened, expected, "{name} {to} with the key of {holder}");
        }
    }
    for broken in ["", "***", "AAAA"] {
        assert!(oaep::open(&holders[0].1, broken).is_err(), "{broken}");
    }
}

fn a_bill_is_written_alike(_: &Value, name: &str, case: &Value) {
    let bill = bill::sheet::tests::of_the_vectors();
    let csv = std::str::from_utf8(&bill.csv).unwrap();
    let lines: Vec<_> = csv.trim_start_matches('\u{feff}').split("\r\n").collect();
    match name {
        "csv_utf8" => assert_eq!(csv, case.as_str().unwrap()),
        "csv_base64" => assert_eq!(BASE64.encode(csv), case.as_str().unwrap()),
        "sha1_hex_of_raw_csv" => assert_eq!(bill.sha1, case.as_str().unwrap()),
        "sha1_hex_of_gzip_bytes_do_not_use" => assert_ne!(bill.sha1, case.as_str().unwrap()),
        "gzip_base64" => {
            let theirs = BASE64.decode(case.as_str().unwrap()).unwrap();
            assert_eq!(gunzip(&theirs), bill.csv);
            assert_eq!(gunzip(&bill.gzip()), bill.csv);
        }
        "rows" => {
            let rows = lines[1..3].iter().map(|line| {
                let cells = line.strip_prefix('`').unwrap().split(",`");
                cells.collect::<Vec<_>>()
            });
            assert_eq!(json!(rows.collect::<Vec<_>>()), *case);
        }
        "columns" => assert_eq!(json!(lines[0].split(',').collect::<Vec<_>>()), *case),
        "v3_tradebill_response" => {
            assert_eq!(
                (&case["hash_type"], &case["hash_value"]),
                (&json!("SHA1"), &json!(bill.sha1))
            );
        }
        other => panic!("unknown: {other}"),
    }
}

fn gunzip(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::new();
    let mut decoder = flate2::write::GzDecoder::new(&mut plain);
    decoder.write_all(bytes).unwrap();
    decoder.finish().unwrap();
    plain
}

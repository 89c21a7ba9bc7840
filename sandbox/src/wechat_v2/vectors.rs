//! Every published vector of v2, one table a file; none is left out.

use std::collections::BTreeSet;

use serde_json::{Map, Value};

use super::call::{Service, WRONG_SIGN, refused};
use super::client_params::ClientParams;
use super::fixture;
use super::order::{Order, TradeType};
use super::req_info::seal;
use super::request::Request;
use super::sign::{SignType, text};
use super::xml::{self, Fields, Unreadable};

const KEY: &str = "192006250b4c09247ec02edce69f6a2d";

const BODIES: [&str; 32] = [
    "req_unifiedorder_jsapi",
    "req_unifiedorder_native",
    "req_unifiedorder_app",
    "req_unifiedorder_mweb",
    "req_unifiedorder_native_hmac",
    "resp_unifiedorder_jsapi_ok",
    "resp_unifiedorder_native_ok",
    "resp_unifiedorder_mweb_ok",
    "resp_unifiedorder_biz_fail_duplicate",
    "resp_transport_fail_sign_error",
    "resp_transport_fail_frequency",
    "resp_orderquery_notpay",
    "resp_orderquery_success",
    "resp_orderquery_not_exist",
    "resp_micropay_userpaying",
    "resp_orderquery_payerror",
    "resp_reverse_ok",
    "resp_reverse_recall",
    "resp_closeorder_ok",
    "resp_closeorder_paid",
    "req_refund",
    "resp_refund_accepted",
    "notify_pay_md5",
    "notify_pay_hmac_no_sign_type_field",
    "NEG_notify_tampered_total_fee",
    "NEG_notify_without_sign",
    "NEG_notify_empty_sign",
    "NEG_notify_xxe",
    "NEG_notify_billion_laughs",
    "NEG_notify_duplicate_element",
    "ack_success",
    "ack_fail",
];

fn string<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap()
}

/// Parameters of a vector; `null` is absent, and a number is its digits.
fn fields(params: &Value) -> Fields {
    let params = params.as_object().unwrap();
    let given = params.iter().filter(|(_, value)| !value.is_null());
    given
        .map(|(name, value)| {
            let text = value
                .as_str()
                .map_or_else(|| value.to_string(), str::to_owned);
            (name.clone(), text)
        })
        .collect()
}

fn named(cases: &Value) -> BTreeSet<&str> {
    let cases = cases.as_array().unwrap();
    cases.iter().map(|case| string(case, "name")).collect()
}

#[test]
fn the_vectors_that_are_published_are_those_that_are_tested_here() {
    let signs = fixture::read("10_v2_sign.json");
    let signs = named(&signs["cases"]);
    assert_eq!(
        signs,
        BTreeSet::from([
            "official_doc_example",
            "empty_values_skipped",
            "zero_value_is_not_empty",
            "ascii_order_is_case_sensitive",
            "existing_sign_ignored",
            "sign_type_participates",
            "json_and_utf8_value_raw",
            "ampersand_in_value_raw",
            "numbered_coupon_fields",
            "unifiedorder_jsapi",
            "unifiedorder_native",
            "unifiedorder_app",
            "unifiedorder_mweb",
        ])
    );
    let params = fixture::read("11_v2_client_params.json");
    let params: Vec<_> = params.as_object().unwrap().keys().cloned().collect();
    assert_eq!(params, ["app", "jsapi", "key", "mweb", "native_mode1_url"]);
    let bodies = fixture::read("12_v2_xml_bodies.json");
    assert_eq!(named(&bodies["bodies"]), BTreeSet::from(BODIES));
    let bill = fixture::read("30_bill.json");
    let failures: Vec<_> = bill["v2_fail_bodies"].as_object().unwrap().keys().collect();
    assert_eq!(failures, ["no_bill", "not_ready", "note", "sign_error"]);
    let sealed = fixture::read("13_v2_refund_req_info.json");
    assert_eq!(
        named(&sealed["cases"]),
        BTreeSet::from([
            "success",
            "change_abnormal",
            "refundclose",
            "len_multiple_of_16_full_pad_block",
            "nonstandard_unpadded_as_axios_plugin_encrypts",
        ])
    );
}

#[test]
fn every_parameter_set_is_signed_as_published() {
    for case in fixture::read("10_v2_sign.json")["cases"]
        .as_array()
        .unwrap()
    {
        let (name, key) = (string(case, "name"), string(case, "key"));
        let params = fields(&case["params"]);
        assert_eq!(
            text(&params, key),
            string(case, "string_sign_temp"),
            "{name}"
        );
        assert_eq!(
            SignType::Md5.sign(&params, key),
            string(case, "md5"),
            "{name}"
        );
        let hmac = SignType::HmacSha256.sign(&params, key);
        assert_eq!(hmac, string(case, "hmac_sha256"), "{name}");
    }
}

#[test]
fn every_set_of_client_parameters_verifies_and_none_by_the_other_sign_type() {
    let vectors = fixture::read("11_v2_client_params.json");
    for product in ["jsapi", "app"] {
        for (name, sign_type, other) in [
            ("MD5", SignType::Md5, SignType::HmacSha256),
            ("HMAC-SHA256", SignType::HmacSha256, SignType::Md5),
        ] {
            let params: &Map<_, _> = vectors[product][name]["params"].as_object().unwrap();
            let read = ClientParams::parse(params).unwrap();
            assert_eq!(read.app_id, "wxd678efh567hg6787");
            assert_eq!(read.prepay_id, "wx201410272009395522657a690389285100");
            read.verify(sign_type, KEY).unwrap();
            assert!(read.verify(other, KEY).is_err(), "{product} {name}");
        }
    }
    // Mode 1 is a merchant's own code: the sandbox hands out mode 2 only, and knows its signature.
    let legacy = &vectors["native_mode1_url"];
    let sign = SignType::Md5.sign(&fields(&legacy["params"]), KEY);
    assert_eq!(sign, string(legacy, "sign"));
    // What a merchant appends to a link is the link's own query, encoded.
    let mweb = &vectors["mweb"];
    let mut link = url::Url::parse(string(mweb, "mweb_url")).unwrap();
    let back = string(mweb, "redirect_url_plain");
    link.query_pairs_mut().append_pair("redirect_url", back);
    assert_eq!(link.as_str(), string(mweb, "result"));
}

#[test]
fn tampered_or_mixed_up_client_parameters_are_refused() {
    let vectors = fixture::read("11_v2_client_params.json");
    for (product, name, value) in [
        ("jsapi", "package", "prepay_id=wx0"),
        ("jsapi", "package", "wx201410272009395522657a690389285100"),
        ("jsapi", "signType", "RSA"),
        ("jsapi", "timeStamp", "2014-10-29"),
        ("jsapi", "extra", "x"),
        ("app", "prepayid", "wx0"),
        ("app", "partnerid", "1900000000"),
        (
            "app",
            "package",
            "prepay_id=wx201410272009395522657a690389285100",
        ),
        ("app", "signType", "MD5"),
    ] {
        let params = &vectors[product]["MD5"]["params"];
        let mut params = params.as_object().unwrap().clone();
        params.insert(name.to_owned(), Value::from(value));
        let refused = match ClientParams::parse(&params) {
            Ok(read) => read.verify(SignType::Md5, KEY).is_err(),
            Err(_) => true,
        };
        assert!(refused, "{product} {name} {value}");
    }
}

#[test]
fn every_body_is_read_and_verified_or_refused_as_published() {
    for body in fixture::read("12_v2_xml_bodies.json")["bodies"]
        .as_array()
        .unwrap()
    {
        let name = string(body, "name");
        let read = xml::read("xml", string(body, "xml_cdata").as_bytes());
        match name {
            "NEG_notify_xxe" | "NEG_notify_billion_laughs" => {
                assert_eq!(read, Err(Unreadable::DocType), "{name}");
                continue;
            }
            "NEG_notify_duplicate_element" => {
                assert_eq!(read, Err(Unreadable::Doubled), "{name}");
                continue;
            }
            _ => {}
        }
        let read = read.unwrap();
        if body["fields"].is_object() {
            assert_eq!(read, fields(&body["fields"]), "{name}");
        }
        if let Some(plain) = body["xml_plain"].as_str() {
            assert_eq!(xml::read("xml", plain.as_bytes()).unwrap(), read, "{name}");
        }
        assert_eq!(
            xml::read("xml", xml::write(&read).as_bytes()).unwrap(),
            read
        );
        let sign_type = SignType::named(body["sign_type"].as_str()).unwrap();
        let signed = body["sign_type"].is_string();
        assert_eq!(sign_type.verifies(&read, KEY), signed, "{name}");
        read_as_order(name, &read);
    }
}

/// The published orders are orders that the sandbox takes.
fn read_as_order(name: &str, fields: &Fields) {
    if name.starts_with("req_unifiedorder") {
        let trade_type = TradeType::read(Request(fields)).unwrap();
        let order = Order::read(Request(fields), trade_type).unwrap();
        assert_eq!(
            (order.total_fee, &*order.out_trade_no),
            (88, "20150806125346")
        );
    }
}

#[test]
fn every_refund_notice_is_encrypted_as_published() {
    let vectors = fixture::read("13_v2_refund_req_info.json");
    let key = string(&vectors, "apiv2_key");
    for case in vectors["cases"].as_array().unwrap() {
        let (name, plain) = (string(case, "name"), string(case, "plaintext"));
        let sealed = seal(plain, key).unwrap();
        match case["req_info_without_pad_block"].as_str() {
            // What the real channel never sends, and the sandbox does not either.
            Some(unpadded) => assert_ne!(sealed, unpadded, "{name}"),
            None => assert_eq!(sealed, string(case, "req_info"), "{name}"),
        }
        if case["fields"].is_object() {
            let read = xml::read("root", plain.as_bytes()).unwrap();
            assert_eq!(read, fields(&case["fields"]), "{name}");
            assert_eq!(xml::write_root(&read), plain, "{name}");
        }
    }
    let outer = xml::read("xml", string(&vectors, "outer_notify_xml").as_bytes()).unwrap();
    assert_eq!(outer["req_info"], string(&vectors["cases"][0], "req_info"));
    assert!(!outer.contains_key("sign"));
}

#[test]
fn a_bill_is_refused_as_published() {
    let vectors = fixture::read("30_bill.json");
    let service = Service {
        name: "v2/downloadbill",
        needs_certificate: false,
        is_bill: true,
    };
    for (name, message) in [
        ("no_bill", "No Bill Exist"),
        ("not_ready", "Bill Creating"),
        ("sign_error", WRONG_SIGN),
    ] {
        let published = string(&vectors["v2_fail_bodies"], name);
        let published = xml::read("xml", published.as_bytes()).unwrap();
        assert_eq!(refused(service, message), published, "{name}");
    }
}

#[test]
fn the_sandbox_says_what_the_published_answers_say() {
    let bodies = fixture::read("12_v2_xml_bodies.json");
    let bodies = bodies["bodies"].as_array().unwrap();
    let refusals = bodies.iter().filter_map(|body| {
        let fields = body["fields"].as_object()?;
        let code = fields.get("err_code")?.as_str()?;
        Some((code, fields["err_code_des"].as_str()?))
    });
    let mut compared = 0;
    for (code, description) in refusals {
        let ours = super::refusal::CODES
            .iter()
            .find(|(known, _)| *known == code);
        assert_eq!(ours, Some(&(code, description)));
        compared += 1;
    }
    assert_eq!(compared, 5);
}

//! The vectors of APIv2 and the account that they speak for.

use super::account::{Account, Settings};
use super::sign::{SIGN, SignType};
use super::wire::Fields;
use super::xml;
#[cfg(test)]
use super::{answer, bills, notice, pay, seal, sign};
use serde_json::Value;
#[cfg(test)]
use std::collections::BTreeSet;

/// One file of vectors.
pub(super) fn read(name: &str) -> Value {
    let path = format!("{}/fixtures/wechat/{name}", env!("CARGO_MANIFEST_DIR"));
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// The parameters of a vector; `null` means absent, as its files say.
pub(super) fn fields(object: &Value) -> Fields {
    let mut fields = Fields::default();
    for (name, value) in object.as_object().unwrap() {
        match value {
            Value::Null => {}
            Value::String(text) => fields.set(name, text.as_str()),
            other => fields.set(name, other.to_string()),
        }
    }
    fields
}

/// One body of the vectors, in one of its spellings.
pub(super) fn body(name: &str, spelling: &str) -> String {
    let vectors = read("12_v2_xml_bodies.json");
    let mut bodies = vectors["bodies"].as_array().unwrap().iter();
    let found = bodies.find(|case| case["name"] == name).unwrap();
    found[spelling].as_str().unwrap().to_owned()
}

/// The account of the vectors.
pub(super) fn account() -> Account {
    Account::new(settings()).unwrap()
}

/// The settings of that account, which signs with MD5.
pub(super) fn settings() -> Settings {
    let keys = read("00_keys.json");
    let text = |pointer: &str| keys.pointer(pointer).unwrap().as_str().unwrap().to_owned();
    Settings {
        mch_id: text("/mchid"),
        appid: text("/appid"),
        lite_appid: None,
        sub_merchant: None,
        apiv2_key: text("/apiv2_key").into(),
        sign_type: SignType::Md5,
        merchant_certificate: text("/merchant/cert_pem"),
        merchant_private_key: text("/merchant/private_key_pkcs8_pem").into(),
        app_secret: None,
        open_url: Settings::OPEN_URL.to_owned(),
        sns_url: Settings::SNS_URL.to_owned(),
        base_url: Settings::BASE_URL.to_owned(),
        authority: None,
        deadline: Settings::DEADLINE,
    }
}

/// The message that WeChat would send with these fields, signed with the vectors' key.
pub(super) fn signed(mut fields: Fields) -> String {
    fields.set(SIGN, account().signer.sign(&fields));
    xml::write(&fields)
}

/// The one table: each file of the vectors, and what passes its entries; who reads a file
/// in another module stands in another row.
#[cfg(test)]
const VECTORS: [(&str, fn()); 10] = [
    ("10_v2_sign.json", sign::tests::vectors),
    ("11_v2_client_params.json", pay::tests::vectors_of_wallets),
    ("12_v2_xml_bodies.json", xml::tests::vectors),
    ("12_v2_xml_bodies.json", sign::tests::vectors_of_bodies),
    ("12_v2_xml_bodies.json", pay::tests::vectors_of_bodies),
    ("12_v2_xml_bodies.json", answer::tests::vectors),
    ("12_v2_xml_bodies.json", notice::tests::vectors),
    ("13_v2_refund_req_info.json", seal::tests::vectors),
    (
        "13_v2_refund_req_info.json",
        notice::tests::vectors_of_refunds,
    ),
    ("30_bill.json", bills::tests::vectors),
];

/// Keys, and what belongs to the adapter of the newer version.
#[cfg(test)]
const OTHERS: [&str; 7] = [
    "00_keys.json",
    "20_v3_request_sign.json",
    "21_v3_response_verify.json",
    "22_v3_aes_gcm.json",
    "23_v3_notify.json",
    "24_v3_client_params.json",
    "25_v3_oaep.json",
];

#[test]
fn every_vector_passes_and_none_is_left_out() {
    let index = read("99_index.json");
    let files = index["files"].as_object().unwrap();
    let listed = files.keys().map(String::as_str);
    let named = VECTORS.iter().map(|(file, _)| *file).chain(OTHERS);
    assert_eq!(
        listed.collect::<BTreeSet<_>>(),
        named.collect::<BTreeSet<_>>()
    );
    for (_, pass) in VECTORS {
        pass();
    }
}

//! The vectors of APIv2 and the account that they speak for.

use super::account::{Account, Settings};
use super::sign::{SIGN, SignType};
use super::wire::Fields;
use super::xml;
use serde_json::Value;

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

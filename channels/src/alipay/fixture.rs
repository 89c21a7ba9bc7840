//! What the tests of this folder share: the published vectors, and an account made
//! of their keys. The stand-in for Alipay signs with the vectors' own key.

use super::account::Account;
use super::client::Client;
use super::settings::Settings;
use super::sign::{self, Empty, Parameters};
use crate::key::SigningKey;
use async_trait::async_trait;
use cashier::time::{Clock, Span, Timestamp};
use serde_json::Value;
use std::sync::{Arc, LazyLock};
use url::form_urlencoded;

/// 2024-07-24 03:07:50 GMT+8, the time of the request vectors, and 999 ms.
pub(super) const NOW: Timestamp = Timestamp::from_millis(1_721_761_670_999);

struct Stopped;

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Span) {}
}

pub(super) fn keys(name: &str) -> String {
    let keys: Value =
        serde_json::from_str(include_str!("../../fixtures/alipay/00_keys.json")).unwrap();
    keys[name].as_str().unwrap().to_owned()
}

pub(super) fn requests() -> Vec<Value> {
    vectors(include_str!("../../fixtures/alipay/01_request_sign.json"))
}

pub(super) fn answers() -> Vec<Value> {
    vectors(include_str!("../../fixtures/alipay/02_response_sign.json"))
}

pub(super) fn notices() -> Vec<Value> {
    vectors(include_str!("../../fixtures/alipay/03_notify_sign.json"))
}

/// The notice that Alipay published, signed by its production key.
pub(super) fn genuine() -> Value {
    let file: Value =
        serde_json::from_str(include_str!("../../fixtures/alipay/03_notify_sign.json")).unwrap();
    file["genuine_published"].clone()
}

pub(super) fn certificates() -> Value {
    serde_json::from_str(include_str!("../../fixtures/alipay/04_cert_sn.json")).unwrap()
}

fn vectors(file: &str) -> Vec<Value> {
    let file: Value = serde_json::from_str(file).unwrap();
    file["vectors"].as_array().unwrap().clone()
}

pub(super) fn name(vector: &Value) -> &str {
    vector["name"].as_str().unwrap()
}

pub(super) fn parameters(vector: &Value) -> Parameters {
    let parameters = vector["params"].as_object().unwrap();
    parameters
        .iter()
        .map(|(k, v)| (k.clone(), v.as_str().unwrap().to_owned()))
        .collect()
}

pub(super) fn settings() -> Settings {
    Settings::new(
        "2021000000000001",
        "2088000000000001",
        keys("app_private_key_pkcs8_base64").into(),
        keys("alipay_public_key_spki_base64"),
    )
}

pub(super) fn account() -> Account {
    Account::new(settings()).unwrap()
}

pub(super) fn client() -> Client {
    Client::new(account(), Arc::new(Stopped)).unwrap()
}

/// The stand-in for Alipay's own key.
pub(super) fn alipay() -> SigningKey {
    SigningKey::read(&keys("alipay_private_key_pkcs8_base64")).unwrap()
}

/// A notice's body as Alipay would send these parameters.
pub(super) fn signed_form(mut parameters: Parameters) -> Vec<u8> {
    static ALIPAY: LazyLock<SigningKey> = LazyLock::new(alipay);
    let text = sign::notice_text(&parameters, Empty::Dropped);
    parameters.insert("sign".to_owned(), ALIPAY.sign(text.as_bytes()).unwrap());
    form(&parameters)
}

pub(super) fn form(parameters: &Parameters) -> Vec<u8> {
    form_urlencoded::Serializer::new(String::new())
        .extend_pairs(parameters)
        .finish()
        .into_bytes()
}

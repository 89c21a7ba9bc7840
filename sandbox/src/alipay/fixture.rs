//! The published vectors, for the tests of this folder.

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use crate::account::{Accounts, AlipayAccount, AlipayApp};
use crate::key::VerifyingKey;

pub(super) fn read(file: &str) -> Value {
    let path = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/alipay")
        .join(file);
    serde_json::from_slice(&std::fs::read(path).unwrap()).unwrap()
}

pub(super) fn vectors(file: &str) -> Vec<Value> {
    read(file)["vectors"].as_array().unwrap().clone()
}

pub(super) fn key(name: &str) -> VerifyingKey {
    VerifyingKey::parse(read("00_keys.json")[name].as_str().unwrap()).unwrap()
}

/// An app in key mode that uses the published app key.
pub(super) fn account() -> Arc<AlipayAccount> {
    let accounts = Accounts::default();
    let public = read("00_keys.json")["app_public_key_spki_pem"].clone();
    accounts
        .register_alipay(AlipayApp {
            app_id: "2021000000000001".to_owned(),
            seller_id: "2088000000000001".to_owned(),
            app_public_key_pem: public.as_str().unwrap().to_owned(),
        })
        .unwrap();
    accounts.alipay("2021000000000001").unwrap()
}

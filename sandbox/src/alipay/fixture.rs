//! The published vectors, for the tests of this folder.

use std::path::Path;

use serde_json::Value;

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

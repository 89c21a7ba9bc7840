//! Reads the published vectors and their throw-away keys for the tests beside the code.

use secrecy::SecretString;
use serde_json::Value;

use crate::key::{SigningKey, VerifyingKey};

/// One file of `fixtures/wechat`.
pub(super) fn read(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/wechat")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

/// A public key from SPKI PEM.
pub(super) fn public_key(pem: &str) -> VerifyingKey {
    VerifyingKey::parse(pem).unwrap()
}

/// The vectors' merchant.
pub(super) fn merchant_key() -> VerifyingKey {
    public_key(
        read("00_keys.json")["merchant"]["public_key_spki_pem"]
            .as_str()
            .unwrap(),
    )
}

fn platform(id: &str) -> Value {
    let keys = read("00_keys.json");
    let found = keys
        .as_object()
        .unwrap()
        .values()
        .find(|entry| entry["id"] == id || entry["serial_no"] == id);
    found.unwrap().clone()
}

/// The private key whose id or serial is `id`.
pub(super) fn platform_key(id: &str) -> SigningKey {
    let pem = platform(id)["private_key_pkcs8_pem"]
        .as_str()
        .unwrap()
        .to_owned();
    let body: String = pem
        .lines()
        .filter(|line| !line.starts_with("-----"))
        .collect();
    SigningKey::restore(&SecretString::from(body)).unwrap()
}

/// The public key whose id or serial is `id`.
pub(super) fn platform_public_key(id: &str) -> VerifyingKey {
    public_key(platform(id)["public_key_spki_pem"].as_str().unwrap())
}

/// The private key whose id or serial is `id`, as the platform holds it.
pub(super) fn held(id: &str) -> super::sign::PlatformKey {
    super::sign::PlatformKey {
        id: id.to_owned(),
        key: std::sync::Arc::new(platform_key(id)),
    }
}

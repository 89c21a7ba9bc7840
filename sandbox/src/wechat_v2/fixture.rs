//! Reads the published vectors for the tests beside the code.

use serde_json::Value;

/// One file of `fixtures/wechat`.
pub(super) fn read(name: &str) -> Value {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("fixtures/wechat")
        .join(name);
    serde_json::from_str(&std::fs::read_to_string(path).unwrap()).unwrap()
}

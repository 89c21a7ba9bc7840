//! The tests' own reading of v2's messages: XML, the two signatures, what a refund notice hides.

use std::collections::BTreeMap;

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use aws_lc_rs::hmac;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

pub type Fields = BTreeMap<String, String>;

pub fn fields<const N: usize>(given: [(&str, &str); N]) -> Fields {
    given
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .into()
}

/// Elements one after the other, plain or in CDATA, as the channel's documents show them.
pub fn read(root: &str, text: &str) -> Fields {
    let inside = text.trim().strip_prefix(&format!("<{root}>")).unwrap();
    let mut rest = inside.strip_suffix(&format!("</{root}>")).unwrap().trim();
    let mut fields = Fields::new();
    while !rest.is_empty() {
        let (name, after) = rest.strip_prefix('<').unwrap().split_once('>').unwrap();
        let (value, after) = after.split_once(&format!("</{name}>")).unwrap();
        let value = match value.strip_prefix("<![CDATA[") {
            Some(data) => data.strip_suffix("]]>").unwrap(),
            None => value,
        };
        assert!(!value.contains('<') || value.starts_with('{'), "{value}");
        let doubled = fields.insert(name.to_owned(), value.to_owned());
        assert!(doubled.is_none(), "{name} is there twice");
        rest = after.trim_start();
    }
    fields
}

pub fn write(fields: &Fields) -> String {
    let elements = fields
        .iter()
        .map(|(name, value)| format!("<{name}><![CDATA[{value}]]></{name}>"));
    format!("<xml>{}</xml>", elements.collect::<String>())
}

/// `MD5` or `HMAC-SHA256` over everything but `without` and what is empty.
pub fn sign(fields: &Fields, sign_type: &str, without: &str, key: &str) -> String {
    let parts: Vec<_> = fields
        .iter()
        .filter(|(name, value)| *name != without && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}"))
        .collect();
    let text = format!("{}&key={key}", parts.join("&"));
    if sign_type == "MD5" {
        return hex::encode(Md5::digest(text)).to_uppercase();
    }
    assert_eq!(sign_type, "HMAC-SHA256");
    let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
    hex::encode(hmac::sign(&key, text.as_bytes())).to_uppercase()
}

/// What a refund notice hides, if the key is the right one.
pub fn unseal(req_info: &str, api_key: &str) -> Option<Fields> {
    let key = hex::encode(Md5::digest(api_key));
    let key = UnboundCipherKey::new(&AES_256, key.as_bytes()).unwrap();
    let key = PaddedBlockDecryptingKey::ecb_pkcs7(key).unwrap();
    let mut sealed = BASE64.decode(req_info).unwrap();
    let plain = key.decrypt(&mut sealed, DecryptionContext::None).ok()?;
    Some(read("root", std::str::from_utf8(plain).ok()?))
}

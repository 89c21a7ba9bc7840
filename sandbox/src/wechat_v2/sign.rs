//! v2's signature: every value that is not empty, by name, under the merchant's API key.

use aws_lc_rs::hmac;
use md5::{Digest as _, Md5};

use super::xml::Fields;

/// How a message is signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignType {
    /// What an order is signed with that does not say how.
    Md5,
    /// `HMAC-SHA256`.
    HmacSha256,
}

impl SignType {
    /// Reads the channel's word; absent or empty is MD5.
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("" | "MD5") => Some(Self::Md5),
            Some("HMAC-SHA256") => Some(Self::HmacSha256),
            Some(_) => None,
        }
    }

    /// The channel's word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Md5 => "MD5",
            Self::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// The signature of the fields, in upper-case hexadecimal. `sign` itself takes no part.
    pub fn sign(self, fields: &Fields, key: &str) -> String {
        self.digest(&text(fields, key), key)
    }

    /// Whether the field `sign` is there and right.
    pub fn verifies(self, fields: &Fields, key: &str) -> bool {
        let sign = fields.get("sign").map(String::as_str).unwrap_or_default();
        !sign.is_empty() && sign == self.sign(fields, key)
    }

    fn digest(self, text: &str, key: &str) -> String {
        match self {
            Self::Md5 => hex::encode_upper(Md5::digest(text.as_bytes())),
            Self::HmacSha256 => {
                let key = hmac::Key::new(hmac::HMAC_SHA256, key.as_bytes());
                hex::encode_upper(hmac::sign(&key, text.as_bytes()))
            }
        }
    }
}

/// What is signed: `name=value` in the order of the names' bytes, joined by `&`, raw, with the
/// key at the end.
pub fn text(fields: &Fields, key: &str) -> String {
    let mut text: String = fields
        .iter()
        .filter(|(name, value)| *name != "sign" && !value.is_empty())
        .map(|(name, value)| format!("{name}={value}&"))
        .collect();
    text.push_str("key=");
    text.push_str(key);
    text
}

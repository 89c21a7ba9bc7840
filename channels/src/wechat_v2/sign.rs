//! The signature of APIv2 (签名算法): over every field that is not empty, in the order
//! of the names' bytes, with the API key at the end. Both sides use the same key and
//! method, so what a message may be signed with is decided here and not by the
//! message.

use super::wire::Fields;
use aws_lc_rs::constant_time::verify_slices_are_equal;
use aws_lc_rs::hmac;
use md5::{Digest, Md5};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// The field that holds the signature and does not take part in it.
pub(super) const SIGN: &str = "sign";

/// How messages are signed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SignType {
    /// The older one, and WeChat's default.
    Md5,
    /// The better one; the funds bill takes no other.
    HmacSha256,
}

/// The API key, ready for use.
#[derive(Clone)]
pub(super) struct Signer {
    key: SecretString,
    kind: SignType,
}

/// Why a message is not believed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unverified {
    /// No signature, or an empty one.
    #[error("it is not signed")]
    Missing,
    /// A signature of another method's length.
    #[error("it is signed with another method than {}", .0.name())]
    Method(SignType),
    /// Another key, or a changed message.
    #[error("its signature does not fit")]
    Wrong,
}

impl SignType {
    /// Its name in `sign_type` and `signType`.
    pub const fn name(self) -> &'static str {
        match self {
            SignType::Md5 => "MD5",
            SignType::HmacSha256 => "HMAC-SHA256",
        }
    }

    /// How long its signatures are, in hexadecimal digits.
    const fn digits(self) -> usize {
        match self {
            SignType::Md5 => 32,
            SignType::HmacSha256 => 64,
        }
    }
}

impl Signer {
    pub(super) fn new(key: SecretString, kind: SignType) -> Signer {
        Signer { key, kind }
    }

    /// The method.
    pub(super) fn kind(&self) -> SignType {
        self.kind
    }

    /// The signature of these fields, in capital hexadecimal digits.
    pub(super) fn sign(&self, fields: &Fields) -> String {
        let text = self.text(fields);
        match self.kind {
            SignType::Md5 => hex::encode_upper(Md5::digest(text.as_bytes())),
            SignType::HmacSha256 => {
                let key = self.key.expose_secret().as_bytes();
                let key = hmac::Key::new(hmac::HMAC_SHA256, key);
                hex::encode_upper(hmac::sign(&key, text.as_bytes()))
            }
        }
    }

    /// Compares a message's signature with its fields, in constant time.
    ///
    /// # Errors
    /// [`Unverified`]
    pub(super) fn verify(&self, fields: &Fields) -> Result<(), Unverified> {
        let given = fields.text(SIGN).ok_or(Unverified::Missing)?;
        if given.len() != self.kind.digits() {
            return Err(Unverified::Method(self.kind));
        }
        let expected = self.sign(fields);
        verify_slices_are_equal(expected.as_bytes(), given.as_bytes())
            .map_err(|_| Unverified::Wrong)
    }

    /// What is signed. Holds the key.
    fn text(&self, fields: &Fields) -> Zeroizing<String> {
        let mut text = Zeroizing::new(String::with_capacity(1024));
        let signed = fields
            .iter()
            .filter(|(name, value)| *name != SIGN && !value.is_empty());
        for (name, value) in signed.chain([("key", self.key.expose_secret())]) {
            if !text.is_empty() {
                text.push('&');
            }
            for piece in [name, "=", value] {
                text.push_str(piece);
            }
        }
        text
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Signer({}, [secret])", self.kind.name())
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wechat_v2::fixture;
    use serde_json::Value;

    fn signer(key: &Value, kind: SignType) -> Signer {
        Signer::new(key.as_str().unwrap().into(), kind)
    }

    pub(in crate::wechat_v2) fn vectors() {
        every_signature_of_the_vectors_comes_out();
    }

    pub(in crate::wechat_v2) fn vectors_of_bodies() {
        every_signed_body_of_the_vectors_verifies_and_the_negatives_do_not();
    }

    #[test]
    fn every_signature_of_the_vectors_comes_out() {
        let vectors = fixture::read("10_v2_sign.json");
        let cases = vectors["cases"].as_array().unwrap();
        for case in cases {
            let fields = fixture::fields(&case["params"]);
            for (kind, name) in [
                (SignType::Md5, "md5"),
                (SignType::HmacSha256, "hmac_sha256"),
            ] {
                let signer = signer(&case["key"], kind);
                assert_eq!(
                    *signer.text(&fields),
                    case["string_sign_temp"],
                    "{}",
                    case["name"]
                );
                assert_eq!(signer.sign(&fields), case[name], "{}", case["name"]);
            }
        }
        assert_eq!(cases.len(), 13);
    }

    #[test]
    fn every_signed_body_of_the_vectors_verifies_and_the_negatives_do_not() {
        let vectors = fixture::read("12_v2_xml_bodies.json");
        let (mut believed, mut refused) = (0, 0);
        for case in vectors["bodies"].as_array().unwrap() {
            let Some(object) = case.get("fields") else {
                continue;
            };
            let fields = fixture::fields(object);
            let kind = match case["sign_type"].as_str() {
                Some("HMAC-SHA256") => SignType::HmacSha256,
                _ => SignType::Md5,
            };
            let verdict = signer(&vectors["key"], kind).verify(&fields);
            if case["sign_type"].is_string() {
                assert_eq!(verdict, Ok(()), "{}", case["name"]);
                believed += 1;
            } else {
                assert!(verdict.is_err(), "{}", case["name"]);
                refused += 1;
            }
        }
        assert_eq!((believed, refused), (22, 5));
    }

    #[test]
    fn a_message_does_not_choose_how_it_is_verified() {
        let vectors = fixture::read("12_v2_xml_bodies.json");
        let body = fixture::body("notify_pay_md5", "xml_cdata");
        let mut fields = crate::wechat_v2::xml::read(body.as_bytes(), "xml").unwrap();
        let hmac = signer(&vectors["key"], SignType::HmacSha256);
        assert_eq!(
            hmac.verify(&fields),
            Err(Unverified::Method(SignType::HmacSha256))
        );
        fields.set("sign_type", "MD5");
        assert_eq!(
            hmac.verify(&fields),
            Err(Unverified::Method(SignType::HmacSha256))
        );
    }

    #[test]
    fn a_changed_added_or_removed_field_breaks_the_signature() {
        let vectors = fixture::read("12_v2_xml_bodies.json");
        let signer = signer(&vectors["key"], SignType::Md5);
        let body = fixture::body("notify_pay_md5", "xml_cdata");
        let genuine = crate::wechat_v2::xml::read(body.as_bytes(), "xml").unwrap();
        let names: Vec<String> = genuine.iter().map(|(name, _)| name.to_owned()).collect();
        for name in names.iter().filter(|name| *name != SIGN) {
            for value in ["", "x"] {
                let mut changed = genuine.clone();
                changed.set(name, value);
                assert_eq!(signer.verify(&changed), Err(Unverified::Wrong), "{name}");
            }
        }
        let mut added = genuine.clone();
        added.set("new_field", "1");
        assert_eq!(signer.verify(&added), Err(Unverified::Wrong));
        let mut lower = genuine.clone();
        lower.set(SIGN, genuine.text(SIGN).unwrap().to_ascii_lowercase());
        assert_eq!(signer.verify(&lower), Err(Unverified::Wrong));
        assert!(!format!("{signer:?}").contains(vectors["key"].as_str().unwrap()));
    }
}

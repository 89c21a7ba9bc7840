//! Opens sensitive fields: RSAES-OAEP with SHA-1 and MGF1-SHA-1, an empty label, base64.

use aws_lc_rs::rsa::{OAEP_SHA1_MGF1SHA1, OaepPrivateDecryptingKey, PrivateDecryptingKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::ExposeSecret as _;

use crate::key::SigningKey;

/// The text is no base64, or was not encrypted for this key, or is no UTF-8.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the field cannot be decrypted with the key that Wechatpay-Serial names")]
pub struct OpenError;

/// Opens `sealed` with the private half of the key that it was encrypted for.
///
/// # Errors
/// [`OpenError`].
pub fn open(key: &SigningKey, sealed: &str) -> Result<String, OpenError> {
    let saved = key.save().map_err(|_| OpenError)?;
    let der = BASE64
        .decode(saved.expose_secret())
        .map_err(|_| OpenError)?;
    let key = PrivateDecryptingKey::from_pkcs8(&der).map_err(|_| OpenError)?;
    let key = OaepPrivateDecryptingKey::new(key).map_err(|_| OpenError)?;
    let sealed = BASE64.decode(sealed).map_err(|_| OpenError)?;
    let mut plain = vec![0; key.min_output_size()];
    let opened = key
        .decrypt(&OAEP_SHA1_MGF1SHA1, &sealed, &mut plain, None)
        .map_err(|_| OpenError)?;
    String::from_utf8(opened.to_vec()).map_err(|_| OpenError)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::fixture;

    #[test]
    fn the_sealed_fields_of_the_vectors_open_with_their_own_key_only() {
        let vectors = fixture::read("25_v3_oaep.json");
        let keys = fixture::read("00_keys.json");
        let key = |name: &str| {
            let pem = keys[name]["private_key_pkcs8_pem"].as_str().unwrap();
            let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
            SigningKey::restore(&body.into()).unwrap()
        };
        let holders = [
            ("to_platform_cert_1", key("platform_cert_1")),
            ("to_wechatpay_public_key", key("wechatpay_public_key")),
            ("to_merchant_(as_in_a_response)", key("merchant")),
        ];
        let cases = vectors["cases"].as_array().unwrap();
        assert_eq!(cases.len(), 4);
        for case in cases {
            for (name, holder) in &holders {
                let sealed = case[*name].as_str().unwrap();
                let opened = open(holder, sealed).unwrap();
                assert_eq!(opened, case["plaintext"].as_str().unwrap());
                for (other, key) in &holders {
                    assert_eq!(open(key, sealed).is_ok(), other == name);
                }
            }
        }
        let (_, holder) = &holders[0];
        for broken in ["", "***", "AAAA"] {
            assert_eq!(open(holder, broken), Err(OpenError), "{broken}");
        }
    }
}

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

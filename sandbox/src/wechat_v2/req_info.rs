//! What a refund notice hides: AES-256-ECB under the MD5 of the merchant's API key.

use aws_lc_rs::cipher::{AES_256, PaddedBlockEncryptingKey, UnboundCipherKey};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use md5::{Digest as _, Md5};

use crate::key::KeyError;

/// Encrypts `plain`, PKCS#7, base64. The key is the lower-case hexadecimal of the MD5 of the API
/// key, taken as 32 bytes of text.
///
/// # Errors
/// [`KeyError::Library`].
pub fn seal(plain: &str, api_key: &str) -> Result<String, KeyError> {
    let refused = |_| KeyError::Library("encrypt a refund notice");
    let key = hex::encode(Md5::digest(api_key.as_bytes()));
    let key = UnboundCipherKey::new(&AES_256, key.as_bytes()).map_err(refused)?;
    let key = PaddedBlockEncryptingKey::ecb_pkcs7(key).map_err(refused)?;
    let mut sealed = plain.as_bytes().to_vec();
    key.encrypt(&mut sealed).map_err(refused)?;
    Ok(BASE64.encode(sealed))
}

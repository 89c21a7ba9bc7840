//! Seals the resource of a notice with AES-256-GCM under the merchant's APIv3 key: the key is its
//! 32 ASCII bytes, the nonce 12 characters used as bytes, and the ciphertext is base64 of the
//! encrypted text followed by its 16-byte tag.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// The APIv3 key is not 32 bytes, or the text could not be encrypted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the APIv3 key cannot seal: it must be exactly 32 ASCII letters and digits")]
pub struct SealError;

/// Seals `plaintext` and answers the base64 ciphertext.
///
/// # Errors
/// [`SealError`] when the key is not 32 bytes long.
pub fn seal(
    apiv3_key: &str,
    nonce: [u8; NONCE_LEN],
    associated_data: &str,
    plaintext: &[u8],
) -> Result<String, SealError> {
    let key = UnboundKey::new(&AES_256_GCM, apiv3_key.as_bytes()).map_err(|_| SealError)?;
    let mut sealed = plaintext.to_vec();
    LessSafeKey::new(key)
        .seal_in_place_append_tag(
            Nonce::assume_unique_for_key(nonce),
            Aad::from(associated_data.as_bytes()),
            &mut sealed,
        )
        .map_err(|_| SealError)?;
    Ok(STANDARD.encode(sealed))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_of_another_length_is_refused() {
        assert_eq!(
            seal("too short", [b'n'; 12], "transaction", b"{}"),
            Err(SealError)
        );
    }
}

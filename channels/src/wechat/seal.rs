//! Opens what WeChat seals for the merchant (如何解密回调报文): AEAD_AES_256_GCM under the
//! APIv3 key. A text whose tag does not fit is never shown.

use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use std::fmt;

/// The only algorithm that notices are sealed with.
pub(super) const ALGORITHM: &str = "AEAD_AES_256_GCM";

/// The APIv3 key, ready for use.
pub(super) struct ResourceKey(LessSafeKey);

/// Why a sealed text could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealFault {
    /// The nonce is not twelve bytes.
    #[error("the resource's nonce is not 12 bytes")]
    Nonce,
    /// The ciphertext is no base64.
    #[error("the resource's ciphertext is not base64")]
    Base64,
    /// Another key, or a changed text.
    #[error("the resource cannot be opened: is apiv3_key the one that is set in the portal now?")]
    Tag,
}

impl ResourceKey {
    /// Takes the 32 bytes of an APIv3 key; `None` for any other number.
    pub(super) fn new(bytes: &[u8]) -> Option<ResourceKey> {
        UnboundKey::new(&AES_256_GCM, bytes)
            .ok()
            .map(LessSafeKey::new)
            .map(ResourceKey)
    }

    /// The plain text of a resource. `ciphertext` is base64 with the tag at its end;
    /// `associated_data` may be empty.
    ///
    /// # Errors
    /// [`SealFault`]
    pub(super) fn open(
        &self,
        nonce: &str,
        associated_data: &str,
        ciphertext: &str,
    ) -> Result<Vec<u8>, SealFault> {
        let nonce =
            Nonce::try_assume_unique_for_key(nonce.as_bytes()).map_err(|_| SealFault::Nonce)?;
        let mut text = STANDARD.decode(ciphertext).map_err(|_| SealFault::Base64)?;
        let length = self
            .0
            .open_in_place(nonce, Aad::from(associated_data.as_bytes()), &mut text)
            .map_err(|_| SealFault::Tag)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

impl fmt::Debug for ResourceKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ResourceKey([secret])")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wechat::fixture;

    pub(in crate::wechat) fn vectors() {
        every_resource_of_the_vectors_opens_and_the_negatives_do_not();
    }

    #[test]
    fn every_resource_of_the_vectors_opens_and_the_negatives_do_not() {
        let vectors = fixture::read("22_v3_aes_gcm.json");
        let (mut opened, mut refused) = (0, 0);
        for case in vectors["cases"].as_array().unwrap() {
            let text = |name: &str| case[name].as_str().unwrap_or_default();
            let key = ResourceKey::new(text("key").as_bytes()).unwrap();
            let plain = key.open(text("nonce"), text("associated_data"), text("ciphertext"));
            if case["expect"] == "reject" {
                assert_eq!(plain, Err(SealFault::Tag), "{}", case["name"]);
                refused += 1;
            } else {
                let plain = String::from_utf8(plain.unwrap()).unwrap();
                assert_eq!(plain, text("plaintext"), "{}", case["name"]);
                opened += 1;
            }
        }
        assert_eq!((opened, refused), (7, 2));
    }

    #[test]
    fn malformed_parts_are_faults_and_not_panics() {
        let key = ResourceKey::new(&[7; 32]).unwrap();
        assert_eq!(key.open("short", "", "AAAA"), Err(SealFault::Nonce));
        assert_eq!(key.open("123456789012", "", "***"), Err(SealFault::Base64));
        assert_eq!(key.open("123456789012", "", ""), Err(SealFault::Tag));
        assert!(ResourceKey::new(&[7; 31]).is_none());
    }
}

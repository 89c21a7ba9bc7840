//! Opens what WeChat seals in a refund's notice (退款结果通知, `req_info`): AES-256-ECB
//! under the MD5 of the API key. Nothing proves that such a text is whole or new:
//! whoever has seen some can put their blocks together anew. It is a reason to ask,
//! and never an answer.

use aws_lc_rs::cipher::{AES_256, DecryptionContext, PaddedBlockDecryptingKey, UnboundCipherKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use md5::{Digest, Md5};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::fmt;

/// The key of refund notices, ready for use.
pub(super) struct NoticeKey(PaddedBlockDecryptingKey);

/// Why a sealed text could not be opened.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum SealFault {
    /// No base64.
    #[error("req_info is not base64")]
    Base64,
    /// Another key, or a damaged text.
    #[error("req_info cannot be opened: is apiv2_key the one that is set in the portal now?")]
    Key,
}

impl NoticeKey {
    /// The key that belongs to an API key; `None` if the library fails.
    pub(super) fn new(apiv2_key: &SecretString) -> Option<NoticeKey> {
        let digest = Md5::digest(apiv2_key.expose_secret().as_bytes());
        // The digits themselves are the key, not what they stand for.
        let digits = Zeroizing::new(hex::encode(digest));
        let key = UnboundCipherKey::new(&AES_256, digits.as_bytes()).ok()?;
        PaddedBlockDecryptingKey::ecb_pkcs7(key).ok().map(NoticeKey)
    }

    /// The plain text of `req_info`.
    ///
    /// # Errors
    /// [`SealFault`]
    pub(super) fn open(&self, req_info: &str) -> Result<Vec<u8>, SealFault> {
        let mut text = STANDARD.decode(req_info).map_err(|_| SealFault::Base64)?;
        let length = self
            .0
            .decrypt(&mut text, DecryptionContext::None)
            .map_err(|_| SealFault::Key)?
            .len();
        text.truncate(length);
        Ok(text)
    }
}

impl fmt::Debug for NoticeKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("NoticeKey([secret])")
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wechat_v2::{fixture, xml};

    pub(in crate::wechat_v2) fn vectors() {
        every_sealed_text_of_the_vectors_opens_and_the_unpadded_one_does_not();
    }

    #[test]
    fn every_sealed_text_of_the_vectors_opens_and_the_unpadded_one_does_not() {
        let vectors = fixture::read("13_v2_refund_req_info.json");
        let key = NoticeKey::new(&vectors["apiv2_key"].as_str().unwrap().into()).unwrap();
        let (mut opened, mut refused) = (0, 0);
        for case in vectors["cases"].as_array().unwrap() {
            if let Some(unpadded) = case["req_info_without_pad_block"].as_str() {
                assert_eq!(key.open(unpadded), Err(SealFault::Key));
                refused += 1;
                continue;
            }
            let plain = key.open(case["req_info"].as_str().unwrap()).unwrap();
            assert_eq!(plain, case["plaintext"].as_str().unwrap().as_bytes());
            if case.get("fields").is_some() {
                let fields = xml::read(&plain, "root");
                assert_eq!(
                    fields,
                    Ok(fixture::fields(&case["fields"])),
                    "{}",
                    case["name"]
                );
            }
            opened += 1;
        }
        assert_eq!((opened, refused), (4, 1));
    }

    #[test]
    fn malformed_texts_are_faults_and_not_panics() {
        let key = NoticeKey::new(&"192006250b4c09247ec02edce69f6a2d".into()).unwrap();
        assert_eq!(key.open("***"), Err(SealFault::Base64));
        for text in ["", "AAAA", "AAAAAAAAAAAAAAAAAAAAAA=="] {
            assert_eq!(key.open(text), Err(SealFault::Key), "{text}");
        }
    }
}

//! Signs what WeChat Pay sends: answers (204 too) and notices. The signed text is
//! `timestamp\nnonce\nbody\n`, and five headers carry what a merchant needs to verify it.

use std::sync::Arc;

use super::authorization::SCHEME;
use crate::key::{KeyError, SigningKey};

/// Marks the deliberate wrong signatures with which WeChat Pay tests whether merchants verify.
pub const PROBE_PREFIX: &str = "WECHATPAY/SIGNTEST/";

/// A private key of the platform under the id that `Wechatpay-Serial` names.
#[derive(Debug, Clone)]
pub struct PlatformKey {
    /// `PUB_KEY_ID_…`, or a platform certificate's serial.
    pub id: String,
    /// The private key.
    pub key: Arc<SigningKey>,
}

/// A signature, in the form of the headers that carry it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signed {
    serial: String,
    timestamp: String,
    nonce: String,
    signature: String,
}

impl Signed {
    /// Signs `body` at `timestamp` (Unix seconds, UTC).
    ///
    /// # Errors
    /// [`KeyError`] when the key refuses.
    pub fn new(
        key: &PlatformKey,
        timestamp: i64,
        nonce: String,
        body: &[u8],
    ) -> Result<Self, KeyError> {
        let timestamp = timestamp.to_string();
        let message = [
            timestamp.as_bytes(),
            b"\n",
            nonce.as_bytes(),
            b"\n",
            body,
            b"\n",
        ]
        .concat();
        let signature = key.key.sign(&message)?;
        Ok(Self {
            serial: key.id.clone(),
            timestamp,
            nonce,
            signature,
        })
    }

    /// The same message with another first character of the signature, so that it cannot verify
    /// and is still proper base64.
    #[must_use]
    pub fn spoiled(self) -> Self {
        let first = if self.signature.starts_with('A') {
            'B'
        } else {
            'A'
        };
        let signature = std::iter::once(first)
            .chain(self.signature.chars().skip(1))
            .collect();
        Self { signature, ..self }
    }

    /// The same message as a probe: the prefix makes the signature wrong. What follows the prefix
    /// is no signature of the message either, so that it does not help to cut the prefix off.
    #[must_use]
    pub fn probe(self) -> Self {
        let spoiled = self.spoiled();
        let signature = format!("{PROBE_PREFIX}{}", spoiled.signature);
        Self {
            signature,
            ..spoiled
        }
    }

    /// The headers, names and values.
    pub fn headers(&self) -> [(&'static str, &str); 5] {
        [
            ("Wechatpay-Timestamp", &self.timestamp),
            ("Wechatpay-Nonce", &self.nonce),
            ("Wechatpay-Signature", &self.signature),
            ("Wechatpay-Serial", &self.serial),
            ("Wechatpay-Signature-Type", SCHEME),
        ]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::fixture;
    use base64::Engine as _;
    use base64::engine::general_purpose::STANDARD;

    #[test]
    fn a_spoiled_or_probing_signature_does_not_verify() {
        let id = "PUB_KEY_ID_0119000091912024010100000000000001";
        let pair = fixture::held(id);
        let key = fixture::platform_public_key(id);
        let sign = || Signed::new(&pair, 1_554_209_980, "n".to_owned(), b"{}").unwrap();
        let verifies = |signed: &Signed| key.verifies(b"1554209980\nn\n{}\n", &signed.signature);
        assert!(verifies(&sign()));
        assert!(!verifies(&sign().spoiled()));
        assert_eq!(
            STANDARD.decode(sign().spoiled().signature).unwrap().len(),
            256
        );
        assert!(!verifies(&sign().probe()));
        assert!(sign().probe().signature.starts_with("WECHATPAY/SIGNTEST/"));
    }
}

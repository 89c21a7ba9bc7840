//! Sealing of credentials: AES-256-GCM under the master key. The owner's name is
//! part of what is sealed, so a sealed text that is moved to another owner's row
//! does not open.

use crate::config::MasterKey;
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::time::Entropy;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::fmt;
use std::sync::Arc;

/// What a sealed text begins with; another key or method gets another mark.
const MARK: &str = "till1:";

/// Why a text does not open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SealFault {
    /// Not a sealed text.
    #[error("it is not a sealed text of this version of Till: import it again")]
    Form,
    /// Another key, another owner, or damaged.
    #[error(
        "it does not open: the master key is another than the one it was sealed with. Use that \
         key, or import the accounts again"
    )]
    Key,
    /// The cryptographic library failed.
    #[error("the cryptographic library failed")]
    Library,
}

/// Seals and opens.
#[derive(Clone)]
pub struct Seal {
    key: Arc<LessSafeKey>,
    entropy: Arc<dyn Entropy>,
}

impl Seal {
    /// A seal under this key.
    ///
    /// # Errors
    /// [`SealFault::Library`].
    pub fn new(key: &MasterKey, entropy: Arc<dyn Entropy>) -> Result<Seal, SealFault> {
        let key = UnboundKey::new(&AES_256_GCM, key.expose()).map_err(|_| SealFault::Library)?;
        Ok(Seal {
            key: Arc::new(LessSafeKey::new(key)),
            entropy,
        })
    }

    /// Seals a secret of this owner.
    ///
    /// # Errors
    /// [`SealFault::Library`].
    pub fn close(&self, owner: &Owner<'_>, secret: &str) -> Result<String, SealFault> {
        let random = self.entropy.bytes();
        let nonce = *random
            .first_chunk::<NONCE_LEN>()
            .ok_or(SealFault::Library)?;
        let mut text = secret.as_bytes().to_vec();
        let sealing = Nonce::assume_unique_for_key(nonce);
        self.key
            .seal_in_place_append_tag(sealing, owner.aad(), &mut text)
            .map_err(|_| SealFault::Library)?;
        Ok(format!(
            "{MARK}{}",
            STANDARD.encode([nonce.as_slice(), &text].concat())
        ))
    }

    /// Opens what was sealed for this owner.
    ///
    /// # Errors
    /// [`SealFault`].
    pub fn open(&self, owner: &Owner<'_>, sealed: &str) -> Result<SecretString, SealFault> {
        let coded = sealed.strip_prefix(MARK).ok_or(SealFault::Form)?;
        let bytes = STANDARD.decode(coded).map_err(|_| SealFault::Form)?;
        let (nonce, text) = bytes
            .split_first_chunk::<NONCE_LEN>()
            .ok_or(SealFault::Form)?;
        let mut text = Zeroizing::new(text.to_vec());
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self
            .key
            .open_in_place(nonce, owner.aad(), &mut text)
            .map_err(|_| SealFault::Key)?;
        let plain = std::str::from_utf8(plain).map_err(|_| SealFault::Form)?;
        Ok(SecretString::from(plain))
    }
}

/// Whose secret it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owner<'a> {
    /// The credentials of a channel account, by its id.
    Account(&'a str),
    /// A webhook secret of an application, by its id.
    Webhook(&'a str),
}

impl Owner<'_> {
    fn aad(&self) -> Aad<String> {
        Aad::from(self.to_string())
    }
}

impl fmt::Display for Owner<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Owner::Account(id) => write!(f, "account:{id}"),
            Owner::Webhook(app) => write!(f, "webhook:{app}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::entropy::SystemEntropy;
    use secrecy::ExposeSecret;

    fn seal(byte: u8) -> Seal {
        Seal::new(
            &MasterKey::new([byte; 32]),
            Arc::new(SystemEntropy::default()),
        )
        .unwrap()
    }

    #[test]
    fn what_was_sealed_opens_for_its_owner_and_key_only() {
        let owner = Owner::Account("acc_1");
        let sealed = seal(1).close(&owner, "the secret").unwrap();
        assert!(!sealed.contains("secret"));
        assert_eq!(
            seal(1).open(&owner, &sealed).unwrap().expose_secret(),
            "the secret"
        );
        assert_eq!(seal(2).open(&owner, &sealed).unwrap_err(), SealFault::Key);
        let other = [Owner::Account("acc_2"), Owner::Webhook("acc_1")];
        for owner in other {
            assert_eq!(seal(1).open(&owner, &sealed).unwrap_err(), SealFault::Key);
        }
    }

    #[test]
    fn the_same_secret_is_never_sealed_into_the_same_text() {
        let owner = Owner::Webhook("app_1");
        assert_ne!(
            seal(1).close(&owner, "s").unwrap(),
            seal(1).close(&owner, "s").unwrap()
        );
    }

    #[test]
    fn a_damaged_text_does_not_open() {
        let owner = Owner::Account("acc_1");
        let sealed = seal(1).close(&owner, "the secret").unwrap();
        let mut bytes = STANDARD.decode(sealed.strip_prefix(MARK).unwrap()).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        let damaged = format!("{MARK}{}", STANDARD.encode(bytes));
        assert_eq!(seal(1).open(&owner, &damaged).unwrap_err(), SealFault::Key);
        assert_eq!(
            seal(1).open(&owner, "plain text").unwrap_err(),
            SealFault::Form
        );
        assert_eq!(
            seal(1).open(&owner, "till1:AAAA").unwrap_err(),
            SealFault::Form
        );
    }
}

//! RSA keys as both channels use them: SHA256withRSA, PKCS#1 v1.5, base64.
//!
//! A key is parsed once and kept parsed. Nothing here prints a private key.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{
    KeyPair as _, ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256,
};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret as _, SecretString};

/// Why a key could not be used.
#[derive(Debug, thiserror::Error)]
pub enum KeyError {
    /// The text is neither PEM nor base64.
    #[error("the key is not PEM and not base64: give the whole PEM block, or its base64 alone")]
    Text,
    /// The bytes are no RSA public key of 2048 bits or more.
    #[error(
        "the key is not an RSA public key of at least 2048 bits (SPKI or PKCS#1); \
         was a private key or a certificate given instead?"
    )]
    Public,
    /// The bytes are no RSA private key in PKCS#8.
    #[error("the saved private key is not PKCS#8 RSA: delete the state file to make new keys")]
    Private,
    /// The operating system gave no randomness, or the key refused the operation.
    #[error("the cryptographic library refused to {0}")]
    Library(&'static str),
}

/// A private key that signs, with its public half.
pub struct SigningKey {
    pair: KeyPair,
}

impl std::fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("SigningKey")
    }
}

impl SigningKey {
    /// A new RSA-2048 key pair.
    pub fn generate() -> Result<Self, KeyError> {
        let pair =
            KeyPair::generate(KeySize::Rsa2048).map_err(|_| KeyError::Library("make a key"))?;
        Ok(Self { pair })
    }

    /// The key of a saved state: base64 of PKCS#8.
    pub fn restore(saved: &SecretString) -> Result<Self, KeyError> {
        let der = BASE64
            .decode(saved.expose_secret())
            .map_err(|_| KeyError::Private)?;
        let pair = KeyPair::from_pkcs8(&der).map_err(|_| KeyError::Private)?;
        Ok(Self { pair })
    }

    /// What [`SigningKey::restore`] takes.
    pub fn save(&self) -> Result<SecretString, KeyError> {
        let der: Pkcs8V1Der<'_> = self
            .pair
            .as_der()
            .map_err(|_| KeyError::Library("write a private key"))?;
        Ok(SecretString::from(BASE64.encode(der.as_ref())))
    }

    /// SHA256withRSA (PKCS#1 v1.5) of `message`, base64.
    pub fn sign(&self, message: &[u8]) -> Result<String, KeyError> {
        Ok(BASE64.encode(self.sign_bytes(message)?))
    }

    /// SHA256withRSA (PKCS#1 v1.5) of `message`.
    pub fn sign_bytes(&self, message: &[u8]) -> Result<Vec<u8>, KeyError> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        self.pair
            .sign(
                &RSA_PKCS1_SHA256,
                &SystemRandom::new(),
                message,
                &mut signature,
            )
            .map_err(|_| KeyError::Library("sign"))?;
        Ok(signature)
    }

    /// The public half: SPKI in DER.
    pub fn public_der(&self) -> Result<Vec<u8>, KeyError> {
        let der: PublicKeyX509Der<'_> = self
            .pair
            .public_key()
            .as_der()
            .map_err(|_| KeyError::Library("write a public key"))?;
        Ok(der.as_ref().to_vec())
    }

    /// The public half: SPKI in PEM.
    pub fn public_pem(&self) -> Result<String, KeyError> {
        let text = BASE64.encode(self.public_der()?);
        let mut pem = String::from("-----BEGIN PUBLIC KEY-----\n");
        let mut rest = text.as_str();
        while let Some((line, tail)) = rest.split_at_checked(64) {
            pem.push_str(line);
            pem.push('\n');
            rest = tail;
        }
        if !rest.is_empty() {
            pem.push_str(rest);
            pem.push('\n');
        }
        pem.push_str("-----END PUBLIC KEY-----\n");
        Ok(pem)
    }
}

/// A public key that verifies.
#[derive(Debug, Clone)]
pub struct VerifyingKey {
    key: ParsedPublicKey,
}

impl VerifyingKey {
    /// Parses SPKI or PKCS#1, as PEM or as bare base64.
    pub fn parse(text: &str) -> Result<Self, KeyError> {
        let der = Self::der(text)?;
        let key =
            ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, der).map_err(|_| KeyError::Public)?;
        Ok(Self { key })
    }

    /// The bytes of PEM or bare base64, unread.
    pub fn der(text: &str) -> Result<Vec<u8>, KeyError> {
        let body: String = text
            .lines()
            .map(str::trim)
            .filter(|line| !line.starts_with("-----"))
            .flat_map(str::chars)
            .filter(|c| !c.is_whitespace())
            .collect();
        BASE64.decode(body).map_err(|_| KeyError::Text)
    }

    /// Whether `signature` (base64, strict) is SHA256withRSA of `message` by this key.
    pub fn verifies(&self, message: &[u8], signature: &str) -> bool {
        BASE64
            .decode(signature)
            .is_ok_and(|bytes| self.key.verify_sig(message, &bytes).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_saved_key_signs_what_its_public_half_verifies() {
        let key = SigningKey::generate().unwrap();
        let again = SigningKey::restore(&key.save().unwrap()).unwrap();
        let public = VerifyingKey::parse(&key.public_pem().unwrap()).unwrap();
        let signature = again.sign(b"money").unwrap();
        assert!(public.verifies(b"money", &signature));
        assert!(!public.verifies(b"honey", &signature));
    }

    #[test]
    fn what_is_no_public_key_is_refused_with_advice() {
        assert!(matches!(
            VerifyingKey::parse("not a key!"),
            Err(KeyError::Text)
        ));
        assert!(matches!(
            VerifyingKey::parse("bm90IGEga2V5"),
            Err(KeyError::Public)
        ));
    }
}

//! RSA keys as merchants paste them: PEM, or the bare base64 that the channels'
//! tools print; PKCS#1 or PKCS#8. Each is read once, checked, and kept in
//! aws-lc-rs, which signs and verifies. The `rsa` crate only reads.

use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, RsaKeyPair,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use rsa::pkcs1::{DecodeRsaPrivateKey, DecodeRsaPublicKey};
use rsa::pkcs8::{DecodePrivateKey, DecodePublicKey, EncodePrivateKey, EncodePublicKey};
use rsa::traits::PublicKeyParts;
use rsa::{RsaPrivateKey, RsaPublicKey};
use secrecy::zeroize::Zeroizing;
use std::fmt;

/// The shortest key that both channels still take.
const SHORTEST_BITS: usize = 2048;

/// Why a key cannot be used, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyFault {
    /// Nothing was given.
    #[error("the key is empty: paste the key itself, or name the file that holds it")]
    Empty,
    /// Not PEM and not base64.
    #[error(
        "the key is not base64: paste it whole and unchanged, with or without its BEGIN and END lines"
    )]
    NotBase64,
    /// A public key or certificate where a private key belongs.
    #[error(
        "this is a public key or a certificate, and a private key belongs here: give the half that \
         was made with it and that nobody else has"
    )]
    NotPrivate,
    /// A private key where a public one belongs.
    #[error(
        "this is a private key, and a public key belongs here; the private key has been seen \
         where it should not be, so keep it out of this place"
    )]
    NotPublic,
    /// A certificate where a bare public key belongs.
    #[error(
        "this is a certificate, and a public key belongs here: copy the key that the channel's \
         portal shows, or give the certificate where certificates belong"
    )]
    Certificate,
    /// A private key behind a password.
    #[error(
        "the private key is encrypted: take the password off with `openssl pkey -in key.pem -out plain.pem`"
    )]
    Encrypted,
    /// Base64, but no RSA key.
    #[error(
        "the key is not an RSA key in PKCS#1 or PKCS#8 (private) or SubjectPublicKeyInfo (public) \
         form: export it again with the channel's own key tool"
    )]
    NotRsa,
    /// Too weak.
    #[error("the key has {0} bits and at least 2048 are needed: make a new pair of 2048 bits")]
    TooShort(usize),
}

/// A private key that signs with SHA256withRSA (PKCS#1 v1.5).
pub(crate) struct SigningKey {
    pair: RsaKeyPair,
    public: RsaPublicKey,
}

/// A public key that verifies SHA256withRSA (PKCS#1 v1.5).
pub(crate) struct VerifyingKey {
    parsed: ParsedPublicKey,
    public: RsaPublicKey,
}

impl SigningKey {
    /// Reads a private key.
    ///
    /// # Errors
    /// [`KeyFault`] says what is wrong and how to mend it.
    pub(crate) fn read(text: &str) -> Result<SigningKey, KeyFault> {
        if text.contains("ENCRYPTED") {
            return Err(KeyFault::Encrypted);
        }
        if text.contains("PUBLIC KEY-----") || text.contains("CERTIFICATE-----") {
            return Err(KeyFault::NotPrivate);
        }
        let der = der(text)?;
        let key = match RsaPrivateKey::from_pkcs8_der(&der) {
            Ok(key) => key,
            Err(_) => match RsaPrivateKey::from_pkcs1_der(&der) {
                Ok(key) => key,
                Err(_) if public(&der).is_some() => return Err(KeyFault::NotPrivate),
                Err(_) => return Err(KeyFault::NotRsa),
            },
        };
        long_enough(&key)?;
        let pkcs8 = key.to_pkcs8_der().map_err(|_| KeyFault::NotRsa)?;
        let pair = RsaKeyPair::from_pkcs8(pkcs8.as_bytes()).map_err(|_| KeyFault::NotRsa)?;
        Ok(SigningKey {
            pair,
            public: key.to_public_key(),
        })
    }

    /// The signature over a message, in base64 with padding.
    ///
    /// # Errors
    /// Only when the cryptographic library itself fails.
    pub(crate) fn sign(&self, message: &[u8]) -> Result<String, aws_lc_rs::error::Unspecified> {
        let mut signature = vec![0; self.pair.public_modulus_len()];
        // PKCS#1 v1.5 is deterministic: the random source is only part of the call's form.
        self.pair.sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            message,
            &mut signature,
        )?;
        Ok(STANDARD.encode(signature))
    }

    /// Whether `other` is this key's own public half.
    pub(crate) fn is_pair_of(&self, other: &VerifyingKey) -> bool {
        self.public == other.public
    }
}

impl VerifyingKey {
    /// Reads a public key: SubjectPublicKeyInfo, or PKCS#1.
    ///
    /// # Errors
    /// [`KeyFault`] says what is wrong and how to mend it.
    pub(crate) fn read(text: &str) -> Result<VerifyingKey, KeyFault> {
        if text.contains("PRIVATE KEY-----") {
            return Err(KeyFault::NotPublic);
        }
        if text.contains("CERTIFICATE-----") {
            return Err(KeyFault::Certificate);
        }
        let der = der(text)?;
        match public(&der) {
            Some(key) => VerifyingKey::new(key),
            None if RsaPrivateKey::from_pkcs8_der(&der).is_ok()
                || RsaPrivateKey::from_pkcs1_der(&der).is_ok() =>
            {
                Err(KeyFault::NotPublic)
            }
            None => Err(KeyFault::NotRsa),
        }
    }

    /// Takes a public key out of its SubjectPublicKeyInfo, in DER.
    ///
    /// # Errors
    /// [`KeyFault::NotRsa`] and [`KeyFault::TooShort`].
    pub(crate) fn from_spki_der(der: &[u8]) -> Result<VerifyingKey, KeyFault> {
        let key = RsaPublicKey::from_public_key_der(der).map_err(|_| KeyFault::NotRsa)?;
        VerifyingKey::new(key)
    }

    fn new(public: RsaPublicKey) -> Result<VerifyingKey, KeyFault> {
        long_enough(&public)?;
        let spki = public.to_public_key_der().map_err(|_| KeyFault::NotRsa)?;
        let parsed = ParsedPublicKey::new(&RSA_PKCS1_2048_8192_SHA256, spki.as_bytes())
            .map_err(|_| KeyFault::NotRsa)?;
        Ok(VerifyingKey { parsed, public })
    }

    /// Whether `signature` (base64) is this key's over the message.
    pub(crate) fn verifies(&self, message: &[u8], signature: &str) -> bool {
        STANDARD
            .decode(signature)
            .is_ok_and(|bytes| self.parsed.verify_sig(message, &bytes).is_ok())
    }
}

impl fmt::Debug for SigningKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKey([secret])")
    }
}

impl fmt::Debug for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "VerifyingKey({} bits)", self.public.n().bits())
    }
}

/// The bytes inside PEM or bare base64. More lenient than PEM: the keys come from
/// consoles, one-line settings and files with `\n` written out.
fn der(text: &str) -> Result<Zeroizing<Vec<u8>>, KeyFault> {
    let lines = Zeroizing::new(text.replace("\\n", "\n"));
    let mut base64 = Zeroizing::new(String::with_capacity(lines.len()));
    for line in lines
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("-----"))
    {
        base64.extend(line.chars().filter(|c| !c.is_whitespace()));
    }
    if base64.is_empty() {
        return Err(KeyFault::Empty);
    }
    STANDARD
        .decode(base64.as_bytes())
        .map(Zeroizing::new)
        .map_err(|_| KeyFault::NotBase64)
}

fn public(der: &[u8]) -> Option<RsaPublicKey> {
    RsaPublicKey::from_public_key_der(der)
        .or_else(|_| RsaPublicKey::from_pkcs1_der(der))
        .ok()
}

fn long_enough(key: &impl PublicKeyParts) -> Result<(), KeyFault> {
    let bits = key.n().bits();
    if bits < SHORTEST_BITS {
        Err(KeyFault::TooShort(bits))
    } else {
        Ok(())
    }
}

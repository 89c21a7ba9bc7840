//! New keys, in the forms in which people get them.

use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;

/// A private key of 1024 bits, by `openssl genrsa 1024`: what the tests sign with makes
/// none so short.
pub const SHORT: &str = include_str!("short_private_key.pem");

/// What stands before a PKCS#1 key of 2048 bits in its PKCS#8 form.
const PKCS8_HEAD: usize = 26;

/// A new RSA pair of 2048 bits, in bare base64.
pub struct Pair {
    /// PKCS#8.
    pub private: String,
    /// SubjectPublicKeyInfo.
    pub public: String,
}

pub fn pair() -> Pair {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    Pair {
        private: STANDARD.encode(private.as_ref()),
        public: STANDARD.encode(public.as_ref()),
    }
}

/// A private key on an elliptic curve.
pub fn elliptic() -> String {
    let random = SystemRandom::new();
    let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).unwrap();
    STANDARD.encode(key.as_ref())
}

impl Pair {
    /// The private key in PKCS#1, as PEM.
    pub fn pkcs1_pem(&self) -> String {
        let der = STANDARD.decode(&self.private).unwrap();
        pem("RSA PRIVATE KEY", &der[PKCS8_HEAD..])
    }

    /// The private key in PKCS#8, as PEM.
    pub fn pkcs8_pem(&self) -> String {
        pem("PRIVATE KEY", &STANDARD.decode(&self.private).unwrap())
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let base64 = STANDARD.encode(der);
    let lines: Vec<&str> = base64
        .as_bytes()
        .chunks(64)
        .map(|line| std::str::from_utf8(line).unwrap())
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

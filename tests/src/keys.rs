//! Keys that are made for one story and forgotten with it.

use aws_lc_rs::encoding::{AsDer as _, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// A merchant's RSA key, both halves as PEM.
pub(crate) struct MerchantKey {
    pub(crate) private_pem: String,
    pub(crate) public_pem: String,
}

impl MerchantKey {
    pub(crate) fn generate() -> MerchantKey {
        let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
        let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
        let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
        MerchantKey {
            private_pem: pem("PRIVATE KEY", private.as_ref()),
            public_pem: pem("PUBLIC KEY", public.as_ref()),
        }
    }
}

fn pem(label: &str, der: &[u8]) -> String {
    let text = STANDARD.encode(der);
    let lines: Vec<&str> = (0..text.len())
        .step_by(64)
        .map(|start| &text[start..text.len().min(start + 64)])
        .collect();
    format!(
        "-----BEGIN {label}-----\n{}\n-----END {label}-----\n",
        lines.join("\n")
    )
}

/// So many random characters, for API keys and secrets.
pub(crate) fn random_hex(bytes: usize) -> String {
    let mut random = vec![0; bytes];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    hex::encode(random)
}

/// A webhook's secret: `whsec_` and 32 random bytes.
pub(crate) fn webhook_secret() -> String {
    let mut random = [0; 32];
    aws_lc_rs::rand::fill(&mut random).unwrap();
    format!("whsec_{}", STANDARD.encode(random))
}

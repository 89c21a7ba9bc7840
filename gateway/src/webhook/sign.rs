//! Signatures of Standard Webhooks, version 1: HMAC-SHA256 over
//! `id.timestamp.body`, one for each active secret, so that a secret can be
//! changed without a lost event.

use aws_lc_rs::hmac;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};

/// What a secret begins with.
const PREFIX: &str = "whsec_";

/// The fewest and the most bytes of a secret (Standard Webhooks: 24 to 64).
const BYTES: std::ops::RangeInclusive<usize> = 24..=64;

/// Why a secret cannot be used.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SecretFault {
    /// No prefix.
    #[error(
        "a webhook secret begins with whsec_: write whsec_ and 24 to 64 random bytes in base64"
    )]
    Prefix,
    /// Not base64, or of the wrong length.
    #[error(
        "behind whsec_ there must be 24 to 64 random bytes in base64, as in \
         `echo whsec_$(openssl rand -base64 32)`"
    )]
    Form,
}

/// Whether a secret can be used.
///
/// # Errors
/// [`SecretFault`].
pub fn check_secret(secret: &SecretString) -> Result<(), SecretFault> {
    key(secret).map(drop)
}

/// The value of the header `webhook-signature`: a signature a secret, separated by
/// blanks.
///
/// # Errors
/// [`SecretFault`] of the first secret that cannot be used.
pub fn signatures(
    secrets: &[SecretString],
    id: &str,
    timestamp: i64,
    body: &[u8],
) -> Result<String, SecretFault> {
    let signed = [format!("{id}.{timestamp}.").as_bytes(), body].concat();
    let signatures = secrets
        .iter()
        .map(|secret| {
            Ok(format!(
                "v1,{}",
                STANDARD.encode(hmac::sign(&key(secret)?, &signed))
            ))
        })
        .collect::<Result<Vec<_>, SecretFault>>()?;
    Ok(signatures.join(" "))
}

fn key(secret: &SecretString) -> Result<hmac::Key, SecretFault> {
    let coded = secret
        .expose_secret()
        .strip_prefix(PREFIX)
        .ok_or(SecretFault::Prefix)?;
    let bytes = Zeroizing::new(STANDARD.decode(coded).map_err(|_| SecretFault::Form)?);
    if !BYTES.contains(&bytes.len()) {
        return Err(SecretFault::Form);
    }
    Ok(hmac::Key::new(hmac::HMAC_SHA256, &bytes))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret(text: &str) -> SecretString {
        SecretString::from(text)
    }

    #[test]
    fn a_signature_is_the_one_of_the_published_example() {
        // The example of Standard Webhooks' specification and libraries.
        let secrets = [secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")];
        let body = br#"{"test": 2432232314}"#;
        let id = "msg_p5jXN8AQM9LWM0D4loKWxJek";
        assert_eq!(
            signatures(&secrets, id, 1_614_265_330, body).unwrap(),
            "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="
        );
    }

    /// Shows F70.
    #[test]
    fn every_active_secret_signs() {
        let secrets = [
            secret("whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"),
            secret("whsec_MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIz"),
        ];
        let both = signatures(&secrets, "evt_1", 1_700_000_000, b"{}").unwrap();
        for (signature, secret) in both.split(' ').zip(&secrets) {
            let alone = std::slice::from_ref(secret);
            assert_eq!(
                signature,
                signatures(alone, "evt_1", 1_700_000_000, b"{}").unwrap()
            );
        }
        assert_eq!(both.split(' ').count(), 2);
    }

    #[test]
    fn a_secret_that_is_none_is_refused() {
        let cases = [
            ("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", SecretFault::Prefix),
            ("whsec_", SecretFault::Form),
            ("whsec_c2hvcnQ=", SecretFault::Form),
            ("whsec_not base64 at all, not at all", SecretFault::Form),
        ];
        for (text, fault) in cases {
            assert_eq!(check_secret(&secret(text)), Err(fault), "{text}");
        }
    }
}

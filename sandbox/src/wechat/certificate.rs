//! Writes platform certificates: X.509 v3, RSA-2048, signed with SHA-256 by their own key.
//! Merchants take the serial and the public key out of them; who issued one is proven by the
//! APIv3 key under which it was downloaded.

use std::str::FromStr as _;
use std::time::Duration;

use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::der::asn1::{AnyRef, BitString, GeneralizedTime, ObjectIdentifier, UtcTime};
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode as _, Encode as _, EncodePem as _};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use crate::key::{KeyError, SigningKey};

/// sha256WithRSAEncryption.
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// Who a platform certificate says it is.
const NAME: &str = "CN=Simulated WeChat Pay platform,O=Till sandbox,C=CN";

/// Seconds of the last moment that a UTCTime can say: the end of 2049.
const UTC_TIME_ENDS: i64 = 2_524_607_999;

/// A serial of 20 bytes: its first digit is `0` now and then, and belongs to it.
///
/// # Errors
/// [`KeyError::Library`] when the operating system gives no randomness.
pub fn new_serial() -> Result<[u8; 20], KeyError> {
    let mut serial = [0; 20];
    rand::fill(&mut serial).map_err(|_| KeyError::Library("give random bytes"))?;
    let [first, ..] = &mut serial;
    // Positive, and 20 bytes long in its encoding: neither a high bit nor a leading zero byte.
    *first = (*first & 0x7f).max(1);
    Ok(serial)
}

/// The certificate of `key`, PEM.
///
/// # Errors
/// [`KeyError::Library`] when it cannot be written.
pub fn certificate(
    key: &SigningKey,
    serial: &[u8; 20],
    not_before: DateTime<Utc>,
    not_after: DateTime<Utc>,
) -> Result<String, KeyError> {
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: SerialNumber::new(serial).map_err(refused)?,
        signature: algorithm(),
        issuer: Name::from_str(NAME).map_err(refused)?,
        validity: Validity {
            not_before: time(not_before)?,
            not_after: time(not_after)?,
        },
        subject: Name::from_str(NAME).map_err(refused)?,
        subject_public_key_info: public_key(key)?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: None,
    };
    let signature = key.sign(&tbs_certificate.to_der().map_err(refused)?)?;
    let signature = BASE64
        .decode(signature)
        .map_err(|_| KeyError::Library("sign a certificate"))?;
    let certificate = Certificate {
        tbs_certificate,
        signature_algorithm: algorithm(),
        signature: BitString::from_bytes(&signature).map_err(refused)?,
    };
    certificate.to_pem(LineEnding::LF).map_err(refused)
}

fn algorithm() -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid: SHA256_WITH_RSA,
        parameters: Some(AnyRef::NULL.into()),
    }
}

fn public_key(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned, KeyError> {
    let pem = key.public_pem()?;
    let body: String = pem.lines().filter(|line| !line.starts_with('-')).collect();
    let der = BASE64
        .decode(body)
        .map_err(|_| KeyError::Library("write a public key"))?;
    SubjectPublicKeyInfoOwned::from_der(&der).map_err(refused)
}

fn time(moment: DateTime<Utc>) -> Result<Time, KeyError> {
    let seconds = moment.timestamp();
    let since = Duration::from_secs(seconds.unsigned_abs());
    if seconds <= UTC_TIME_ENDS {
        Ok(Time::UtcTime(
            UtcTime::from_unix_duration(since).map_err(refused)?,
        ))
    } else {
        Ok(Time::GeneralTime(
            GeneralizedTime::from_unix_duration(since).map_err(refused)?,
        ))
    }
}

fn refused(error: x509_cert::der::Error) -> KeyError {
    tracing::error!(%error, "a certificate could not be written");
    KeyError::Library("write a certificate")
}

#[cfg(test)]
mod tests {
    use super::*;
    use chrono::TimeDelta;
    use x509_cert::der::DecodePem as _;

    #[test]
    fn a_certificate_holds_its_serial_times_and_key_and_verifies_with_it() {
        let key = SigningKey::generate().unwrap();
        let mut serial = new_serial().unwrap();
        serial[0] = 0x0b;
        let start = DateTime::from_timestamp(1_700_000_000, 0).unwrap();
        for years in [5, 40] {
            let end = start + TimeDelta::days(365 * years);
            let pem = certificate(&key, &serial, start, end).unwrap();
            let read = Certificate::from_pem(pem.as_bytes()).unwrap();
            let tbs = &read.tbs_certificate;
            assert_eq!(tbs.serial_number.as_bytes(), serial);
            let seconds = |time: Time| time.to_unix_duration().as_secs();
            assert_eq!(seconds(tbs.validity.not_before), 1_700_000_000);
            assert_eq!(
                i64::try_from(seconds(tbs.validity.not_after)).unwrap(),
                end.timestamp()
            );
            let public = BASE64.encode(tbs.subject_public_key_info.to_der().unwrap());
            let public = crate::key::VerifyingKey::parse(&public).unwrap();
            let signature = BASE64.encode(read.signature.raw_bytes());
            assert!(public.verifies(&tbs.to_der().unwrap(), &signature));
        }
    }

    #[test]
    fn serials_are_positive_and_twenty_bytes_long() {
        for _ in 0..1000 {
            assert!((1..0x80).contains(&new_serial().unwrap()[0]));
        }
    }
}

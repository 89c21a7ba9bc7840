//! Certificates as Alipay's certificate mode names them.
//!
//! The serial number (SN) of a certificate is the lower-case hex MD5 of its issuer's name (RFC
//! 2253, most specific part first) followed by its serial number in decimal. A bundle of roots has
//! the SNs of those whose own signature is an RSA one, joined by `_` in their order.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Utc};
use md5::{Digest as _, Md5};
use x509_cert::Certificate as X509;
use x509_cert::der::{Decode as _, DecodePem as _, Encode as _};

/// The family of RSA signature algorithms.
const RSA_FAMILY: &str = "1.2.840.113549.1.1.";

/// Why a certificate cannot be read or made.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the certificate cannot be used: {0}")]
pub struct CertificateError(String);

impl CertificateError {
    pub(super) fn new(why: impl ToString) -> Self {
        Self(why.to_string())
    }
}

/// A certificate with what Alipay asks of it.
#[derive(Debug, Clone)]
pub struct Certificate {
    pem: String,
    sn: String,
    has_rsa_signature: bool,
    expires_at: DateTime<Utc>,
}

impl Certificate {
    /// Reads one PEM block.
    pub fn parse(pem: &str) -> Result<Self, CertificateError> {
        let certificate = X509::from_pem(pem.trim()).map_err(CertificateError::new)?;
        Self::from_x509(&certificate)
    }

    /// Reads DER.
    pub(super) fn from_der(der: &[u8]) -> Result<Self, CertificateError> {
        let certificate = X509::from_der(der).map_err(CertificateError::new)?;
        Self::from_x509(&certificate)
    }

    fn from_x509(certificate: &X509) -> Result<Self, CertificateError> {
        let content = &certificate.tbs_certificate;
        let named = format!(
            "{}{}",
            content.issuer,
            decimal(content.serial_number.as_bytes())
        );
        let end = content.validity.not_after.to_unix_duration().as_secs();
        let end = i64::try_from(end).map_err(CertificateError::new)?;
        Ok(Self {
            pem: pem(&certificate.to_der().map_err(CertificateError::new)?),
            sn: hex::encode(Md5::digest(named.as_bytes())),
            has_rsa_signature: certificate
                .signature_algorithm
                .oid
                .to_string()
                .starts_with(RSA_FAMILY),
            expires_at: DateTime::from_timestamp(end, 0).unwrap_or(DateTime::<Utc>::MAX_UTC),
        })
    }

    /// PEM.
    pub fn pem(&self) -> &str {
        &self.pem
    }

    /// Its SN, 32 hex digits.
    pub fn sn(&self) -> &str {
        &self.sn
    }

    /// When it ends, UTC.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.expires_at
    }
}

/// `alipay_root_cert_sn` of a bundle of PEM blocks.
pub fn root_sn(bundle: &str) -> Result<String, CertificateError> {
    let mut names = Vec::new();
    for block in blocks(bundle) {
        let certificate = Certificate::parse(block)?;
        if certificate.has_rsa_signature {
            names.push(certificate.sn);
        }
    }
    Ok(names.join("_"))
}

/// The PEM blocks of a bundle, in their order.
pub(super) fn blocks(bundle: &str) -> impl Iterator<Item = &str> {
    const END: &str = "-----END CERTIFICATE-----";
    bundle
        .split_inclusive(END)
        .filter_map(|part| part.get(part.find("-----BEGIN CERTIFICATE-----")?..))
        .filter(|block| block.ends_with(END))
}

fn pem(der: &[u8]) -> String {
    let text = BASE64.encode(der);
    let mut pem = String::from("-----BEGIN CERTIFICATE-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, tail) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str("-----END CERTIFICATE-----\n");
    pem
}

/// A big-endian number of any length in decimal.
fn decimal(bytes: &[u8]) -> String {
    let mut digits = vec![0_u8];
    for byte in bytes {
        let mut carry = u16::from(*byte);
        for digit in &mut digits {
            let value = u16::from(*digit) * 256 + carry;
            *digit = u8::try_from(value % 10).unwrap_or_default();
            carry = value / 10;
        }
        while carry > 0 {
            digits.push(u8::try_from(carry % 10).unwrap_or_default());
            carry /= 10;
        }
    }
    digits
        .iter()
        .rev()
        .map(|digit| char::from(b'0' + digit))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_numbers_are_written_in_decimal() {
        assert_eq!(decimal(&[]), "0");
        assert_eq!(decimal(&[255]), "255");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(decimal(&[0xff; 16]), u128::MAX.to_string());
    }

    #[test]
    fn what_is_no_certificate_is_refused() {
        assert!(Certificate::parse("hello").is_err());
        assert_eq!(root_sn("no block at all").unwrap(), "");
    }
}

//! What a certificate says of itself: its serial number, as WeChat Pay writes it, and
//! its public key. The merchant's own (`apiclient_cert.pem`) is not sent anywhere; if it
//! is given, it shows whether serial number and private key belong together.

use super::account::AccountFault;
use crate::key::{SigningKey, VerifyingKey};
use x509_cert::Certificate;
use x509_cert::der::{DecodePem, Encode};

/// The length of a serial number, in hexadecimal digits.
pub(super) const SERIAL_DIGITS: usize = 40;

/// One certificate.
pub(super) struct Read {
    /// Its serial number: 40 hexadecimal digits in capitals.
    pub(super) serial: String,
    /// Its public key, SubjectPublicKeyInfo in DER.
    pub(super) spki: Vec<u8>,
}

impl Read {
    /// Reads PEM; line feeds may be written out as two characters, as one-line settings
    /// do. `None`: it is damaged, or no certificate.
    pub(super) fn from_pem(pem: &str) -> Option<Read> {
        let pem = pem.replace("\\n", "\n");
        let certificate = Certificate::from_pem(pem.trim()).ok()?.tbs_certificate;
        let serial = hex::encode_upper(certificate.serial_number.as_bytes());
        Some(Read {
            serial: format!("{serial:0>SERIAL_DIGITS$}"),
            spki: certificate.subject_public_key_info.to_der().ok()?,
        })
    }
}

/// Whether the merchant's certificate has this serial number and belongs to this key.
///
/// # Errors
/// [`AccountFault`] says which of them is another's.
pub(super) fn check_own(pem: &str, serial_no: &str, key: &SigningKey) -> Result<(), AccountFault> {
    let own = Read::from_pem(pem).ok_or(AccountFault::OwnCertificate)?;
    let public =
        VerifyingKey::from_spki_der(&own.spki).map_err(|_| AccountFault::OwnCertificate)?;
    if !key.is_pair_of(&public) {
        return Err(AccountFault::OwnPair);
    }
    if own.serial != serial_no {
        return Err(AccountFault::OwnSerial(own.serial));
    }
    Ok(())
}

//! X.509 certificates in Alipay's certificate mode (公钥证书模式): the serial numbers
//! that Alipay counts by, and whether a certificate comes from a root that the
//! merchant was given.
//!
//! A serial number is the MD5 of the issuer's name and the certificate's own number;
//! it is a name, and proves nothing. What proves is the chain of signatures.

use crate::key::{KeyFault, VerifyingKey};
use aws_lc_rs::signature::{
    ParsedPublicKey, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_2048_8192_SHA384,
    RSA_PKCS1_2048_8192_SHA512,
};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::time::Timestamp;
use md5::{Digest, Md5};
use std::fmt;
use x509_cert::der::{Decode, Encode};
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::name::RdnSequence;

const BEGIN: &str = "-----BEGIN CERTIFICATE-----";
const END: &str = "-----END CERTIFICATE-----";

/// The beginning of the names of all RSA signature algorithms; Alipay counts only
/// roots that are signed so.
const RSA_FAMILY: &str = "1.2.840.113549.1.1";

/// `CN` in a subject's name.
const COMMON_NAME: &str = "2.5.4.3";

/// The most certificates between a root and what it vouches for; Alipay has one.
const LONGEST_CHAIN: usize = 4;

/// Why a certificate file cannot be used, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum CertificateFault {
    /// There is none in it.
    #[error(
        "there is no certificate in it: it must hold -----BEGIN CERTIFICATE----- as the file from \
         Alipay's console does"
    )]
    Missing,
    /// Not to be read.
    #[error("a certificate in it is damaged: download the file again from Alipay's console")]
    Damaged,
    /// Its key.
    #[error("the certificate's key: {0}")]
    Key(KeyFault),
}

/// One certificate.
#[derive(Clone)]
pub(super) struct Certificate(x509_cert::Certificate);

/// The root certificates that a merchant was given.
#[derive(Debug)]
pub(super) struct Roots(Vec<Certificate>);

impl Certificate {
    /// Every certificate of a PEM file, in its order. Lines may be of any length, and
    /// line feeds may be written out, as one-line settings do.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub(super) fn read_all(pem: &str) -> Result<Vec<Certificate>, CertificateFault> {
        let lines = pem.replace("\\n", "\n");
        let mut all = Vec::new();
        let mut rest = lines.as_str();
        while let Some((_, block)) = rest.split_once(BEGIN) {
            let (base64, after) = block.split_once(END).ok_or(CertificateFault::Damaged)?;
            let base64: String = base64.chars().filter(|c| !c.is_whitespace()).collect();
            let der = STANDARD
                .decode(base64)
                .map_err(|_| CertificateFault::Damaged)?;
            let read = x509_cert::Certificate::from_der(&der);
            all.push(Certificate(read.map_err(|_| CertificateFault::Damaged)?));
            rest = after;
        }
        if all.is_empty() {
            return Err(CertificateFault::Missing);
        }
        Ok(all)
    }

    /// Its serial number as Alipay counts: 32 hexadecimal digits.
    pub(super) fn serial(&self) -> String {
        let content = &self.0.tbs_certificate;
        let number = decimal(content.serial_number.as_bytes());
        hex::encode(Md5::digest(format!("{}{number}", content.issuer)))
    }

    /// Its public key.
    ///
    /// # Errors
    /// [`CertificateFault::Key`]: no RSA key of at least 2048 bits.
    pub(super) fn key(&self) -> Result<VerifyingKey, CertificateFault> {
        let spki = self.spki().ok_or(CertificateFault::Damaged)?;
        VerifyingKey::from_spki_der(&spki).map_err(CertificateFault::Key)
    }

    /// Whether it belongs to the same organisation and unit as another. The roots also
    /// stand behind every merchant's own certificate, so that the chain alone does not
    /// say that one is Alipay's for this merchant, whom Alipay names as organisation.
    pub(super) fn is_of_the_same_unit(&self, other: &Certificate) -> bool {
        unit(&self.0.tbs_certificate.subject) == unit(&other.0.tbs_certificate.subject)
    }

    fn spki(&self) -> Option<Vec<u8>> {
        self.0.tbs_certificate.subject_public_key_info.to_der().ok()
    }

    fn is_valid_at(&self, moment: Timestamp) -> bool {
        let seconds = |time: &x509_cert::time::Time| time.to_unix_duration().as_secs();
        let validity = &self.0.tbs_certificate.validity;
        u64::try_from(moment.seconds()).is_ok_and(|now| {
            (seconds(&validity.not_before)..=seconds(&validity.not_after)).contains(&now)
        })
    }

    fn is_authority(&self) -> bool {
        let found = self.0.tbs_certificate.get::<BasicConstraints>();
        matches!(found, Ok(Some((_, constraints))) if constraints.ca)
    }

    /// Whether this certificate's key signed `other`.
    fn issued(&self, other: &Certificate) -> bool {
        if self.0.tbs_certificate.subject != other.0.tbs_certificate.issuer {
            return false;
        }
        // SHA-1 is left out: Alipay's roots hold some, and none of them signs anything.
        let algorithm = match other.0.signature_algorithm.oid.to_string().as_str() {
            "1.2.840.113549.1.1.11" => &RSA_PKCS1_2048_8192_SHA256,
            "1.2.840.113549.1.1.12" => &RSA_PKCS1_2048_8192_SHA384,
            "1.2.840.113549.1.1.13" => &RSA_PKCS1_2048_8192_SHA512,
            _ => return false,
        };
        let key = self
            .spki()
            .and_then(|spki| ParsedPublicKey::new(algorithm, &spki).ok());
        let content = other.0.tbs_certificate.to_der().ok();
        match (key, content, other.0.signature.as_bytes()) {
            (Some(key), Some(content), Some(signature)) => {
                key.verify_sig(&content, signature).is_ok()
            }
            _ => false,
        }
    }
}

impl Roots {
    /// Reads Alipay's bundle of roots.
    ///
    /// # Errors
    /// [`CertificateFault`].
    pub(super) fn read(pem: &str) -> Result<Roots, CertificateFault> {
        Certificate::read_all(pem).map(Roots)
    }

    /// The bundle's serial number (`alipay_root_cert_sn`): of each root that is signed
    /// with RSA, in the bundle's order; the others take no part.
    pub(super) fn serial(&self) -> String {
        let counted = |root: &&Certificate| {
            root.0
                .signature_algorithm
                .oid
                .to_string()
                .starts_with(RSA_FAMILY)
        };
        let serials: Vec<String> = self
            .0
            .iter()
            .filter(counted)
            .map(Certificate::serial)
            .collect();
        serials.join("_")
    }

    /// Whether the issuer of `leaf` is here or among `others`, going by names.
    pub(super) fn can_judge(&self, leaf: &Certificate, others: &[Certificate]) -> bool {
        let issuer = &leaf.0.tbs_certificate.issuer;
        let is_issuer = |other: &Certificate| other.0.tbs_certificate.subject == *issuer;
        self.0.iter().chain(others).any(is_issuer)
    }

    /// Whether a root vouches for `leaf`, by itself or through authorities among
    /// `others`; at a moment, unless that is left open.
    pub(super) fn vouch(
        &self,
        leaf: &Certificate,
        others: &[Certificate],
        moment: Option<Timestamp>,
    ) -> bool {
        let mut below = leaf;
        for _ in 0..LONGEST_CHAIN {
            if moment.is_some_and(|moment| !below.is_valid_at(moment)) {
                return false;
            }
            if self.0.iter().any(|root| root.issued(below)) {
                return true;
            }
            let above = |other: &&Certificate| other.is_authority() && other.issued(below);
            match others.iter().find(above) {
                Some(above) => below = above,
                None => return false,
            }
        }
        false
    }
}

impl fmt::Debug for Certificate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Certificate({})", self.serial())
    }
}

/// A subject's name without what names the one certificate.
fn unit(name: &RdnSequence) -> Vec<String> {
    let shared = |attribute: &&x509_cert::attr::AttributeTypeAndValue| {
        attribute.oid.to_string() != COMMON_NAME
    };
    let attributes = name.0.iter().flat_map(|names| names.0.iter());
    attributes.filter(shared).map(ToString::to_string).collect()
}

/// A number of big-endian bytes, in decimal.
fn decimal(bytes: &[u8]) -> String {
    // Least significant digit first.
    let mut digits: Vec<u8> = vec![0];
    for byte in bytes {
        let mut carry = u32::from(*byte);
        for digit in &mut digits {
            let value = u32::from(*digit) * 256 + carry;
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
pub(super) mod tests {
    use super::super::fixture;
    use super::*;

    fn vector() -> serde_json::Value {
        fixture::certificates()
    }

    fn read(name: &str) -> Certificate {
        let pem = vector()[name]["pem"].as_str().unwrap().to_owned();
        Certificate::read_all(&pem).unwrap().swap_remove(0)
    }

    fn roots() -> Roots {
        Roots::read(vector()["root_bundle_pem"].as_str().unwrap()).unwrap()
    }

    #[test]
    pub(in crate::alipay) fn every_vector_of_a_serial_number_is_met() {
        let vector = vector();
        for name in ["app_cert", "alipay_cert"] {
            let certificate = read(name);
            let content = &certificate.0.tbs_certificate;
            assert_eq!(
                content.issuer.to_string(),
                vector[name]["issuer_rfc2253"],
                "{name}"
            );
            let number = decimal(content.serial_number.as_bytes());
            assert_eq!(number, vector[name]["serial_decimal"], "{name}");
            assert_eq!(certificate.serial(), vector[name]["sn"], "{name}");
        }
        let roots = roots();
        let rows = vector["root_bundle_rows"].as_array().unwrap();
        assert_eq!(roots.0.len(), rows.len());
        for (root, row) in roots.0.iter().zip(rows) {
            assert_eq!(root.serial(), row["sn"]);
            assert_eq!(
                root.0.signature_algorithm.oid.to_string(),
                row["signature_oid"]
            );
        }
        assert_eq!(roots.serial(), vector["alipay_root_cert_sn"]);
        let named: Vec<&String> = vector.as_object().unwrap().keys().collect();
        let all = [
            "about",
            "alipay_cert",
            "alipay_root_cert_sn",
            "app_cert",
            // A fact about a file that is not here.
            "public_fact",
            "root_bundle_pem",
            "root_bundle_rows",
        ];
        assert_eq!(named, all, "a vector was added: say here what it proves");
    }

    #[test]
    fn a_number_of_any_length_is_written_in_decimal() {
        assert_eq!(decimal(&[]), "0");
        assert_eq!(decimal(&[0, 0]), "0");
        assert_eq!(decimal(&[1, 0]), "256");
        assert_eq!(decimal(&[0xff; 8]), u64::MAX.to_string());
        assert_eq!(decimal(&[0xff; 16]), u128::MAX.to_string());
    }

    #[test]
    fn a_root_vouches_only_for_what_it_signed_and_while_that_holds() {
        let (alipay, roots) = (read("alipay_cert"), roots());
        // The vectors' certificates are good from 2026-11-23 to 2036-11-20.
        let at = |date| Some(Timestamp::from_millis(date));
        assert!(roots.vouch(&alipay, &[], None));
        assert!(roots.vouch(&alipay, &[], at(1_800_000_000_000)));
        assert!(!roots.vouch(&alipay, &[], at(1_700_000_000_000)));
        assert!(!roots.vouch(&alipay, &[], at(2_200_000_000_000)));
        let mut changed = read("alipay_cert");
        changed.0.tbs_certificate.serial_number =
            x509_cert::serial_number::SerialNumber::from(1_u8);
        assert!(!roots.vouch(&changed, &[], None));
        // A certificate that is no authority cannot stand in between.
        assert!(!Roots(Vec::new()).vouch(&alipay, &[read("app_cert")], None));
        let elliptic = Roots(vec![
            Certificate::read_all(vector()["root_bundle_pem"].as_str().unwrap())
                .unwrap()
                .swap_remove(0),
        ]);
        assert!(!elliptic.vouch(&alipay, &[], None));
    }

    #[test]
    fn a_merchants_own_certificate_is_not_alipays_though_the_roots_vouch_for_it() {
        let (app, alipay) = (read("app_cert"), read("alipay_cert"));
        assert!(roots().vouch(&app, &[], None));
        assert!(!app.is_of_the_same_unit(&alipay));
        assert!(alipay.is_of_the_same_unit(&alipay));
    }

    #[test]
    fn a_file_may_be_on_one_line_and_must_hold_whole_certificates() {
        let pem = vector()["app_cert"]["pem"].as_str().unwrap().to_owned();
        let one_line = format!("Bag Attributes\n{}", pem.replace('\n', "\\n"));
        assert_eq!(Certificate::read_all(&one_line).unwrap().len(), 1);
        let fault = |pem: &str| Certificate::read_all(pem).unwrap_err();
        assert_eq!(fault(""), CertificateFault::Missing);
        assert_eq!(fault("MIIDYjCCAkoC"), CertificateFault::Missing);
        assert_eq!(
            fault(&pem.replace("-----END", "-----")),
            CertificateFault::Damaged
        );
        assert_eq!(
            fault(&pem.replace("MIID", "MIIC")),
            CertificateFault::Damaged
        );
    }
}

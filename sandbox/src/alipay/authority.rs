//! The authority behind the simulated Alipay: issues the certificates of apps and of Alipay.
//!
//! Its bundle holds the RSA root that issues, and an EC root that issues nothing: whoever computes
//! the bundle's SN must leave that one out, as in Alipay's own.
//!
//! A certificate begins by the real clock, because the other side judges it by its own.

use std::str::FromStr as _;
use std::time::Duration;

use aws_lc_rs::encoding::{AsDer as _, PublicKeyX509Der};
use aws_lc_rs::rand::{self, SystemRandom};
use aws_lc_rs::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair as _};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use chrono::{DateTime, Days, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use x509_cert::Certificate as X509;
use x509_cert::certificate::{TbsCertificate, Version};
use x509_cert::der::asn1::{Any, BitString, Null, ObjectIdentifier, UtcTime};
use x509_cert::der::{Decode as _, Encode as _};
use x509_cert::ext::AsExtension as _;
use x509_cert::ext::pkix::BasicConstraints;
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use super::certificate::{Certificate, CertificateError, root_sn};
use crate::key::{KeyError, SigningKey, VerifyingKey};

const RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.1");
const RSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");
const ECDSA_SHA256: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.10045.4.3.2");

const ROOT: &str = "CN=Sandbox Financial Certification Authority R1,\
                    OU=Certification Authority,O=Sandbox Financial,C=CN";
const EC_ROOT: &str = "CN=Sandbox Financial Certification Authority E1,\
                       OU=Certification Authority,O=Sandbox Financial,C=CN";

/// How long a root lives, in days.
const ROOT_LIFE: u64 = 20 * 365;
/// How much earlier than now a certificate begins, in days: clocks differ.
const BACKDATED: u64 = 1;
/// How long an app's or Alipay's certificate lives, in days.
const LIFE: u64 = 5 * 365;

/// Issues certificates.
#[derive(Debug)]
pub struct Authority {
    key: SigningKey,
    bundle: String,
    root_sn: String,
}

/// An authority as the state file holds it.
#[derive(Serialize, Deserialize)]
pub struct SavedAuthority {
    key: String,
    bundle: String,
}

impl Authority {
    /// A new authority whose roots begin now.
    pub fn create(now: DateTime<Utc>) -> Result<Self, CertificateError> {
        let key = SigningKey::generate().map_err(CertificateError::new)?;
        let rsa = self_signed(ROOT, &spki(&key)?, RSA_SHA256, now, |text| {
            key.sign_bytes(text).map_err(CertificateError::new)
        })?;
        let ec = ec_root(now)?;
        Self::new(key, format!("{}\n{}", rsa.pem(), ec.pem()))
    }

    fn new(key: SigningKey, bundle: String) -> Result<Self, CertificateError> {
        let root_sn = root_sn(&bundle)?;
        Ok(Self {
            key,
            bundle,
            root_sn,
        })
    }

    /// What [`Authority::restore`] takes.
    pub fn save(&self) -> Result<SavedAuthority, KeyError> {
        Ok(SavedAuthority {
            key: self.key.save()?.expose_secret().to_owned(),
            bundle: self.bundle.clone(),
        })
    }

    /// The authority of a saved state.
    pub fn restore(saved: SavedAuthority) -> Result<Self, KeyError> {
        let key = SigningKey::restore(&SecretString::from(saved.key))?;
        Self::new(key, saved.bundle).map_err(|_| KeyError::Private)
    }

    /// The roots, PEM, with an empty line between them.
    pub fn bundle(&self) -> &str {
        &self.bundle
    }

    /// `alipay_root_cert_sn` of the roots.
    pub fn root_sn(&self) -> &str {
        &self.root_sn
    }

    /// The certificate of an app for its public key (PEM or base64, SPKI or PKCS#1).
    pub fn issue_for_app(
        &self,
        app_id: &str,
        public_key: &str,
        now: DateTime<Utc>,
    ) -> Result<Certificate, CertificateError> {
        let der = VerifyingKey::der(public_key).map_err(CertificateError::new)?;
        let spki = match SubjectPublicKeyInfoOwned::from_der(&der) {
            Ok(spki) => spki,
            Err(_) => SubjectPublicKeyInfoOwned {
                algorithm: algorithm(RSA),
                subject_public_key: BitString::from_bytes(&der).map_err(CertificateError::new)?,
            },
        };
        let digits: String = app_id.chars().filter(char::is_ascii_alphanumeric).collect();
        self.issue(
            &format!("CN={digits},OU=Alipay,O=Sandbox merchant,C=CN"),
            spki,
            now,
        )
    }

    /// The certificate of Alipay for this key.
    pub fn issue_for_alipay(
        &self,
        key: &SigningKey,
        now: DateTime<Utc>,
    ) -> Result<Certificate, CertificateError> {
        let subject = "CN=Sandbox Alipay,OU=Alipay,O=Sandbox Alipay,C=CN";
        self.issue(subject, spki(key)?, now)
    }

    fn issue(
        &self,
        subject: &str,
        spki: SubjectPublicKeyInfoOwned,
        now: DateTime<Utc>,
    ) -> Result<Certificate, CertificateError> {
        let content = content(ROOT, subject, spki, RSA_SHA256, now, LIFE)?;
        sign(content, |text| {
            self.key.sign_bytes(text).map_err(CertificateError::new)
        })
    }
}

fn ec_root(now: DateTime<Utc>) -> Result<Certificate, CertificateError> {
    let refused = || CertificateError::new("no EC key could be made");
    let key = EcdsaKeyPair::generate(&ECDSA_P256_SHA256_ASN1_SIGNING).map_err(|_| refused())?;
    let der: PublicKeyX509Der<'_> = key.public_key().as_der().map_err(|_| refused())?;
    let spki = SubjectPublicKeyInfoOwned::from_der(der.as_ref()).map_err(CertificateError::new)?;
    self_signed(EC_ROOT, &spki, ECDSA_SHA256, now, |text| {
        let signature = key
            .sign(&SystemRandom::new(), text)
            .map_err(|_| refused())?;
        Ok(signature.as_ref().to_vec())
    })
}

fn self_signed(
    name: &str,
    spki: &SubjectPublicKeyInfoOwned,
    by: ObjectIdentifier,
    now: DateTime<Utc>,
    signer: impl FnOnce(&[u8]) -> Result<Vec<u8>, CertificateError>,
) -> Result<Certificate, CertificateError> {
    let mut content = content(name, name, spki.clone(), by, now, ROOT_LIFE)?;
    let constraints = BasicConstraints {
        ca: true,
        path_len_constraint: None,
    };
    let constraints = constraints
        .to_extension(&content.subject, &[])
        .map_err(CertificateError::new)?;
    content.extensions = Some(vec![constraints]);
    sign(content, signer)
}

fn content(
    issuer: &str,
    subject: &str,
    spki: SubjectPublicKeyInfoOwned,
    by: ObjectIdentifier,
    now: DateTime<Utc>,
    days: u64,
) -> Result<TbsCertificate, CertificateError> {
    let begin = now.checked_sub_days(Days::new(BACKDATED)).unwrap_or(now);
    let end = now.checked_add_days(Days::new(days)).unwrap_or(now);
    Ok(TbsCertificate {
        version: Version::V3,
        serial_number: serial()?,
        signature: algorithm(by),
        issuer: Name::from_str(issuer).map_err(CertificateError::new)?,
        validity: Validity {
            not_before: time(begin)?,
            not_after: time(end)?,
        },
        subject: Name::from_str(subject).map_err(CertificateError::new)?,
        subject_public_key_info: spki,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: None,
    })
}

fn sign(
    content: TbsCertificate,
    signer: impl FnOnce(&[u8]) -> Result<Vec<u8>, CertificateError>,
) -> Result<Certificate, CertificateError> {
    let text = content.to_der().map_err(CertificateError::new)?;
    let signature = BitString::from_bytes(&signer(&text)?).map_err(CertificateError::new)?;
    let certificate = X509 {
        signature_algorithm: content.signature.clone(),
        tbs_certificate: content,
        signature,
    };
    Certificate::from_der(&certificate.to_der().map_err(CertificateError::new)?)
}

fn spki(key: &SigningKey) -> Result<SubjectPublicKeyInfoOwned, CertificateError> {
    let der = key.public_der().map_err(CertificateError::new)?;
    SubjectPublicKeyInfoOwned::from_der(&der).map_err(CertificateError::new)
}

/// RSA algorithms carry an explicit NULL, ECDSA ones nothing.
fn algorithm(oid: ObjectIdentifier) -> AlgorithmIdentifierOwned {
    AlgorithmIdentifierOwned {
        oid,
        parameters: (oid != ECDSA_SHA256).then(|| Any::from(Null)),
    }
}

/// 15 random bytes: positive, and as long as the documents' own.
fn serial() -> Result<SerialNumber, CertificateError> {
    let mut bytes = [0; 15];
    rand::fill(&mut bytes).map_err(|_| CertificateError::new("there is no randomness"))?;
    SerialNumber::new(&bytes).map_err(CertificateError::new)
}

fn time(moment: DateTime<Utc>) -> Result<Time, CertificateError> {
    let seconds = u64::try_from(moment.timestamp()).map_err(CertificateError::new)?;
    UtcTime::from_unix_duration(Duration::from_secs(seconds))
        .map(Time::from)
        .map_err(CertificateError::new)
}

/// PEM as the download answers it: base64 of the whole text.
pub(super) fn enclosed(pem: &str) -> String {
    BASE64.encode(pem)
}

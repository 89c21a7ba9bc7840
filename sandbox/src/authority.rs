//! Who issues certificates for WeChat Pay's v2: to merchants, and to the sandbox's https port.
//!
//! The authority is made once and kept in the state file, so that what a merchant was given goes
//! on being good after a restart.

use std::net::IpAddr;
use std::str::FromStr as _;
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use aws_lc_rs::rand;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use x509_cert::certificate::{Certificate, TbsCertificate, Version};
use x509_cert::der::asn1::{
    AnyRef, BitString, GeneralizedTime, Ia5String, ObjectIdentifier, OctetString, UtcTime,
};
use x509_cert::der::pem::LineEnding;
use x509_cert::der::{Decode as _, Encode as _, EncodePem as _};
use x509_cert::ext::pkix::name::GeneralName;
use x509_cert::ext::pkix::{
    AuthorityKeyIdentifier, BasicConstraints, KeyUsage, KeyUsages, SubjectAltName,
    SubjectKeyIdentifier,
};
use x509_cert::ext::{AsExtension, Extension, Extensions};
use x509_cert::name::Name;
use x509_cert::serial_number::SerialNumber;
use x509_cert::spki::{AlgorithmIdentifierOwned, SubjectPublicKeyInfoOwned};
use x509_cert::time::{Time, Validity};

use crate::key::{KeyError, SigningKey};

/// sha256WithRSAEncryption.
const SHA256_WITH_RSA: ObjectIdentifier = ObjectIdentifier::new_unwrap("1.2.840.113549.1.1.11");

/// Who issues.
const ISSUER: &str = "CN=Till sandbox CA,O=Till sandbox,C=CN";

/// 2020-01-01 and 2119-12-31, Unix seconds: longer than any test, however far ahead its clock is.
const VALID: (u64, u64) = (1_577_836_800, 4_733_424_000);

/// A certificate and, if it is known here, its private key.
#[derive(Clone, Serialize, Deserialize)]
pub struct Identity {
    /// PEM.
    pub certificate_pem: String,
    /// PKCS#8 PEM.
    pub private_key_pem: Option<String>,
}

impl std::fmt::Debug for Identity {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Identity")
    }
}

/// The sandbox's certificate authority.
#[derive(Debug)]
pub struct Authority {
    certificate_pem: String,
    key: SigningKey,
}

impl Authority {
    /// A new authority.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn create() -> Result<Self, KeyError> {
        let key = SigningKey::generate()?;
        let subject = name(ISSUER)?;
        let constraints = BasicConstraints {
            ca: true,
            path_len_constraint: Some(0),
        };
        let usage = KeyUsage(KeyUsages::KeyCertSign.into());
        let extensions = vec![
            extension(&constraints, &subject)?,
            extension(&usage, &subject)?,
            extension(&SubjectKeyIdentifier(identifier(&key)?), &subject)?,
        ];
        let certificate_pem = certify(&key, &key, subject, extensions)?;
        Ok(Self {
            certificate_pem,
            key,
        })
    }

    /// The authority of a state file.
    ///
    /// # Errors
    /// [`KeyError::Private`].
    pub fn restore(saved: SavedAuthority) -> Result<Self, KeyError> {
        Ok(Self {
            certificate_pem: saved.certificate_pem,
            key: SigningKey::restore(&SecretString::from(saved.key))?,
        })
    }

    /// What [`Authority::restore`] takes.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn save(&self) -> Result<SavedAuthority, KeyError> {
        Ok(SavedAuthority {
            certificate_pem: self.certificate_pem.clone(),
            key: self.key.save()?.expose_secret().to_owned(),
        })
    }

    /// What is verified with, PEM.
    pub fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// A merchant API certificate with a new key.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn issue_to_merchant(&self, mch_id: &str) -> Result<Identity, KeyError> {
        let id: String = mch_id.chars().filter(char::is_ascii_alphanumeric).collect();
        let subject = name(&format!("CN={id},O=Sandbox merchant,C=CN"))?;
        self.issue(subject, Vec::new())
    }

    /// A certificate for a server with these names and addresses.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn issue_to_server(&self, names: &[String]) -> Result<Identity, KeyError> {
        let subject = name("CN=Sandbox WeChat Pay,O=Till sandbox,C=CN")?;
        let names = names.iter().map(|text| match text.parse::<IpAddr>() {
            Ok(address) => Ok(GeneralName::from(address)),
            Err(_) => Ia5String::new(text)
                .map(GeneralName::DnsName)
                .map_err(refused),
        });
        let names = SubjectAltName(names.collect::<Result<_, KeyError>>()?);
        let names = extension(&names, &subject)?;
        self.issue(subject, vec![names])
    }

    fn issue(&self, subject: Name, mut extensions: Extensions) -> Result<Identity, KeyError> {
        let key = SigningKey::generate()?;
        let issuer = AuthorityKeyIdentifier {
            key_identifier: Some(identifier(&self.key)?),
            ..AuthorityKeyIdentifier::default()
        };
        extensions.push(extension(&issuer, &subject)?);
        let own = SubjectKeyIdentifier(identifier(&key)?);
        extensions.push(extension(&own, &subject)?);
        Ok(Identity {
            certificate_pem: certify(&self.key, &key, subject, extensions)?,
            private_key_pem: Some(private_pem(&key)?),
        })
    }
}

/// The authority in the state file.
#[derive(Serialize, Deserialize)]
pub struct SavedAuthority {
    certificate_pem: String,
    key: String,
}

/// A certificate of `key`, PEM, signed by the issuer's.
fn certify(
    issuer: &SigningKey,
    key: &SigningKey,
    subject: Name,
    extensions: Extensions,
) -> Result<String, KeyError> {
    let tbs_certificate = TbsCertificate {
        version: Version::V3,
        serial_number: new_serial()?,
        signature: algorithm(),
        issuer: name(ISSUER)?,
        validity: validity()?,
        subject,
        subject_public_key_info: public_key(key)?,
        issuer_unique_id: None,
        subject_unique_id: None,
        extensions: Some(extensions),
    };
    let signature = issuer.sign(&tbs_certificate.to_der().map_err(refused)?)?;
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

fn extension(content: &impl AsExtension, subject: &Name) -> Result<Extension, KeyError> {
    content.to_extension(subject, &[]).map_err(refused)
}

/// By which a certificate says whose key it is: 20 bytes of its digest.
fn identifier(key: &SigningKey) -> Result<OctetString, KeyError> {
    let key = public_key(key)?.to_der().map_err(refused)?;
    let digest = digest(&SHA256, &key);
    let (short, _) = digest
        .as_ref()
        .split_at_checked(20)
        .ok_or(KeyError::Library("name a key"))?;
    OctetString::new(short).map_err(refused)
}

/// Positive, of 20 bytes.
fn new_serial() -> Result<SerialNumber, KeyError> {
    let mut serial = [0; 20];
    rand::fill(&mut serial).map_err(|_| KeyError::Library("give random bytes"))?;
    let [first, ..] = &mut serial;
    *first = (*first & 0x7f).max(1);
    SerialNumber::new(&serial).map_err(refused)
}

/// Until 2049 a certificate says a year in two digits, and in four from then on.
fn validity() -> Result<Validity, KeyError> {
    let (from, until) = VALID;
    let from = UtcTime::from_unix_duration(Duration::from_secs(from)).map_err(refused)?;
    let until = GeneralizedTime::from_unix_duration(Duration::from_secs(until));
    Ok(Validity {
        not_before: Time::UtcTime(from),
        not_after: Time::GeneralTime(until.map_err(refused)?),
    })
}

fn name(text: &str) -> Result<Name, KeyError> {
    Name::from_str(text).map_err(refused)
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

fn private_pem(key: &SigningKey) -> Result<String, KeyError> {
    let saved = key.save()?;
    let mut rest = saved.expose_secret();
    let mut pem = String::from("-----BEGIN PRIVATE KEY-----\n");
    while !rest.is_empty() {
        let (line, tail) = rest.split_at_checked(64).unwrap_or((rest, ""));
        pem.push_str(line);
        pem.push('\n');
        rest = tail;
    }
    pem.push_str("-----END PRIVATE KEY-----\n");
    Ok(pem)
}

fn refused(error: x509_cert::der::Error) -> KeyError {
    tracing::error!(%error, "a certificate could not be written");
    KeyError::Library("write a certificate")
}

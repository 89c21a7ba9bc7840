//! Whose signature is Alipay's: one public key, or the certificates that a merchant's
//! roots vouch for. Those change while the program runs: an answer names the one that
//! signed it, and one that is not known yet is downloaded.

use super::account::AccountFault;
use super::certificate::{Certificate, CertificateFault, Roots};
use crate::key::{SigningKey, VerifyingKey};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::time::Timestamp;
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

/// The most certificates that are kept; Alipay uses two at a time, while it changes.
const MOST_KNOWN: usize = 16;

/// The length of a serial number.
const SERIAL_DIGITS: usize = 32;

/// How Alipay is known.
#[derive(Debug)]
pub(super) enum Trust {
    /// By one key, which does not change.
    Key(Arc<VerifyingKey>),
    /// By certificates.
    Certificates(Box<Certificates>),
}

/// Which keys a signature may be of.
#[derive(Debug)]
pub(super) enum Signers {
    /// One of these.
    Known(Vec<Arc<VerifyingKey>>),
    /// The one of a certificate of this serial number, which is not known yet.
    Unheard(String),
    /// Nobody says, or says nonsense.
    Unnamed,
}

/// Alipay's certificates for one application.
#[derive(Debug)]
pub(super) struct Certificates {
    /// `app_cert_sn`.
    pub(super) app_serial: String,
    /// `alipay_root_cert_sn`.
    pub(super) root_serial: String,
    roots: Roots,
    /// The certificate that the merchant was given, and what else stood in its file.
    first: Certificate,
    authorities: Vec<Certificate>,
    known: RwLock<BTreeMap<String, Arc<VerifyingKey>>>,
}

impl Trust {
    /// Who may have signed an answer that names `serial`. In certificate mode an
    /// answer must name one.
    pub(super) fn of_answer(&self, serial: Option<&str>) -> Signers {
        match (self, serial) {
            (Trust::Key(key), _) => Signers::Known(vec![key.clone()]),
            (Trust::Certificates(certificates), Some(serial)) => certificates.named(serial),
            (Trust::Certificates(_), None) => Signers::Unnamed,
        }
    }

    /// Who may have signed a notice. One that names no certificate may be signed by
    /// any that is known.
    pub(super) fn of_notice(&self, serial: Option<&str>) -> Signers {
        match (self, serial) {
            (Trust::Certificates(certificates), None) => Signers::Known(certificates.all()),
            _ => self.of_answer(serial),
        }
    }

    /// The certificates, in certificate mode.
    pub(super) fn certificates(&self) -> Option<&Certificates> {
        match self {
            Trust::Key(_) => None,
            Trust::Certificates(certificates) => Some(certificates),
        }
    }
}

impl Certificates {
    /// Reads the three files of an application and holds them against each other.
    ///
    /// # Errors
    /// [`AccountFault`] names the file and says how to mend it.
    pub(super) fn new(
        app_cert: &str,
        alipay_cert: &str,
        root_cert: &str,
        signing: &SigningKey,
    ) -> Result<Certificates, AccountFault> {
        let mut app = Certificate::read_all(app_cert).map_err(AccountFault::AppCert)?;
        let app = app.swap_remove(0);
        let app_key = app.key().map_err(AccountFault::AppCert)?;
        if !signing.is_pair_of(&app_key) {
            return Err(AccountFault::OtherAppCert);
        }
        let roots = Roots::read(root_cert).map_err(AccountFault::RootCert)?;
        let root_serial = roots.serial();
        if root_serial.is_empty() {
            return Err(AccountFault::NoRsaRoot);
        }
        let mut others = Certificate::read_all(alipay_cert).map_err(AccountFault::AlipayCert)?;
        let first = others.remove(0);
        let key = first.key().map_err(AccountFault::AlipayCert)?;
        if signing.is_pair_of(&key) {
            return Err(AccountFault::OwnCertificate);
        }
        // The console hands it out without the authority in between as well: then it is
        // taken as it was given. Whether it has run out is Alipay's to judge, which then
        // names another one.
        if roots.can_judge(&first, &others) && !roots.vouch(&first, &others, None) {
            return Err(AccountFault::ForeignAlipayCert);
        }
        Ok(Certificates {
            app_serial: app.serial(),
            root_serial,
            roots,
            known: RwLock::new(BTreeMap::from([(first.serial(), Arc::new(key))])),
            first,
            authorities: others,
        })
    }

    /// Takes a downloaded certificate: base64 of PEM. The download itself is signed by
    /// nobody; what counts is that a root vouches for it, and that it is Alipay's.
    ///
    /// # Errors
    /// Why it is not taken.
    pub(super) fn take(&self, serial: &str, content: &str, now: Timestamp) -> Result<(), String> {
        let pem = STANDARD
            .decode(content)
            .map_err(|_| "it is not base64".to_owned())?;
        let pem = String::from_utf8(pem).map_err(|_| "it is not PEM".to_owned())?;
        let mut others = Certificate::read_all(&pem).map_err(in_words)?;
        let wanted = others.iter().position(|one| one.serial() == serial);
        let wanted = others.remove(wanted.ok_or("it is another certificate")?);
        if !wanted.is_of_the_same_unit(&self.first) {
            return Err("it is not Alipay's but somebody else's".to_owned());
        }
        others.extend(self.authorities.iter().cloned());
        if !self.roots.vouch(&wanted, &others, Some(now)) {
            return Err("no root of root_cert vouches for it now".to_owned());
        }
        let key = Arc::new(wanted.key().map_err(in_words)?);
        let mut known = self.known.write().unwrap_or_else(PoisonError::into_inner);
        if known.len() >= MOST_KNOWN {
            // What is still in use is downloaded again.
            known.clear();
        }
        known.insert(serial.to_owned(), key);
        Ok(())
    }

    /// Whether the certificate of this serial number is known.
    pub(super) fn knows(&self, serial: &str) -> bool {
        self.known
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .contains_key(serial)
    }

    fn named(&self, serial: &str) -> Signers {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        let digits = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
        match known.get(serial) {
            Some(key) => Signers::Known(vec![key.clone()]),
            None if serial.len() == SERIAL_DIGITS && serial.bytes().all(digits) => {
                Signers::Unheard(serial.to_owned())
            }
            None => Signers::Unnamed,
        }
    }

    fn all(&self) -> Vec<Arc<VerifyingKey>> {
        let known = self.known.read().unwrap_or_else(PoisonError::into_inner);
        known.values().cloned().collect()
    }
}

fn in_words(fault: CertificateFault) -> String {
    fault.to_string()
}

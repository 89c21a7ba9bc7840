//! WeChat Pay's own keys for one merchant: the platform public key, platform certificates, or both
//! while the merchant moves from the latter to the former.
//!
//! An answer is signed by the key that the request's `Wechatpay-Serial` names; without that header
//! by the certificate, unless the merchant knows the public key only. A notice is signed by the
//! public key in the share that is set. Certificates rotate on command.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use chrono::{DateTime, TimeDelta, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::certificate::{certificate, new_serial};
use super::sign::PlatformKey;
use crate::account::WechatAccount;
use crate::key::{KeyError, SigningKey};

/// How long a platform certificate is valid.
const VALID: TimeDelta = TimeDelta::days(365 * 5);

/// How long the old certificate is still shown as valid once a new one was announced.
const OVERLAP: TimeDelta = TimeDelta::days(10);

/// A new certificate is valid from this long before it was made, for clocks that are behind.
const EARLIER: TimeDelta = TimeDelta::hours(1);

/// With which of WeChat Pay's keys a merchant verifies.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum KeyMode {
    /// 平台证书 only.
    Certificates,
    /// Both, while the share of notices that the public key signs is raised.
    Migrating,
    /// 微信支付公钥 only: what new merchants have.
    #[default]
    PublicKey,
}

/// A step of exchanging the platform certificate.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Rotation {
    /// A new certificate can be downloaded beside the old one, which goes on signing and is shown
    /// to end in ten days.
    Announce,
    /// Old and new sign by turns: the last five days.
    Turns,
    /// The new one signs; the old one is still valid.
    Sign,
    /// The old one can no longer be downloaded and signs no more.
    Retire,
    /// All at once, without notice: the next message is signed by a certificate that nobody has
    /// seen, and the old one is gone.
    Sudden,
}

/// A certificate as the control API shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct CertificateView {
    /// 40 hexadecimal digits, upper-case.
    pub serial_no: String,
    /// PEM.
    pub certificate_pem: String,
    /// RFC 3339, UTC.
    pub effective_time: String,
    /// RFC 3339, UTC, as `GET /v3/certificates` shows it.
    pub expire_time: String,
    /// Whether it signs now.
    pub signs: bool,
}

/// The keys as the control API shows them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlatformView {
    /// With which of them the merchant verifies.
    pub mode: KeyMode,
    /// Of a thousand notices, how many the public key signs while migrating.
    pub public_key_permille: u16,
    /// The certificates that can be downloaded, the oldest first.
    pub certificates: Vec<CertificateView>,
}

/// WeChat Pay's keys for one merchant, but for the public key, which the account has.
#[derive(Debug, Default)]
pub struct Platform {
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    mode: KeyMode,
    permille: u16,
    /// Thousandths of a notice that the public key still has to sign.
    owed: u16,
    certificates: Vec<Held>,
    signed: usize,
}

#[derive(Debug, Clone)]
struct Held {
    serial_no: String,
    pem: String,
    key: Arc<SigningKey>,
    effective_time: DateTime<Utc>,
    expire_time: DateTime<Utc>,
    signs: bool,
}

/// The keys in the state file.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedPlatform {
    #[serde(default)]
    mode: KeyMode,
    #[serde(default)]
    permille: u16,
    #[serde(default)]
    certificates: Vec<SavedCertificate>,
}

#[derive(Serialize, Deserialize)]
struct SavedCertificate {
    serial_no: String,
    pem: String,
    key: String,
    effective_time: DateTime<Utc>,
    expire_time: DateTime<Utc>,
    signs: bool,
}

impl Held {
    fn new(now: DateTime<Utc>, wall: DateTime<Utc>) -> Result<Self, KeyError> {
        let key = SigningKey::generate()?;
        let serial = new_serial()?;
        let (effective_time, expire_time) = (wall - EARLIER, now + VALID);
        Ok(Self {
            serial_no: hex::encode_upper(serial),
            pem: certificate(&key, &serial, effective_time, expire_time)?,
            key: Arc::new(key),
            effective_time,
            expire_time,
            signs: false,
        })
    }

    fn platform_key(&self) -> PlatformKey {
        PlatformKey {
            id: self.serial_no.clone(),
            key: self.key.clone(),
        }
    }
}

impl State {
    fn add(&mut self, now: DateTime<Utc>, wall: DateTime<Utc>) -> Result<&mut Held, KeyError> {
        self.certificates.push(Held::new(now, wall)?);
        self.certificates
            .last_mut()
            .ok_or(KeyError::Library("keep a certificate"))
    }

    /// There is always one that signs.
    fn first(&mut self, now: DateTime<Utc>, wall: DateTime<Utc>) -> Result<(), KeyError> {
        if self.certificates.is_empty() {
            self.add(now, wall)?.signs = true;
        }
        Ok(())
    }

    /// Leaves only the newest to sign.
    fn newest_signs(&mut self) {
        let newest = self.certificates.len();
        for (place, held) in self.certificates.iter_mut().enumerate() {
            held.signs = place + 1 == newest;
        }
    }

    fn drop_silent(&mut self) {
        self.certificates.retain(|held| held.signs);
    }

    /// The certificate that signs the next message: by turns, if several do.
    fn next_certificate(&mut self) -> Option<PlatformKey> {
        let signing: Vec<_> = self.certificates.iter().filter(|held| held.signs).collect();
        let turn = self.signed.checked_rem(signing.len())?;
        let key = signing.get(turn).map(|held| held.platform_key());
        self.signed = self.signed.wrapping_add(1);
        key
    }

    /// Whether the public key signs this notice: exactly in the share that is set.
    fn public_key_is_due(&mut self) -> bool {
        match self.mode {
            KeyMode::Certificates => false,
            KeyMode::PublicKey => true,
            KeyMode::Migrating => {
                self.owed = self.owed.saturating_add(self.permille);
                let due = self.owed >= 1000;
                if due {
                    self.owed -= 1000;
                }
                due
            }
        }
    }
}

impl Platform {
    /// The key that signs an answer to a request that `named` one, or none.
    /// `None`: the merchant was never given such a key.
    pub fn answer_key(&self, account: &WechatAccount, named: Option<&str>) -> Option<PlatformKey> {
        match named {
            Some(id) => self.named(account, id),
            None => {
                let mut state = self.lock();
                match state.mode {
                    KeyMode::PublicKey => Some(account.public_key()),
                    KeyMode::Certificates | KeyMode::Migrating => state.next_certificate(),
                }
            }
        }
    }

    /// The key with this id: the public key, or a certificate that can be downloaded.
    pub fn named(&self, account: &WechatAccount, id: &str) -> Option<PlatformKey> {
        let state = self.lock();
        if id == account.public_key_id {
            return (state.mode != KeyMode::Certificates).then(|| account.public_key());
        }
        let mut held = state.certificates.iter();
        held.find(|held| held.serial_no == id)
            .map(Held::platform_key)
    }

    /// The key that signs the next notice.
    pub fn notice_key(&self, account: &WechatAccount) -> Option<PlatformKey> {
        let mut state = self.lock();
        if state.public_key_is_due() {
            return Some(account.public_key());
        }
        state.next_certificate()
    }

    /// Sets the mode; `permille` counts while migrating. The first certificate is made when one
    /// is needed, which takes a moment of CPU.
    ///
    /// # Errors
    /// [`KeyError`] when no certificate can be made; then nothing changed.
    pub fn set_mode(
        &self,
        mode: KeyMode,
        permille: u16,
        now: DateTime<Utc>,
        wall: DateTime<Utc>,
    ) -> Result<(), KeyError> {
        let mut state = self.lock();
        if mode != KeyMode::PublicKey {
            state.first(now, wall)?;
        }
        state.mode = mode;
        state.permille = permille.min(1000);
        state.owed = 0;
        Ok(())
    }

    /// Takes one step of exchanging the certificate; the first one is made if there is none.
    ///
    /// # Errors
    /// [`KeyError`] when no certificate can be made; then nothing changed.
    pub fn rotate(
        &self,
        step: Rotation,
        now: DateTime<Utc>,
        wall: DateTime<Utc>,
    ) -> Result<(), KeyError> {
        let mut state = self.lock();
        state.first(now, wall)?;
        match step {
            Rotation::Announce => {
                let ends = now + OVERLAP;
                state.add(now, wall)?;
                let newest = state.certificates.len();
                let old = state.certificates.iter_mut().take(newest - 1);
                old.for_each(|held| held.expire_time = held.expire_time.min(ends));
            }
            Rotation::Turns => state
                .certificates
                .iter_mut()
                .for_each(|held| held.signs = true),
            Rotation::Sign => state.newest_signs(),
            Rotation::Retire => {
                state.newest_signs();
                state.drop_silent();
            }
            Rotation::Sudden => {
                state.add(now, wall)?;
                state.newest_signs();
                state.drop_silent();
            }
        }
        Ok(())
    }

    /// What the control API shows, and `GET /v3/certificates` seals.
    pub fn view(&self) -> PlatformView {
        let state = self.lock();
        let rfc3339 = |moment: DateTime<Utc>| moment.to_rfc3339();
        let certificates = state.certificates.iter().map(|held| CertificateView {
            serial_no: held.serial_no.clone(),
            certificate_pem: held.pem.clone(),
            effective_time: rfc3339(held.effective_time),
            expire_time: rfc3339(held.expire_time),
            signs: held.signs,
        });
        PlatformView {
            mode: state.mode,
            public_key_permille: state.permille,
            certificates: certificates.collect(),
        }
    }

    /// For the state file, private keys included.
    ///
    /// # Errors
    /// [`KeyError`] when a key cannot be written.
    pub fn save(&self) -> Result<SavedPlatform, KeyError> {
        let state = self.lock();
        let certificates = state.certificates.iter().map(|held| {
            Ok(SavedCertificate {
                serial_no: held.serial_no.clone(),
                pem: held.pem.clone(),
                key: held.key.save()?.expose_secret().to_owned(),
                effective_time: held.effective_time,
                expire_time: held.expire_time,
                signs: held.signs,
            })
        });
        Ok(SavedPlatform {
            mode: state.mode,
            permille: state.permille,
            certificates: certificates.collect::<Result<_, KeyError>>()?,
        })
    }

    /// The keys of a state file.
    ///
    /// # Errors
    /// [`KeyError`] when a saved key is unusable.
    pub fn restore(saved: SavedPlatform) -> Result<Self, KeyError> {
        let certificates = saved.certificates.into_iter().map(|saved| {
            Ok(Held {
                serial_no: saved.serial_no,
                pem: saved.pem,
                key: Arc::new(SigningKey::restore(&SecretString::from(saved.key))?),
                effective_time: saved.effective_time,
                expire_time: saved.expire_time,
                signs: saved.signs,
            })
        });
        let state = State {
            mode: saved.mode,
            permille: saved.permille,
            certificates: certificates.collect::<Result<_, KeyError>>()?,
            ..State::default()
        };
        Ok(Self {
            state: Mutex::new(state),
        })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

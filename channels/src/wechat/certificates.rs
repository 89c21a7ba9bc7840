//! Platform certificates (平台证书): `GET /v3/certificates`, opened with the APIv3 key.
//!
//! The answer may be signed with a certificate that it brings itself: that it could be
//! opened with the APIv3 key proves who made it, and its signature that it was made
//! just now. One download runs at a time, and whoever waited for it takes what it
//! brought; what WeChat signed a moment before it left a certificate out stays good as
//! long as its age allows.

use super::account::{Account, PlatformKey};
use super::answer::{cause, read, texts};
use super::client::Client;
use super::convert;
use super::seal;
use super::verify::{Found, Stamp};
use super::wire::{Certificates, SealedCertificate};
use crate::http::{Answer, Lost};
use cashier::channel::{Cause, CauseKind};
use cashier::time::{Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Handle;

/// How old what was downloaded may get. WeChat issues a certificate ten days before
/// the old one ends, and signs with it from five days before.
const FRESH: Span = Span::minutes(12 * 60);

/// The least time between two downloads that nobody waits for: notices ask for them,
/// and anybody can send a notice.
const PAUSE: Span = Span::seconds(10);

/// Who is downloading, and when somebody did.
#[derive(Debug, Default)]
pub(super) struct Downloads {
    running: tokio::sync::Mutex<()>,
    done: Mutex<Done>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Done {
    /// How many have ended, well or not.
    ended: u64,
    /// When one was last begun that nobody waits for.
    begun_at: Option<Timestamp>,
    /// When one last ended well.
    got_at: Option<Timestamp>,
}

impl Downloads {
    /// How many have ended: what is told to [`Client::renew`].
    pub(super) fn ended(&self) -> u64 {
        self.with(|done| done.ended)
    }

    fn with<T>(&self, look: impl FnOnce(&mut Done) -> T) -> T {
        look(&mut self.done.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Client {
    /// Downloads the certificates, unless a download has ended since `seen` were.
    pub(super) async fn renew(&self, seen: u64) {
        let downloads = self.downloads();
        let _one_at_a_time = downloads.running.lock().await;
        if downloads.ended() != seen {
            return;
        }
        let got = self.download().await;
        let now = self.now();
        downloads.with(|done| {
            done.ended += 1;
            if got.is_ok() {
                done.got_at = Some(now);
            }
        });
        if let Err(Lost::NotSent(cause) | Lost::Unknown(cause)) = got {
            tracing::warn!(
                detail = cause.detail,
                "WeChat Pay's platform certificates could not be downloaded"
            );
        }
    }

    /// Begins a download that nobody waits for, where certificates are wanted at all
    /// and none was begun just now.
    pub(super) fn renew_soon(&self) {
        let (now, downloads) = (self.now(), self.downloads());
        let Ok(runtime) = Handle::try_current() else {
            return;
        };
        if !self.account().downloads_certificates {
            return;
        }
        let begins = downloads.with(|done| {
            let rests = done.begun_at.is_some_and(|at| now.since(at) < PAUSE);
            if !rests {
                done.begun_at = Some(now);
            }
            !rests
        });
        if begins {
            let (client, seen) = (self.clone(), downloads.ended());
            runtime.spawn(async move { client.renew(seen).await });
        }
    }

    /// Begins a download when the last one is too long ago.
    pub(super) fn keep_fresh(&self) {
        let now = self.now();
        let is_old = |done: &mut Done| done.got_at.is_none_or(|at| now.since(at) >= FRESH);
        if self.downloads().with(is_old) {
            self.renew_soon();
        }
    }

    async fn download(&self) -> Result<(), Lost> {
        let answer = self.ask(&["certificates"]).await?;
        let found = certificates(self.account(), &answer, self.now()).map_err(Lost::Unknown)?;
        self.account().platform.take(found, self.now());
        Ok(())
    }
}

/// The certificates in an answer, once the answer is believed.
fn certificates(
    account: &Account,
    answer: &Answer,
    now: Timestamp,
) -> Result<BTreeMap<String, Found>, Cause> {
    if answer.status != 200 {
        let detail = format!("HTTP {}", answer.status);
        return Err(cause(CauseKind::ChannelError, detail));
    }
    let list: Certificates = read(&answer.body)?;
    let mut found = BTreeMap::new();
    for sealed in &list.data {
        let (serial, certificate) = open(account, sealed)?;
        found.insert(serial, certificate);
    }
    let disbelieved = |reason: super::verify::Unverified| {
        cause(CauseKind::BadSignature, format!("not believed: {reason}"))
    };
    let headers = texts(&answer.headers);
    let stamp = Stamp::read(&headers).map_err(disbelieved)?;
    account
        .platform
        .verify_with(&found, stamp, &answer.body, now)
        .map_err(disbelieved)?;
    Ok(found)
}

fn open(account: &Account, sealed: &SealedCertificate) -> Result<(String, Found), Cause> {
    let unreadable = |what: &str| cause(CauseKind::Unreadable, format!("a certificate's {what}"));
    let resource = &sealed.encrypt_certificate;
    if resource.algorithm != seal::ALGORITHM {
        return Err(unreadable("algorithm is not known"));
    }
    let associated_data = resource.associated_data.as_deref().unwrap_or_default();
    let plain = account
        .resource_key
        .open(&resource.nonce, associated_data, &resource.ciphertext)
        .map_err(|fault| cause(CauseKind::Unreadable, fault.to_string()))?;
    let platform_key = PlatformKey {
        id: sealed.serial_no.clone(),
        pem: String::from_utf8(plain).map_err(|_| unreadable("text is not UTF-8"))?,
    };
    let key = platform_key
        .read_certificate()
        .map_err(|fault| cause(CauseKind::Unreadable, fault.to_string()))?;
    let until = convert::moment(&sealed.expire_time)
        .ok_or_else(|| unreadable("expire_time cannot be read"))?;
    Ok((platform_key.id, Found { key, until }))
}

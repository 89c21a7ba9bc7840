//! Who the payer is: an openid for each appid, and the one-time codes by which a merchant learns it.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use aws_lc_rs::digest::{SHA256, digest};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use chrono::{DateTime, TimeDelta, Utc};

use super::token::token;
use crate::account::Accounts;
use crate::key::KeyError;

/// How long a code can be exchanged.
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// How many codes are remembered; the rest are forgotten in no particular order.
const REMEMBERED: usize = 10_000;

/// Characters of an openid after its first `o`.
const OPENID_TAIL: usize = 27;

/// Why a code cannot be exchanged.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CodeRefused {
    /// Not handed out for this appid, or older than five minutes.
    Invalid,
    /// It was exchanged before.
    Used,
}

#[derive(Debug)]
struct Grant {
    appid: String,
    openid: String,
    granted_at: DateTime<Utc>,
    used: bool,
}

/// The payer's openids and the open codes of one running server; not saved.
#[derive(Debug, Default)]
pub struct Openids {
    payers: Mutex<BTreeMap<String, String>>,
    codes: Mutex<BTreeMap<String, Grant>>,
}

impl Openids {
    /// Who pays under this appid: whoever was set, or the sandbox's one payer.
    pub fn payer(&self, appid: &str) -> String {
        lock(&self.payers)
            .get(appid)
            .cloned()
            .unwrap_or_else(|| payer_of(appid))
    }

    /// Decides who pays under this appid from now on.
    pub fn set_payer(&self, appid: &str, openid: &str) {
        lock(&self.payers).insert(appid.to_owned(), openid.to_owned());
    }

    /// Whether this sandbox knows the openid, and as one of another appid.
    pub fn is_of_another(&self, accounts: &Accounts, openid: &str, appid: &str) -> bool {
        let others = accounts.wechat_appids();
        self.payer(appid) != openid
            && payer_of(appid) != openid
            && others
                .iter()
                .filter(|other| *other != appid)
                .any(|other| self.payer(other) == openid || payer_of(other) == openid)
    }

    /// A code that says once, and for five minutes, who the payer is.
    ///
    /// # Errors
    /// [`KeyError`] when the operating system gives no randomness.
    pub fn grant(&self, appid: &str, openid: &str, now: DateTime<Utc>) -> Result<String, KeyError> {
        let code = token::<16>()?;
        let grant = Grant {
            appid: appid.to_owned(),
            openid: openid.to_owned(),
            granted_at: now,
            used: false,
        };
        let mut codes = lock(&self.codes);
        codes.retain(|_, grant| now < grant.granted_at + LIFE);
        if codes.len() >= REMEMBERED {
            codes.pop_first();
        }
        codes.insert(code.clone(), grant);
        Ok(code)
    }

    /// Exchanges a code for the openid.
    ///
    /// # Errors
    /// [`CodeRefused`].
    pub fn exchange(
        &self,
        appid: &str,
        code: &str,
        now: DateTime<Utc>,
    ) -> Result<String, CodeRefused> {
        let mut codes = lock(&self.codes);
        let grant = codes
            .get_mut(code)
            .filter(|grant| grant.appid == appid && now < grant.granted_at + LIFE)
            .ok_or(CodeRefused::Invalid)?;
        if grant.used {
            return Err(CodeRefused::Used);
        }
        grant.used = true;
        Ok(grant.openid.clone())
    }
}

/// The openid of the sandbox's one payer under this appid: always the same, and another one for
/// each appid.
pub fn payer_of(appid: &str) -> String {
    let digest = digest(&SHA256, format!("the payer under {appid}").as_bytes());
    let tail: String = URL_SAFE_NO_PAD
        .encode(digest)
        .chars()
        .take(OPENID_TAIL)
        .collect();
    format!("o{tail}")
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> DateTime<Utc> {
        DateTime::UNIX_EPOCH + TimeDelta::seconds(seconds)
    }

    #[test]
    fn a_code_is_exchanged_once_within_five_minutes_and_by_its_own_appid() {
        let openids = Openids::default();
        let code = openids.grant("wx1", "oX", at(0)).unwrap();
        assert_eq!(
            openids.exchange("wx2", &code, at(1)),
            Err(CodeRefused::Invalid)
        );
        assert_eq!(openids.exchange("wx1", &code, at(299)), Ok("oX".to_owned()));
        assert_eq!(
            openids.exchange("wx1", &code, at(299)),
            Err(CodeRefused::Used)
        );
        let late = openids.grant("wx1", "oX", at(0)).unwrap();
        assert_eq!(
            openids.exchange("wx1", &late, at(300)),
            Err(CodeRefused::Invalid)
        );
    }

    #[test]
    fn the_payer_is_another_one_under_another_appid_and_28_characters_long() {
        assert_ne!(payer_of("wx1"), payer_of("wx2"));
        assert_eq!(payer_of("wx1"), payer_of("wx1"));
        assert_eq!(payer_of("wx1").len(), 28);
    }
}

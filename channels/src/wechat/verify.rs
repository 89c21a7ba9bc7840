//! Whether WeChat signed it, answers and notices alike (如何验证签名): the headers are
//! there, the time is near, the key is known, the signature fits the raw bytes, in
//! this order. The key is a platform certificate's or a WeChat Pay public key, and
//! during a change from one to the other each message may name either.

use crate::key::VerifyingKey;
use cashier::time::{Span, Timestamp};
use std::collections::BTreeMap;
use std::sync::{PoisonError, RwLock};

/// How far a signature's time may be from ours, in seconds, either way.
const WINDOW: u64 = 300;

/// The same, as a length of time.
const AGE: Span = Span::seconds(300);

/// What WeChat puts before the deliberately wrong signatures it sends to see
/// whether a merchant verifies.
const PROBE: &str = "WECHATPAY/SIGNTEST/";

/// Every key that WeChat may sign with, by the id that `Wechatpay-Serial` gives: those
/// of the account's settings, and the certificates that were downloaded.
#[derive(Debug)]
pub(super) struct PlatformKeys {
    given: BTreeMap<String, VerifyingKey>,
    found: RwLock<BTreeMap<String, Found>>,
}

/// A platform certificate that was downloaded.
#[derive(Debug)]
pub(super) struct Found {
    /// Its key.
    pub(super) key: VerifyingKey,
    /// When nothing that it signed is believed any more.
    pub(super) until: Timestamp,
}

/// The signature headers of a message, as they came.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stamp<'a> {
    timestamp: &'a str,
    nonce: &'a str,
    signature: &'a str,
    serial: &'a str,
}

/// Why a message is not believed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unverified {
    #[error("no {0} header")]
    Missing(&'static str),
    #[error("the {0} header comes twice")]
    Repeated(&'static str),
    #[error("Wechatpay-Timestamp is not a number of seconds")]
    NoTime,
    #[error("signed {0} seconds away from our clock, and 300 are allowed: is the clock right?")]
    OutOfTime(u64),
    #[error(
        "signed with a key that is not known, {0}: add it to platform_keys, or set \
         platform_certificates if it is a certificate's"
    )]
    UnknownKey(String),
    #[error("a probe: WeChat sends wrong signatures on purpose, to be refused")]
    Probe,
    #[error("the signature does not fit the content")]
    Wrong,
}

impl<'a> Stamp<'a> {
    /// Picks the four headers out of a message's; names are compared in any case.
    ///
    /// # Errors
    /// [`Unverified::Missing`] and [`Unverified::Repeated`].
    pub(super) fn read(headers: &[(&'a str, &'a str)]) -> Result<Stamp<'a>, Unverified> {
        let one = |name: &'static str| {
            let mut found = headers
                .iter()
                .filter(|(given, _)| given.eq_ignore_ascii_case(name))
                .map(|(_, value)| *value);
            match (found.next(), found.next()) {
                (Some(value), None) if !value.is_empty() => Ok(value),
                (Some(_), Some(_)) => Err(Unverified::Repeated(name)),
                _ => Err(Unverified::Missing(name)),
            }
        };
        Ok(Stamp {
            timestamp: one("Wechatpay-Timestamp")?,
            nonce: one("Wechatpay-Nonce")?,
            signature: one("Wechatpay-Signature")?,
            serial: one("Wechatpay-Serial")?,
        })
    }

    fn check_time(&self, now: Timestamp) -> Result<(), Unverified> {
        let seconds: i64 = self.timestamp.parse().map_err(|_| Unverified::NoTime)?;
        match now.seconds().abs_diff(seconds) {
            0..=WINDOW => Ok(()),
            away => Err(Unverified::OutOfTime(away)),
        }
    }
}

impl PlatformKeys {
    pub(super) fn new(given: BTreeMap<String, VerifyingKey>) -> PlatformKeys {
        PlatformKeys {
            given,
            found: RwLock::default(),
        }
    }

    /// The ids of the keys of the settings.
    pub(super) fn ids(&self) -> impl Iterator<Item = &str> {
        self.given.keys().map(String::as_str)
    }

    /// Whether there is such a key now.
    pub(super) fn knows(&self, stamp: Stamp<'_>, now: Timestamp) -> bool {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        self.key(&found, stamp.serial, now).is_some()
    }

    /// Takes what was downloaded. What is not in it any more has signed its last, and
    /// that is believed until it is too old.
    pub(super) fn take(&self, mut new: BTreeMap<String, Found>, now: Timestamp) {
        let mut found = self.found.write().unwrap_or_else(PoisonError::into_inner);
        let last = now.plus(AGE);
        for (serial, mut old) in std::mem::take(&mut *found) {
            old.until = old.until.min(last);
            if old.until > now {
                new.entry(serial).or_insert(old);
            }
        }
        *found = new;
    }

    fn key<'a>(
        &'a self,
        found: &'a BTreeMap<String, Found>,
        serial: &str,
        now: Timestamp,
    ) -> Option<&'a VerifyingKey> {
        let found = found.get(serial).filter(|found| now < found.until);
        self.given
            .get(serial)
            .or_else(|| found.map(|found| &found.key))
    }

    /// Whether WeChat signed these very bytes, just now.
    ///
    /// # Errors
    /// [`Unverified`] says what is missing or wrong.
    pub(super) fn verify(
        &self,
        stamp: Stamp<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        let found = self.found.read().unwrap_or_else(PoisonError::into_inner);
        self.verify_with(&found, stamp, body, now)
    }

    /// The same with these certificates in place of those that were downloaded before.
    ///
    /// # Errors
    /// [`Unverified`] says what is missing or wrong.
    pub(super) fn verify_with(
        &self,
        found: &BTreeMap<String, Found>,
        stamp: Stamp<'_>,
        body: &[u8],
        now: Timestamp,
    ) -> Result<(), Unverified> {
        stamp.check_time(now)?;
        let key = self
            .key(found, stamp.serial, now)
            .ok_or_else(|| Unverified::UnknownKey(shown(stamp.serial)))?;
        let head = format!("{}\n{}\n", stamp.timestamp, stamp.nonce);
        let message = [head.as_bytes(), body, b"\n"].concat();
        if key.verifies(&message, stamp.signature) {
            return Ok(());
        }
        // Only for the log: a probe is refused like any other wrong signature.
        Err(if stamp.signature.starts_with(PROBE) {
            Unverified::Probe
        } else {
            Unverified::Wrong
        })
    }
}

/// Headers of a notice as [`Stamp::read`] takes them.
pub(super) fn texts(headers: &[(String, String)]) -> Vec<(&str, &str)> {
    headers
        .iter()
        .map(|(name, value)| (name.as_str(), value.as_str()))
        .collect()
}

/// A key's id as it may be repeated: a stranger chose it.
fn shown(serial: &str) -> String {
    let plain = |c: &char| c.is_ascii_alphanumeric() || *c == '_';
    serial.chars().filter(plain).take(64).collect()
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::wechat::fixture;
    use serde_json::Value;

    fn check(case: &Value, now: i64) -> Result<(), Unverified> {
        let keys = fixture::account().platform;
        let headers = fixture::headers(&case["headers"]);
        let stamp = Stamp::read(&texts(&headers))?;
        let body = case["body"].as_str().unwrap().as_bytes();
        keys.verify(stamp, body, Timestamp::from_millis(now * 1000))
    }

    pub(in crate::wechat) fn vectors() {
        every_signed_answer_of_the_vectors_is_believed();
        every_edge_case_of_the_vectors_is_refused_for_its_own_reason();
    }

    /// Shows F33.
    #[test]
    fn every_signed_answer_of_the_vectors_is_believed() {
        let vectors = fixture::read("21_v3_response_verify.json");
        let now = vectors["fixed_clock"].as_i64().unwrap();
        let cases = vectors["positive"].as_array().unwrap();
        for case in cases {
            assert_eq!(check(case, now), Ok(()), "{}", case["name"]);
        }
        assert_eq!(cases.len(), 6);
    }

    #[test]
    fn every_edge_case_of_the_vectors_is_refused_for_its_own_reason() {
        let vectors = fixture::read("21_v3_response_verify.json");
        let cases = vectors["negative"].as_array().unwrap();
        let expected = [
            ("tampered_body", Err(Unverified::Wrong)),
            (
                "unknown_serial",
                Err(Unverified::UnknownKey("F".repeat(40))),
            ),
            ("merchant_key_instead_of_platform", Err(Unverified::Wrong)),
            ("signtest_probe", Err(Unverified::Probe)),
            (
                "signtest_probe_prefix_on_valid_signature",
                Err(Unverified::Probe),
            ),
            ("not_base64", Err(Unverified::Wrong)),
            (
                "missing_signature_headers_on_200",
                Err(Unverified::Missing("Wechatpay-Timestamp")),
            ),
            ("clock_skew_301s", Err(Unverified::OutOfTime(301))),
            ("clock_skew_300s_ok", Ok(())),
        ];
        assert_eq!(cases.len(), expected.len());
        for (case, (name, reason)) in cases.iter().zip(expected) {
            assert_eq!(case["name"], name);
            let fixed = vectors["fixed_clock"].as_i64().unwrap();
            let now = case["now"].as_i64().unwrap_or(fixed);
            assert_eq!(check(case, now), reason, "{name}");
        }
    }

    #[test]
    fn a_signature_from_the_future_is_as_bad_as_an_old_one() {
        let vectors = fixture::read("21_v3_response_verify.json");
        let signed_at = vectors["fixed_clock"].as_i64().unwrap();
        let case = &vectors["positive"][0];
        assert_eq!(check(case, signed_at - 300), Ok(()));
        assert_eq!(
            check(case, signed_at - 301),
            Err(Unverified::OutOfTime(301))
        );
    }

    #[test]
    fn a_repeated_signature_header_is_refused() {
        let headers = [
            ("Wechatpay-Timestamp", "1"),
            ("wechatpay-timestamp", "2"),
            ("Wechatpay-Nonce", "n"),
            ("Wechatpay-Signature", "s"),
            ("Wechatpay-Serial", "k"),
        ];
        let refused = Stamp::read(&headers).unwrap_err();
        assert_eq!(refused, Unverified::Repeated("Wechatpay-Timestamp"));
    }

    #[test]
    fn a_certificate_that_was_left_out_is_believed_for_as_long_as_its_last_word_may_be_old() {
        let settings = fixture::settings();
        let certificate = &settings.platform_keys[0];
        let keys = PlatformKeys::new(BTreeMap::new());
        let listed = |until| {
            let key = certificate.read_certificate().unwrap();
            BTreeMap::from([(certificate.id.clone(), Found { key, until })])
        };
        let stamp = Stamp {
            timestamp: "1",
            nonce: "n",
            signature: "s",
            serial: &certificate.id,
        };
        let at = |seconds: i64| Timestamp::from_millis(seconds * 1000);
        assert!(!keys.knows(stamp, at(0)));
        keys.take(listed(at(1_000_000)), at(0));
        assert!(keys.knows(stamp, at(999_999)) && !keys.knows(stamp, at(1_000_000)));
        keys.take(BTreeMap::new(), at(1000));
        assert!(keys.knows(stamp, at(1299)) && !keys.knows(stamp, at(1300)));
        keys.take(BTreeMap::new(), at(1200));
        assert!(keys.knows(stamp, at(1299)) && !keys.knows(stamp, at(1300)));
        keys.take(listed(at(1100)), at(1000));
        assert!(!keys.knows(stamp, at(1100)), "its end was brought forward");
    }
}

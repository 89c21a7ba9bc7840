//! Rules that a test may change: how far apart two refunds of one order must be, and what
//! becomes of a refund that has not been asked for yet.
//!
//! They are kept per running server and are not saved: a restarted sandbox follows the documents
//! again.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use super::problem::Spelling;
use crate::ledger::RefundState;

/// Seconds that the documents ask for between two refunds of one order.
const REFUND_INTERVAL: i64 = 60;

/// What `GET /sandbox/wechat` shows and `POST` changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Rules {
    /// Seconds of sandbox time between two refunds of one order; 0 turns the rule off.
    pub refund_interval_seconds: i64,
    /// Seconds of sandbox time from ordering until an order can be closed; 0, the default, turns
    /// the rule off (an older page says five minutes; whether it is enforced is not known).
    pub close_after_seconds: i64,
    /// Every so manieth signed answer and notice is a probe with a wrong signature
    /// (`WECHATPAY/SIGNTEST/`); 0, the default, sends none by itself.
    pub signtest_every: u32,
    /// How codes are spelled.
    pub error_spelling: Spelling,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            refund_interval_seconds: REFUND_INTERVAL,
            close_after_seconds: 0,
            signtest_every: 0,
            error_spelling: Spelling::Mixed,
        }
    }
}

/// The rules that `POST /sandbox/wechat` names; the others stay.
#[derive(Debug, Clone, Copy, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RulesChange {
    refund_interval_seconds: Option<i64>,
    close_after_seconds: Option<i64>,
    signtest_every: Option<u32>,
    error_spelling: Option<Spelling>,
}

impl RulesChange {
    /// Whether every number is within a day.
    pub fn is_sane(&self) -> bool {
        let seconds = [self.refund_interval_seconds, self.close_after_seconds];
        seconds
            .into_iter()
            .flatten()
            .all(|seconds| (0..=86_400).contains(&seconds))
    }
}

/// The switches of one running server.
#[derive(Debug, Default)]
pub struct Switches {
    rules: Mutex<Rules>,
    signed: AtomicU32,
    outcomes: Mutex<BTreeMap<String, RefundState>>,
}

impl Switches {
    /// The rules now.
    pub fn rules(&self) -> Rules {
        *lock(&self.rules)
    }

    /// Changes the rules.
    pub fn change(&self, change: RulesChange) {
        let mut rules = lock(&self.rules);
        *rules = Rules {
            refund_interval_seconds: change
                .refund_interval_seconds
                .unwrap_or(rules.refund_interval_seconds),
            close_after_seconds: change
                .close_after_seconds
                .unwrap_or(rules.close_after_seconds),
            signtest_every: change.signtest_every.unwrap_or(rules.signtest_every),
            error_spelling: change.error_spelling.unwrap_or(rules.error_spelling),
        };
    }

    /// Whether the message that is signed now is due to be a probe.
    pub fn probe_is_due(&self) -> bool {
        let every = self.rules().signtest_every;
        let signed = self.signed.fetch_add(1, Ordering::Relaxed).wrapping_add(1);
        signed.checked_rem(every) == Some(0)
    }

    /// Decides what the refund `out_refund_no` will become once it is asked for.
    pub fn plan(&self, out_refund_no: &str, outcome: RefundState) {
        lock(&self.outcomes).insert(out_refund_no.to_owned(), outcome);
    }

    /// What the refund `out_refund_no` becomes: `SUCCESS` unless it was planned otherwise.
    pub fn outcome(&self, out_refund_no: &str) -> RefundState {
        lock(&self.outcomes)
            .get(out_refund_no)
            .copied()
            .unwrap_or(RefundState::Success)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

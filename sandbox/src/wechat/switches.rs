//! Rules that a test may change: how far apart two refunds of one order must be, and what
//! becomes of a refund that has not been asked for yet.
//!
//! They are kept per running server (which has one worker) and are not saved: a restarted sandbox
//! follows the documents again.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use serde::{Deserialize, Serialize};

use crate::ledger::RefundState;

/// Seconds that the documents ask for between two refunds of one order.
const REFUND_INTERVAL: i64 = 60;

/// What `GET /sandbox/wechat` shows and `POST` changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rules {
    /// Seconds of sandbox time between two refunds of one order; 0 turns the rule off.
    pub refund_interval_seconds: i64,
    /// Seconds of sandbox time from ordering until an order can be closed; 0, the default, turns
    /// the rule off (an older page says five minutes; whether it is enforced is not known).
    #[serde(default)]
    pub close_after_seconds: i64,
}

impl Default for Rules {
    fn default() -> Self {
        Self {
            refund_interval_seconds: REFUND_INTERVAL,
            close_after_seconds: 0,
        }
    }
}

/// The switches of one running server.
#[derive(Debug, Default)]
pub struct Switches {
    rules: Mutex<Rules>,
    outcomes: Mutex<BTreeMap<String, RefundState>>,
}

impl Switches {
    /// The rules now.
    pub fn rules(&self) -> Rules {
        *lock(&self.rules)
    }

    /// Replaces the rules.
    pub fn set_rules(&self, rules: Rules) {
        *lock(&self.rules) = rules;
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

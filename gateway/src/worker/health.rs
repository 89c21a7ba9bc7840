//! Whether a loop is well: one log line when it falls ill, one when it recovers,
//! and longer pauses meanwhile.

use crate::telemetry::metrics::LOOP_ERRORS;
use std::fmt::Display;
use std::time::Duration;

/// The longest pause of a loop that is not well.
const LONGEST: Duration = Duration::from_secs(10);

/// A loop's health.
#[derive(Debug)]
pub(super) struct Health {
    name: &'static str,
    failures: u32,
}

impl Health {
    pub(super) fn new(name: &'static str) -> Health {
        Health { name, failures: 0 }
    }

    /// It went well.
    pub(super) fn well(&mut self) {
        if self.failures > 0 {
            tracing::info!(worker = self.name, failures = self.failures, "works again");
            self.failures = 0;
        }
    }

    /// It did not. How long to pause.
    pub(super) fn ill(&mut self, error: &dyn Display) -> Duration {
        metrics::counter!(LOOP_ERRORS, "loop" => self.name).increment(1);
        if self.failures == 0 {
            tracing::warn!(worker = self.name, %error, "does not work, will be tried again");
        }
        self.failures = self.failures.saturating_add(1);
        let doubled = 1_u32.checked_shl(self.failures.min(8)).unwrap_or(256);
        Duration::from_millis(100)
            .saturating_mul(doubled)
            .min(LONGEST)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_grow_to_an_end_and_begin_anew_after_recovery() {
        let mut health = Health::new("test");
        let first = health.ill(&"no");
        let mut last = first;
        for _ in 0..20 {
            let next = health.ill(&"no");
            assert!(next >= last && next <= LONGEST);
            last = next;
        }
        assert_eq!(last, LONGEST);
        health.well();
        assert_eq!(health.ill(&"no"), first);
    }
}

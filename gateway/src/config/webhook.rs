//! `[webhook]`: telling the merchants.

use super::Mistakes;
use serde::{Deserialize, Serialize};
use std::num::{NonZeroU32, NonZeroUsize};
use std::time::Duration;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Webhook {
    /// Whether private addresses and plain http are allowed.
    pub allow_private_addresses: bool,
    /// Seconds that one delivery may take.
    pub deadline_seconds: u32,
    /// Deliveries at once.
    pub concurrency: NonZeroUsize,
    /// Deliveries at once to one host.
    pub concurrency_per_host: NonZeroUsize,
    /// Milliseconds between two looks.
    pub poll_milliseconds: NonZeroU32,
}

impl Webhook {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        if !(1..=60).contains(&self.deadline_seconds) {
            mistakes.add(
                "webhook.deadline_seconds",
                format!("{} is not between 1 and 60 seconds", self.deadline_seconds),
            );
        }
        if self.concurrency_per_host > self.concurrency {
            mistakes.add(
                "webhook.concurrency_per_host",
                format!("is more than webhook.concurrency ({})", self.concurrency),
            );
        }
        super::workers::validate_poll(
            "webhook.poll_milliseconds",
            self.poll_milliseconds,
            mistakes,
        );
    }

    /// How long one delivery may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(u64::from(self.deadline_seconds))
    }

    /// The pause between two looks.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(u64::from(self.poll_milliseconds.get()))
    }
}

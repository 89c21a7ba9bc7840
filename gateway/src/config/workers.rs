//! `[workers]`: the background work.

use super::Mistakes;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::time::Duration;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Workers {
    /// Whether `serve` does the background work too.
    pub enabled: bool,
    /// Milliseconds between two looks.
    pub poll_milliseconds: NonZeroU32,
    /// Tasks at once.
    pub batch: NonZeroU32,
}

impl Workers {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        validate_poll(
            "workers.poll_milliseconds",
            self.poll_milliseconds,
            mistakes,
        );
        if self.batch.get() > 1000 {
            mistakes.add("workers.batch", format!("{} is more than 1000", self.batch));
        }
    }

    /// The pause between two looks.
    pub fn poll(&self) -> Duration {
        Duration::from_millis(u64::from(self.poll_milliseconds.get()))
    }
}

pub(super) fn validate_poll(key: &str, milliseconds: NonZeroU32, mistakes: &mut Mistakes) {
    if !(10..=10_000).contains(&milliseconds.get()) {
        let problem = format!("{milliseconds} is not between 10 and 10000 milliseconds");
        mistakes.add(key, problem);
    }
}

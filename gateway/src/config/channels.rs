//! `[channels]`: calls to Alipay and WeChat Pay.

use super::Mistakes;
use serde::{Deserialize, Serialize};
use std::num::NonZeroU32;
use std::time::Duration;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Channels {
    /// Seconds that one call may take.
    pub deadline_seconds: u32,
    /// Calls a second and account.
    pub requests_per_second: NonZeroU32,
    /// Calls at once after a pause.
    pub request_burst: NonZeroU32,
}

impl Channels {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        // A task's lease (30 s) must outlast its call and the wait for a turn.
        if !(1..=20).contains(&self.deadline_seconds) {
            mistakes.add(
                "channels.deadline_seconds",
                format!("{} is not between 1 and 20 seconds", self.deadline_seconds),
            );
        }
    }

    /// How long one call may take.
    pub fn deadline(&self) -> Duration {
        Duration::from_secs(u64::from(self.deadline_seconds))
    }
}

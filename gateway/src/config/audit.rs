//! `[audit]`: whether the database says what it must.

use super::Mistakes;
use serde::{Deserialize, Serialize};
use std::time::Duration;

/// The longest pause: a week.
const MOST: u32 = 7 * 24 * 60;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Audit {
    /// Minutes between two looks; 0: none.
    pub every_minutes: u32,
}

impl Audit {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        if self.every_minutes > MOST {
            mistakes.add(
                "audit.every_minutes",
                format!("{} is more than a week ({MOST})", self.every_minutes),
            );
        }
    }

    /// The pause between two looks, if there is any look.
    pub fn pause(&self) -> Option<Duration> {
        (self.every_minutes > 0).then(|| Duration::from_secs(60 * u64::from(self.every_minutes)))
    }
}

//! `[log]`: what is told to standard error.

use super::Mistakes;
use serde::{Deserialize, Serialize};
use tracing_subscriber::EnvFilter;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Log {
    /// Its form.
    pub format: Format,
    /// What is logged.
    pub filter: String,
}

/// The form of a log line.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

impl Log {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        if let Err(error) = EnvFilter::try_new(&self.filter) {
            mistakes.add("log.filter", format!("{error}; give a level such as info"));
        }
    }
}

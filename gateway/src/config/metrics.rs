//! `[metrics]`: where Prometheus finds the metrics.

use super::{Http, Mistakes};
use serde::{Deserialize, Serialize};
use std::net::SocketAddr;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Metrics {
    /// The address to listen on; empty means nowhere.
    pub listen: String,
}

impl Metrics {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        if !self.listen.is_empty() && self.listen.parse::<SocketAddr>().is_err() {
            mistakes.add(
                "metrics.listen",
                format!(
                    "{:?} is not an address and port, such as 127.0.0.1:9464",
                    self.listen
                ),
            );
        }
    }

    pub(super) fn shares_address_with(&self, http: &Http) -> bool {
        match (
            self.listen.parse::<SocketAddr>(),
            http.listen.parse::<SocketAddr>(),
        ) {
            (Ok(metrics), Ok(http)) => metrics.port() == http.port() && metrics.port() != 0,
            _ => false,
        }
    }
}

//! `[checkout]`: the payer's page.

use super::Mistakes;
use serde::{Deserialize, Serialize};
use url::Url;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Checkout {
    /// The sandbox's wallet; empty means none.
    pub wallet_url: String,
}

impl Checkout {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        if !self.wallet_url.is_empty() && Url::parse(&self.wallet_url).is_err() {
            mistakes.add("checkout.wallet_url", "is not an absolute address");
        }
    }
}

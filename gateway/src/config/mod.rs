//! Configuration: the one place that reads it. Defaults (`default.toml`, the
//! manual), then a file, then `TILL__SECTION__KEY` variables.
//!
//! Unknown keys are refused, every mistake is reported at once and says what to
//! do, and combinations that would be dangerous stop the program before it starts.
//! Secrets cannot be printed.

mod alerts;
mod audit;
mod bills;
mod channels;
mod checkout;
mod database;
mod http;
mod layers;
mod log;
mod master_key;
mod metrics;
mod mistake;
mod security;
#[cfg(feature = "crash-points")]
mod test_build;
mod webhook;
mod workers;

pub use self::alerts::{AlertFormat, Alerts, Target};
pub use self::audit::Audit;
pub use self::bills::Bills;
pub use self::channels::Channels;
pub use self::checkout::Checkout;
pub use self::database::Database;
pub use self::http::Http;
pub use self::layers::{Layers, from_layers};
pub use self::log::{Format, Log};
pub use self::master_key::{MasterKey, MasterKeyFault};
pub use self::metrics::Metrics;
pub use self::mistake::{Mistake, Mistakes};
pub use self::security::Security;
#[cfg(feature = "crash-points")]
pub use self::test_build::{NoOffset, clock_ahead, crash_at};
pub use self::webhook::Webhook;
pub use self::workers::Workers;

use serde::{Deserialize, Serialize};

/// Everything that can be set. What each setting means stands in `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// The HTTP server.
    pub http: Http,
    /// The metrics server.
    pub metrics: Metrics,
    /// The database.
    pub database: Database,
    /// The master key.
    pub security: Security,
    /// Calls to the channels.
    pub channels: Channels,
    /// Telling the merchants.
    pub webhook: Webhook,
    /// Telling the operators.
    pub alerts: Alerts,
    /// The background work.
    pub workers: Workers,
    /// Whether the database says what it must.
    pub audit: Audit,
    /// The channels' daily bills.
    pub bills: Bills,
    /// The payer's page.
    pub checkout: Checkout,
    /// Logs.
    pub log: Log,
}

impl Config {
    /// Whether every setting makes sense by itself and beside the others. With `keyless`
    /// the master key may be missing.
    ///
    /// # Errors
    /// All mistakes at once.
    pub fn validate(&self, keyless: bool) -> Result<(), Mistakes> {
        let mut mistakes = Mistakes::default();
        self.http.validate(&mut mistakes);
        self.metrics.validate(&mut mistakes);
        self.database.validate(&mut mistakes);
        self.security.validate(keyless, &mut mistakes);
        self.channels.validate(&mut mistakes);
        self.webhook.validate(&mut mistakes);
        self.alerts.validate(&self.webhook, &mut mistakes);
        self.workers.validate(&mut mistakes);
        self.audit.validate(&mut mistakes);
        self.bills.validate(&mut mistakes);
        self.checkout.validate(&mut mistakes);
        self.log.validate(&mut mistakes);
        self.validate_together(&mut mistakes);
        mistakes.into_result()
    }

    fn validate_together(&self, mistakes: &mut Mistakes) {
        if self.metrics.shares_address_with(&self.http) {
            mistakes.add(
                "metrics.listen",
                "is the address of http.listen: metrics are not for the internet, \
                 so give them an address of their own",
            );
        }
        if self.webhook.allow_private_addresses && !self.http.is_on_this_machine() {
            mistakes.add(
                "webhook.allow_private_addresses",
                "is for development: with a public http.public_url, merchants could make Till \
                 call into your private network. Set it to false",
            );
        }
        if !self.checkout.wallet_url.is_empty() && !self.http.is_on_this_machine() {
            mistakes.add(
                "checkout.wallet_url",
                "is the sandbox's wallet, and http.public_url is a public address: \
                 leave it empty there",
            );
        }
    }
}

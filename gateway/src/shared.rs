//! What handlers and workers share: the cashier, the registry of merchants and
//! accounts, the ports, and the settings that the outside sees.

use crate::accounts::Registry;
use crate::store_watch::Changes;
use cashier::agreed_clock::AgreedClock;
use cashier::desk::Desk;
use cashier::shell::Cashier;
use cashier::store::Store;
use cashier::time::{Clock, Entropy};
use ipnet::IpNet;
use std::num::NonZeroU32;
use std::sync::Arc;

/// Everything that a handler may need; one for the whole process.
pub struct Shared {
    /// Does what merchants, payers and channels ask for.
    pub cashier: Arc<Cashier>,
    /// Where orders live; its commits are announced by `changes`.
    pub store: Arc<dyn Store>,
    /// Where exceptions are worked on.
    pub desk: Arc<dyn Desk>,
    /// Who the merchants are: API keys and idempotency keys.
    pub directory: entities::Directory,
    /// Reads the rows as they are, for the audit.
    pub auditor: entities::Auditor,
    /// Applications and channel accounts, ready to be used.
    pub registry: Arc<Registry>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// The same, where it is agreed on with the database and not given.
    pub agreed: Option<Arc<AgreedClock>>,
    /// Randomness.
    pub entropy: Arc<dyn Entropy>,
    /// What was configured.
    pub settings: Arc<Settings>,
    /// Which orders were committed.
    pub changes: Changes,
}

/// The configuration as handlers need it.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The beginning of every public address, without a slash at its end.
    pub public_url: String,
    /// The largest API request, in bytes.
    pub body_limit: usize,
    /// The largest notice, in bytes.
    pub notice_limit: usize,
    /// API requests a second and key.
    pub requests_per_second: NonZeroU32,
    /// API requests at once after a pause, by key.
    pub request_burst: NonZeroU32,
    /// The proxies whose `X-Forwarded-For` is believed.
    pub trusted_proxies: Vec<IpNet>,
    /// Whether merchants may give http and private addresses (development).
    pub allow_private_webhooks: bool,
    /// The sandbox's wallet, to be linked beside QR codes.
    pub wallet_url: Option<String>,
}

//! The one place that names concrete types: the database, the registry, the
//! cashier and the deliverer, put together from a configuration.

use crate::accounts::{LoadFault, Registry, RegistrySettings, Seal, SealFault, Surroundings};
use crate::alert::Alerter;
use crate::clock::{SteadyClock, SystemClock};
use crate::config::{Config, Database, MasterKeyFault};
use crate::entropy::SystemEntropy;
use crate::server::Overrides;
use crate::shared::{Settings, Shared};
use crate::store_watch::{Changes, WatchedStore};
use crate::webhook::{Client, ClientFault, Clocks, Deliverer};
use cashier::agreed_clock::AgreedClock;
use cashier::desk::Desk;
use cashier::shell::Cashier;
use cashier::store::{Store, StoreError};
use cashier::time::{Clock, Entropy};
use governor::Quota;
use secrecy::ExposeSecret;
use std::net::SocketAddr;
use std::sync::Arc;

/// Why the program could not start, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum StartFault {
    /// An address cannot be listened on.
    #[error("{addr} cannot be listened on: {source}. Give a free address, or port 0")]
    Bind {
        /// As configured.
        addr: String,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The database cannot be used.
    #[error(transparent)]
    Database(#[from] entities::ConnectError),
    /// The schema could not be brought up to date.
    #[error("the database's schema could not be brought up to date: {0}")]
    Migration(String),
    /// The schema lacks a step, and this command changes nothing.
    #[error("the database's schema lacks the step {0}: run `till migrate` first")]
    OldSchema(String),
    /// There is no master key.
    #[error(transparent)]
    MasterKey(#[from] MasterKeyFault),
    /// Sealing does not work.
    #[error(transparent)]
    Seal(#[from] SealFault),
    /// Merchants and accounts could not be loaded.
    #[error("merchants and channel accounts could not be loaded: {0}")]
    Load(#[from] LoadFault),
    /// The client for webhooks could not be built.
    #[error(transparent)]
    Client(#[from] ClientFault),
    /// The database's clock cannot be read.
    #[error("the database's clock could not be read: {0}")]
    Time(#[source] StoreError),
    /// Metrics cannot be recorded.
    #[error("metrics cannot be recorded: {0}")]
    Metrics(String),
}

/// What the server and the workers are made of.
pub(crate) struct Assembled {
    pub(crate) shared: Arc<Shared>,
    pub(crate) deliverer: Arc<Deliverer>,
    pub(crate) alerter: Arc<Alerter>,
}

/// Opens the database and, if that is wanted, brings its schema up to date.
///
/// # Errors
/// [`StartFault::Database`], [`StartFault::Migration`].
pub async fn open_database(database: &Database) -> Result<entities::Database, StartFault> {
    let options = entities::Options {
        max_connections: database.max_connections.get(),
        ..entities::Options::default()
    };
    let opened = entities::connect(database.url.expose_secret(), &options).await?;
    if database.migrate {
        migrate(&opened).await?;
    }
    Ok(opened)
}

/// Opens the database only to look at it: nothing can be written to it, and its
/// schema must be this program's.
///
/// # Errors
/// [`StartFault::Database`], [`StartFault::Migration`], [`StartFault::OldSchema`].
pub async fn look_into_database(database: &Database) -> Result<entities::Database, StartFault> {
    let options = entities::Options {
        max_connections: 2,
        read_only: true,
        ..entities::Options::default()
    };
    let opened = entities::connect(database.url.expose_secret(), &options).await?;
    let steps = migrations::status(opened.connection())
        .await
        .map_err(|error| StartFault::Migration(error.to_string()))?;
    match steps.iter().find(|step| !step.applied) {
        Some(step) => Err(StartFault::OldSchema(step.name.clone())),
        None => Ok(opened),
    }
}

/// Brings the schema up to date.
///
/// # Errors
/// [`StartFault::Migration`].
pub async fn migrate(database: &entities::Database) -> Result<(), StartFault> {
    #[cfg(feature = "crash-points")]
    crate::crash::reached("migration.before");
    let migrated = migrations::migrate(database.connection()).await;
    #[cfg(feature = "crash-points")]
    crate::crash::reached("migration.after");
    migrated.map_err(|error| StartFault::Migration(error.to_string()))
}

/// The seal of the configured master key.
///
/// # Errors
/// [`StartFault::MasterKey`], [`StartFault::Seal`].
pub fn seal(config: &Config, entropy: Arc<dyn Entropy>) -> Result<Seal, StartFault> {
    let key = config.security.master_key()?;
    Ok(Seal::new(&key, entropy)?)
}

/// What adapters need. They always have the real time: a channel compares its
/// own clock with the times that requests carry.
pub fn surroundings(config: &Config, entropy: Arc<dyn Entropy>) -> Surroundings {
    Surroundings {
        deadline: config.channels.deadline(),
        wall: Arc::new(SystemClock),
        entropy,
    }
}

/// Puts everything together. `listening` is where payers reach this process when
/// no public address is configured.
pub(crate) async fn assemble(
    config: &Config,
    overrides: Overrides,
    listening: SocketAddr,
) -> Result<Assembled, StartFault> {
    let entropy = overrides
        .entropy
        .unwrap_or_else(|| Arc::new(SystemEntropy::default()) as Arc<dyn Entropy>);
    let settings = Arc::new(settings(config, listening));
    let seal = seal(config, entropy.clone())?;
    let database = open_database(&config.database).await?;
    let sea = entities::SeaStore::new(database.clone());
    let (clock, agreed) = time(overrides.clock, &sea).await?;
    let wall = overrides.wall.unwrap_or_else(|| clock.clone());
    let directory = entities::Directory::new(database.clone());
    let channels = &config.channels;
    let registry = RegistrySettings {
        public_url: settings.public_url.clone(),
        surroundings: Surroundings {
            wall: real_time(agreed.as_ref()),
            ..surroundings(config, entropy.clone())
        },
        quota: Quota::per_second(channels.requests_per_second).allow_burst(channels.request_burst),
    };
    let registry = Arc::new(Registry::load(directory.clone(), seal, registry).await?);
    let auditor = entities::Auditor::new(database);
    let changes = Changes::new();
    let kept = Arc::new(sea.with_alerts(config.alerts.names()));
    let desk: Arc<dyn Desk> = kept.clone();
    let store: Arc<dyn Store> = Arc::new(WatchedStore::new(kept, changes.clone()));
    let cashier = Arc::new(Cashier::new(
        store.clone(),
        registry.clone(),
        clock.clone(),
        entropy.clone(),
        overrides.timing.unwrap_or_default(),
    ));
    let client = Client::new(
        config.webhook.deadline(),
        config.webhook.allow_private_addresses,
    )?;
    let clocks = Clocks {
        schedule: clock.clone(),
        wall,
    };
    let alerter = Arc::new(Alerter::new(
        desk.clone(),
        registry.clone(),
        client.clone(),
        clocks.clone(),
    ));
    let deliverer = Arc::new(Deliverer::new(
        store.clone(),
        registry.clone(),
        client,
        clocks,
        entropy.clone(),
    ));
    let shared = Shared {
        cashier,
        store,
        desk,
        directory,
        auditor,
        registry,
        clock,
        agreed,
        entropy,
        settings,
        changes,
    };
    Ok(Assembled {
        shared: Arc::new(shared),
        deliverer,
        alerter,
    })
}

/// The time that decisions go by: the one that is given, or else the database's, by
/// a clock that is looked at before anything is decided.
async fn time(
    given: Option<Arc<dyn Clock>>,
    store: &entities::SeaStore,
) -> Result<(Arc<dyn Clock>, Option<Arc<AgreedClock>>), StartFault> {
    if let Some(clock) = given {
        return Ok((clock, None));
    }
    let agreed = Arc::new(AgreedClock::new(Arc::new(SteadyClock::begin())));
    agreed.agree(store).await.map_err(StartFault::Time)?;
    Ok((agreed.clone(), Some(agreed)))
}

/// The time that channels and merchants compare with their own.
fn real_time(agreed: Option<&Arc<AgreedClock>>) -> Arc<dyn Clock> {
    match agreed {
        Some(agreed) => agreed.clone(),
        None => Arc::new(SystemClock),
    }
}

fn settings(config: &Config, listening: SocketAddr) -> Settings {
    let wallet_url = &config.checkout.wallet_url;
    Settings {
        public_url: config.http.public_url(listening),
        body_limit: config.http.body_limit_bytes,
        notice_limit: config.http.notice_limit_bytes,
        requests_per_second: config.http.requests_per_second,
        request_burst: config.http.request_burst,
        trusted_proxies: config.http.trusted_proxies.clone(),
        allow_private_webhooks: config.webhook.allow_private_addresses,
        wallet_url: (!wallet_url.is_empty()).then(|| wallet_url.clone()),
    }
}

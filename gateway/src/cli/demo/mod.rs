//! `till demo`: gateway, sandbox and demo shop in one process over one folder, to
//! try Till out and to drive it by scripts. Started again over the same folder it
//! goes on where it was.

mod clock;
mod folder;
mod merchant;

use super::signals::Signals;
use super::{Fault, block_on, say};
use crate::accounts::{ImportSettings, import};
use crate::assembly;
use crate::clock::SystemClock;
use crate::config::{Config, Layers, from_layers};
use crate::entropy::SystemEntropy;
use crate::server::{self, Overrides, listen, local};
use crate::shop;
use cashier::time::Entropy;
use clap::Args;
use clock::SandboxClock;
use folder::Folder;
use merchant::Merchant;
use secrecy::ExposeSecret;
use serde_json::json;
use std::path::PathBuf;
use std::sync::Arc;

/// The file that says that everything runs, and where.
const READY: &str = "demo.json";

#[derive(Debug, Args)]
pub(super) struct Options {
    /// The folder for database, keys and state; made if it is missing
    #[arg(long, value_name = "DIR", default_value = "data")]
    data: PathBuf,
    /// Where the gateway listens; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8080")]
    http: String,
    /// Where the sandbox listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    sandbox: String,
    /// Where the metrics are served
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:9464")]
    metrics: String,
    /// Where the demo shop listens
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:0")]
    shop: String,
    /// How many times as fast as real time the demo's time runs
    #[arg(long, value_name = "N", default_value_t = 1)]
    time_factor: u32,
    #[command(flatten)]
    sources: super::Sources,
}

pub(super) fn run(options: Options) -> Result<(), Fault> {
    let folder = Folder::open(&options.data)?;
    folder.remove(READY)?;
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let merchant = Merchant::kept(&folder, &*entropy)?;
    let config = from_layers(Layers {
        built_in: Some(settings(&folder)?),
        command_line: vec![
            ("http.listen", options.http.clone()),
            ("metrics.listen", options.metrics.clone()),
        ],
        ..options.sources.layers()
    })?;
    let log = config.log.clone();
    block_on(&log, play(options, folder, merchant, config, entropy))
}

/// Settings of the demo, which `--config` and the environment may change.
fn settings(folder: &Folder) -> Result<String, Fault> {
    let database = format!("sqlite://{}?mode=rwc", folder.path("till.db").display());
    Ok(toml::to_string(&json!({
        "database": { "url": database },
        "security": { "master_key_file": folder.path(merchant::MASTER_KEY) },
        "webhook": { "allow_private_addresses": true },
        "log": { "format": "text" },
    }))?)
}

async fn play(
    options: Options,
    folder: Folder,
    merchant: Merchant,
    mut config: Config,
    entropy: Arc<dyn Entropy>,
) -> Result<(), Fault> {
    let signals = Signals::listen()?;
    let sandbox = sandbox::start(sandbox::Settings {
        addr: options.sandbox,
        time_factor: options.time_factor,
        state_file: Some(folder.path("sandbox.json")),
        ..sandbox::Settings::default()
    })
    .await?;
    let shop_listener = listen(&options.shop)?;
    let shop_url = format!("http://{}", local(&shop_listener, &options.shop)?);
    if config.checkout.wallet_url.is_empty() {
        config.checkout.wallet_url = sandbox.url();
    }
    let file = merchant.register(&folder, &sandbox, &shop_url)?;
    import_accounts(&file, &config, entropy.clone()).await?;
    let clock = Arc::new(SandboxClock::new(sandbox.sandbox().clone()));
    let overrides = Overrides {
        clock: Some(clock),
        wall: Some(Arc::new(SystemClock)),
        ..Overrides::default()
    };
    let running = server::start(config, overrides).await?;
    let setting = shop::Setting {
        url: shop_url.clone(),
        gateway: running.url(),
        api_key: merchant.api_key.clone(),
        webhook_secret: merchant.webhook_secret.clone(),
        entropy,
    };
    let shop = shop::start(shop_listener, setting)?;
    let places = Places {
        gateway: running.url(),
        sandbox: sandbox.url(),
        metrics: running
            .metrics
            .map(|addr| format!("http://{addr}"))
            .unwrap_or_default(),
        shop: shop_url,
    };
    folder.write(READY, &places.for_scripts(&merchant))?;
    say(&places.for_people(&folder))?;
    signals.stop_asked().await;
    folder.remove(READY)?;
    // The shop and the sandbox stay until the gateway has told them everything.
    running.stop().await;
    shop.stop().await;
    sandbox.stop().await;
    Ok(())
}

async fn import_accounts(
    file: &std::path::Path,
    config: &Config,
    entropy: Arc<dyn Entropy>,
) -> Result<(), Fault> {
    let settings = ImportSettings {
        surroundings: assembly::surroundings(config, entropy.clone()),
        allow_http_webhooks: config.webhook.allow_private_addresses,
    };
    let seal = assembly::seal(config, entropy)?;
    let directory = entities::Directory::new(assembly::open_database(&config.database).await?);
    import(file, &directory, &seal, &settings).await?;
    Ok(())
}

/// Where everything is.
struct Places {
    gateway: String,
    sandbox: String,
    metrics: String,
    shop: String,
}

impl Places {
    fn for_scripts(&self, merchant: &Merchant) -> String {
        let ready = json!({
            "gateway": self.gateway,
            "sandbox": self.sandbox,
            "metrics": self.metrics,
            "shop": self.shop,
            "api_key": merchant.api_key.expose_secret(),
            "ops_key": merchant.ops_key.expose_secret(),
            "webhook_secret": merchant.webhook_secret.expose_secret(),
            "accounts": { "alipay": merchant::ALIPAY, "wechat": merchant::WECHAT },
        });
        format!("{ready:#}\n")
    }

    fn for_people(&self, folder: &Folder) -> String {
        let Places {
            gateway,
            sandbox,
            metrics,
            shop,
        } = self;
        format!(
            "\n  Till is ready. Begin in the shop and pay in the wallet.\n\n  \
             shop       {shop}\n  \
             wallet     {sandbox}/wallet\n  \
             gateway    {gateway}   (documents: {gateway}/docs)\n  \
             metrics    {metrics}/metrics\n  \
             checkout   {gateway}/checkout/…   (the shop leads there)\n\n  \
             keys and addresses for scripts: {demo}\n  \
             stop with Ctrl-C; start again to go on\n",
            demo = folder.path(READY).display()
        )
    }
}

//! `till account import FILE`.

use super::{Fault, Sources, block_on, say};
use crate::accounts::{ImportSettings, import};
use crate::assembly;
use crate::config::Config;
use crate::entropy::SystemEntropy;
use cashier::time::Entropy;
use clap::Subcommand;
use std::path::{Path, PathBuf};
use std::sync::Arc;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Brings merchants, applications and channel accounts to what a TOML file says.
    /// Nothing that the file does not name is removed, except API keys, webhook secrets and
    /// accounts of an application that it does name. The same file again changes nothing
    Import {
        /// The TOML file; the paths in it are relative to it
        file: PathBuf,
        #[command(flatten)]
        sources: Sources,
    },
}

pub(super) fn run(Command::Import { file, sources }: Command) -> Result<(), Fault> {
    let config = sources.read()?;
    block_on(&config.log.clone(), async {
        import_file(&file, &config).await
    })
}

async fn import_file(file: &Path, config: &Config) -> Result<(), Fault> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let seal = assembly::seal(config, entropy.clone())?;
    let database = assembly::open_database(&config.database).await?;
    let settings = ImportSettings {
        surroundings: assembly::surroundings(config, entropy),
        allow_http_webhooks: config.webhook.allow_private_addresses,
    };
    let directory = entities::Directory::new(database);
    let done = import(file, &directory, &seal, &settings).await?;
    say(&format!(
        "imported {} merchants, {} applications, {} channel accounts and {} operators; {} of them \
         had changed. Running servers take it over within seconds",
        done.merchants, done.apps, done.accounts, done.operators, done.changed
    ))
}

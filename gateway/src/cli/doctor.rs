//! `till doctor`: what is wrong with channel accounts.

use super::{Fault, Sources, block_on, complain, say};
use crate::accounts::{
    Credentials, ImportFault, ImportSettings, Owner, Surroundings, accounts_of_file,
};
use crate::assembly;
use crate::config::Config;
use crate::doctor::{drift, public_address, question};
use crate::entropy::SystemEntropy;
use cashier::id::AccountId;
use cashier::time::Entropy;
use clap::Args;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

/// Exit code: something is wrong.
const WRONG: u8 = 1;
/// Exit code: it could not look.
const BLIND: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// An import file, in place of the database
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this channel account
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    #[command(flatten)]
    sources: Sources,
}

pub(super) fn run(options: Options) -> ExitCode {
    let looked = options
        .sources
        .read()
        .and_then(|config| block_on(&config.log.clone(), look(&options, &config)));
    match looked {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::from(WRONG),
        Err(fault) => {
            complain(&fault.to_string());
            ExitCode::from(BLIND)
        }
    }
}

/// Whether nothing is wrong; whatever is, is told.
async fn look(options: &Options, config: &Config) -> Result<bool, Fault> {
    let entropy: Arc<dyn Entropy> = Arc::new(SystemEntropy::default());
    let around = assembly::surroundings(config, entropy.clone());
    let mut accounts = match &options.file {
        Some(file) => {
            let settings = ImportSettings {
                surroundings: around.clone(),
                allow_http_webhooks: config.webhook.allow_private_addresses,
            };
            match accounts_of_file(file, &settings) {
                Ok(accounts) => accounts,
                Err(ImportFault::Mistakes(mistakes)) => {
                    say(&mistakes.to_string())?;
                    return Ok(false);
                }
                Err(fault) => return Err(fault.into()),
            }
        }
        None => of_database(config, entropy).await?,
    };
    if let Some(only) = &options.account {
        accounts.retain(|(id, _)| id.as_str() == only);
    }
    if accounts.is_empty() {
        return Err("there is no such channel account".into());
    }
    let mut well = true;
    if let Some(problem) = public_address(&config.http.public_url) {
        say(&problem)?;
        well = false;
    }
    for (id, credentials) in accounts {
        well &= examine(&id, credentials, &around).await?;
    }
    Ok(well)
}

async fn of_database(
    config: &Config,
    entropy: Arc<dyn Entropy>,
) -> Result<Vec<(AccountId, Credentials)>, Fault> {
    let seal = assembly::seal(config, entropy)?;
    let database = assembly::look_into_database(&config.database).await?;
    let mut accounts = Vec::new();
    for row in entities::Directory::new(database).accounts().await? {
        let opened = seal.open(&Owner::Account(row.id.as_str()), &row.sealed)?;
        accounts.push((row.id, Credentials::from_json(&opened)?));
    }
    Ok(accounts)
}

async fn examine(
    id: &AccountId,
    credentials: Credentials,
    around: &Surroundings,
) -> Result<bool, Fault> {
    let base_url = credentials.base_url().to_owned();
    let mut well = true;
    let mut warned = false;
    let asked = match credentials.adapter(around) {
        Ok(channel) => question(channel.as_ref()).await,
        Err(problem) => Err(problem),
    };
    if let Err(problem) = asked {
        say(&format!("{id}: {problem}"))?;
        well = false;
    }
    let date = date_of(&base_url, around).await;
    if let Some((stops, problem)) = date.and_then(|date| drift(around.wall.now(), &date)) {
        say(&format!("{id}: {problem}"))?;
        well &= !stops;
        warned = true;
    }
    if well && !warned {
        say(&format!("{id}: nothing wrong"))?;
    }
    Ok(well)
}

/// The channel's `Date`. `None`: it has none, or only the account's own client gets there.
async fn date_of(url: &str, around: &Surroundings) -> Option<String> {
    let roots = webpki_root_certs::TLS_SERVER_ROOT_CERTS
        .iter()
        .filter_map(|root| reqwest::Certificate::from_der(root).ok());
    let client = reqwest::Client::builder()
        .tls_certs_only(roots)
        .timeout(around.deadline)
        .no_proxy()
        .build()
        .ok()?;
    let answer = client.get(url).send().await.ok()?;
    let date = answer.headers().get(reqwest::header::DATE)?;
    date.to_str().ok().map(str::to_owned)
}

//! `till doctor`: what is wrong with channel accounts.

use super::{Fault, Sources, block_on, complain, say};
use crate::accounts::{Credentials, ImportSettings, Surroundings, accounts_of_file};
use crate::assembly;
use crate::config::{Config, Http, MasterKeyFault};
use crate::doctor::{Finding, Intake, Patient, examine, is_outside, public_address, reach};
use crate::entropy::SystemEntropy;
use cashier::id::AccountId;
use cashier::time::Entropy;
use clap::Args;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// Exit code: something is wrong.
const WRONG: u8 = 1;
/// Exit code: it could not look.
const BLIND: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// An import file, in place of the database; no master key is needed then
    #[arg(long, value_name = "FILE")]
    file: Option<PathBuf>,
    /// Only this channel account
    #[arg(long, value_name = "ID")]
    account: Option<String>,
    #[command(flatten)]
    sources: Sources,
}

pub(super) fn run(options: Options) -> ExitCode {
    let config = match options.file {
        Some(_) => options.sources.read_keyless(),
        None => options.sources.read(),
    };
    match config.and_then(|config| block_on(&config.log.clone(), look(&options, &config))) {
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
    let mut intake = match &options.file {
        Some(file) => of_file(file, config, &around).await?,
        None => of_database(config, entropy).await?,
    };
    let there: Vec<String> = ids(&intake);
    let found = match &options.account {
        Some(only) => intake.narrow(only),
        None => !intake.patients.is_empty(),
    };
    if !found && intake.others.is_empty() {
        return Err(absent(options.account.as_deref(), &there).into());
    }
    for line in &intake.others {
        say(line)?;
    }
    let mut well = found && intake.others.is_empty();
    if let Some(problem) = address(&config.http, &intake.patients).await {
        say(&problem.to_string())?;
        well &= !problem.stops;
    }
    for patient in &intake.patients {
        well &= tell(patient, &around).await?;
    }
    Ok(well)
}

fn ids(intake: &Intake) -> Vec<String> {
    let ids = intake.patients.iter().map(|one| one.id.to_string());
    ids.collect()
}

fn absent(wanted: Option<&str>, there: &[String]) -> String {
    match wanted {
        Some(wanted) if !there.is_empty() => format!(
            "there is no channel account {wanted:?}; there are {}",
            there.join(", ")
        ),
        _ => "there is no channel account: `till account import FILE` brings some".to_owned(),
    }
}

async fn of_file(file: &Path, config: &Config, around: &Surroundings) -> Result<Intake, Fault> {
    let settings = ImportSettings {
        surroundings: around.clone(),
        allow_http_webhooks: config.webhook.allow_private_addresses,
    };
    let stored = stored(config, around.entropy.clone()).await;
    Ok(Intake::of_file(accounts_of_file(file, &settings, &stored)?))
}

/// The accounts of the database, for comparison only: there need not be one.
async fn stored(config: &Config, entropy: Arc<dyn Entropy>) -> Vec<(AccountId, Credentials)> {
    if let Err(MasterKeyFault::Missing) = config.security.master_key() {
        return Vec::new();
    }
    match of_database(config, entropy).await {
        Ok(intake) => {
            let patients = intake.patients.into_iter();
            patients
                .filter_map(|one| Some((one.id, one.credentials?)))
                .collect()
        }
        Err(fault) => {
            complain(&format!(
                "the keys are not compared with those of the database: {fault}"
            ));
            Vec::new()
        }
    }
}

async fn of_database(config: &Config, entropy: Arc<dyn Entropy>) -> Result<Intake, Fault> {
    let seal = assembly::seal(config, entropy)?;
    let database = assembly::look_into_database(&config.database).await?;
    let rows = entities::Directory::new(database).accounts_each().await?;
    Ok(Intake::of_rows(rows, &seal))
}

/// What is wrong with the address of the notices.
async fn address(http: &Http, patients: &[Patient]) -> Option<Finding> {
    let first = patients.first()?;
    let channels = patients.iter().filter_map(|one| one.credentials.as_ref());
    let channels: BTreeSet<&str> = channels.map(Credentials::base_url).collect();
    let outside = any_outside(channels).await;
    let text = match http.listen.parse() {
        Ok(listening) if !outside => http.public_url(listening),
        _ => http.public_url.clone(),
    };
    match public_address(&text, outside) {
        Ok(url) => reach(&url, &first.id, outside).await,
        Err(problem) => Some(problem),
    }
}

async fn any_outside(channels: BTreeSet<&str>) -> bool {
    for channel in channels {
        if is_outside(channel).await {
            return true;
        }
    }
    false
}

/// Whether nothing is wrong with one account.
async fn tell(patient: &Patient, around: &Surroundings) -> Result<bool, Fault> {
    for line in &patient.told {
        say(line)?;
    }
    let found = examine(patient, around).await;
    for finding in &found {
        say(&format!("{}: {finding}", patient.id))?;
    }
    if patient.told.is_empty() && found.is_empty() {
        say(&format!("{}: nothing wrong", patient.id))?;
    }
    Ok(patient.told.is_empty() && !found.iter().any(|finding| finding.stops))
}

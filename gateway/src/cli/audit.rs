//! `till audit`: whether the database says what it must. Silent when it does.

use super::{Fault, Sources, block_on, complain, say};
use crate::assembly;
use crate::audit::Audit;
use crate::config::Config;
use cashier::id::OrderId;
use cashier::store::Store;
use cashier::time::Timestamp;
use cashier::timing::Timing;
use chrono::DateTime;
use clap::Args;
use entities::auditor::Scope;
use entities::{Auditor, SeaStore};
use std::process::ExitCode;

/// Exit code: there are breaches.
const BREACHES: u8 = 1;
/// Exit code: it could not look, or not to the end.
const BLIND: u8 = 2;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Only orders that something happened to since then, and whatever is unsettled
    #[arg(long, value_name = "RFC3339", value_parser = moment, conflicts_with = "order")]
    since: Option<Timestamp>,
    /// Only this order
    #[arg(long, value_name = "ID")]
    order: Option<String>,
    #[command(flatten)]
    sources: Sources,
}

fn moment(text: &str) -> Result<Timestamp, String> {
    DateTime::parse_from_rfc3339(text)
        .map(|at| Timestamp::from_millis(at.timestamp_millis()))
        .map_err(|error| format!("{error}: give a time as in 2026-11-25T08:00:00Z"))
}

pub(super) fn run(options: Options) -> ExitCode {
    match look(options) {
        Ok(0) => ExitCode::SUCCESS,
        Ok(_) => ExitCode::from(BREACHES),
        Err(fault) => {
            complain(&fault.to_string());
            ExitCode::from(BLIND)
        }
    }
}

/// How many breaches there are; each is told.
fn look(options: Options) -> Result<u64, Fault> {
    let config = options.sources.read()?;
    let scope = match (options.order, options.since) {
        (Some(order), _) => Scope::One(OrderId::new(order)),
        (None, Some(since)) => Scope::Since(since),
        (None, None) => Scope::All,
    };
    block_on(&config.log.clone(), audit(&config, &scope))
}

async fn audit(config: &Config, scope: &Scope) -> Result<u64, Fault> {
    let database = assembly::look_into_database(&config.database).await?;
    // This machine's clock may be off; the database's is what everybody goes by.
    let now = SeaStore::new(database.clone()).now().await?;
    let auditor = Auditor::new(database);
    let audit = Audit {
        auditor: &auditor,
        scope,
        timing: &Timing::default(),
        now,
    };
    let mut breaches = 0;
    let orders = audit
        .run(|breach| {
            breaches += 1;
            say(&breach.to_string())
        })
        .await?;
    match scope {
        Scope::One(order) if orders == 0 => {
            Err(format!("there is no order {order} in this database").into())
        }
        _ => Ok(breaches),
    }
}

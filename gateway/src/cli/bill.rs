//! `till bill take`: takes a day's bill now, or once more.

use super::{Fault, Sources, block_on, say};
use crate::assembly::{Assembled, assemble};
use crate::bill;
use crate::config::Config;
use crate::server::Overrides;
use cashier::id::AccountId;
use cashier::time::Day;
use clap::Subcommand;
use std::net::{Ipv4Addr, SocketAddr};

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Downloads an account's bill of a day, checks it whole, and records whatever it says
    /// that is not known yet. Doing it again changes nothing
    Take {
        /// The channel account
        account: String,
        /// The day by Chinese clocks, as in 2026-11-24
        #[arg(value_parser = day)]
        day: Day,
        #[command(flatten)]
        sources: Sources,
    },
}

fn day(text: &str) -> Result<Day, String> {
    Day::parse(text).ok_or_else(|| format!("{text:?} is no day: give one as in 2026-11-24"))
}

pub(super) fn run(command: Command) -> Result<(), Fault> {
    let Command::Take {
        account,
        day,
        sources,
    } = command;
    let config = sources.read()?;
    let account = AccountId::new(account);
    block_on(&config.log.clone(), take(config, account, day))
}

async fn take(config: Config, account: AccountId, day: Day) -> Result<(), Fault> {
    // Nothing listens here: the address only stands in where no public one is configured.
    let addr = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let Assembled { shared, .. } = assemble(&config, Overrides::default(), addr).await?;
    let said = bill::take_and_record(&shared, &account, day).await?;
    let Some(said) = said else {
        return say(&format!(
            "the channel has no bill of {day} for {account} (yet)"
        ));
    };
    say(&format!(
        "{day}: {} rows, {} of them news, {} of other systems that use this account. Exceptions, \
         if any, are in /ops/v1/exceptions",
        said.rows, said.news, said.foreign
    ))
}

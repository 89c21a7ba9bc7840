//! `till config check`: what the configuration comes to, or every mistake in it.

use super::{Fault, Sources, say};
use clap::Subcommand;

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Shows the resolved configuration without its secrets, or every mistake at once
    Check(Sources),
}

pub(super) fn run(Command::Check(sources): Command) -> Result<(), Fault> {
    let config = sources.read()?;
    say(&toml::to_string_pretty(&config)?)?;
    say("# The configuration is sound.")
}

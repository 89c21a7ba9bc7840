//! The command line. One file a command; each says on standard output what it did
//! and on standard error what is in the way. Exit 0: done; 1: not. `audit` and
//! `doctor` say with 1 what they have found, and with 2 that they could not look.

mod account;
mod audit;
mod bill;
mod check;
mod demo;
mod doctor;
mod migrate;
mod operator;
mod order;
mod sandbox;
mod serve;
mod signals;

use crate::config::{Config, Layers, from_layers};
use crate::telemetry::log;
use clap::{Args, Parser, Subcommand};
use std::error::Error;
use std::future::Future;
use std::io::{self, Write};
use std::path::PathBuf;
use std::process::ExitCode;

/// What ends a command early.
type Fault = Box<dyn Error + Send + Sync>;

/// Till: a payment gateway over Alipay and WeChat Pay.
#[derive(Debug, Parser)]
#[command(name = "till", version, max_term_width = 100)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// Where settings come from beside default.toml and TILL__SECTION__KEY variables.
#[derive(Clone, Debug, Args)]
struct Sources {
    /// A TOML file with the settings that differ from the defaults
    #[arg(long, value_name = "FILE", global = true)]
    config: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Everything in one process, with a sandbox and a demo shop, to try Till out
    Demo(demo::Options),
    /// The HTTP server, with the background work unless workers.enabled is false
    Serve(Sources),
    /// The background work alone
    Worker(Sources),
    /// Brings the database's schema up to date
    Migrate(Sources),
    /// Orders, for whoever has to know what became of one
    Order {
        #[command(subcommand)]
        command: order::Command,
    },
    /// A simulated Alipay and WeChat Pay alone
    Sandbox(sandbox::Options),
    /// Whether the database says what it must: one line for each thing that is wrong, and
    /// silence when nothing is. Changes nothing. Exit 0: nothing is wrong; 1: something is;
    /// 2: it could not look
    Audit(audit::Options),
    /// What is wrong with channel accounts, and how to mend it. Changes nothing. Exit 0:
    /// nothing is wrong; 1: something is; 2: it could not look
    Doctor(doctor::Options),
    /// Merchants and their channel accounts
    Account {
        #[command(subcommand)]
        command: account::Command,
    },
    /// The channels' daily bills
    Bill {
        #[command(subcommand)]
        command: bill::Command,
    },
    /// Who may work on exceptions
    Operator {
        #[command(subcommand)]
        command: operator::Command,
    },
    /// The configuration
    Config {
        #[command(subcommand)]
        command: check::Command,
    },
}

/// Does what the command line says.
pub fn run() -> ExitCode {
    let cli = Cli::parse();
    #[cfg(feature = "crash-points")]
    if let Err(fault) = break_on_purpose() {
        complain(&fault.to_string());
        return ExitCode::FAILURE;
    }
    let outcome = match cli.command {
        Command::Demo(options) => demo::run(options),
        Command::Serve(sources) => serve::run(&sources, serve::Part::Everything),
        Command::Worker(sources) => serve::run(&sources, serve::Part::Workers),
        Command::Migrate(sources) => migrate::run(&sources),
        Command::Audit(options) => return audit::run(options),
        Command::Doctor(options) => return doctor::run(options),
        Command::Order { command } => order::run(command),
        Command::Sandbox(options) => sandbox::run(options),
        Command::Account { command } => account::run(command),
        Command::Bill { command } => bill::run(command),
        Command::Operator { command } => operator::run(command),
        Command::Config { command } => check::run(command),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(fault) => {
            complain(&fault.to_string());
            ExitCode::FAILURE
        }
    }
}

/// What a test wants to go wrong in this process.
#[cfg(feature = "crash-points")]
fn break_on_purpose() -> Result<(), Fault> {
    if let Some(point) = crate::config::crash_at() {
        crate::crash::arm(&point)?;
    }
    crate::clock::set_ahead(crate::config::clock_ahead()?);
    Ok(())
}

impl Sources {
    fn layers(&self) -> Layers {
        Layers {
            file: self.config.clone(),
            environment: true,
            ..Layers::default()
        }
    }

    fn read(&self) -> Result<Config, Fault> {
        Ok(from_layers(self.layers())?)
    }

    /// For a command that seals and opens nothing: no master key is needed.
    fn read_keyless(&self) -> Result<Config, Fault> {
        Ok(from_layers(Layers {
            keyless: true,
            ..self.layers()
        })?)
    }
}

/// Sets logs up and runs a command's asynchronous part.
fn block_on<T>(
    log: &crate::config::Log,
    doing: impl Future<Output = Result<T, Fault>>,
) -> Result<T, Fault> {
    log::start(log)?;
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(doing)
}

/// Tells the person at the terminal.
fn say(text: &str) -> Result<(), Fault> {
    Ok(writeln!(io::stdout().lock(), "{text}")?)
}

/// Tells the person at the terminal what is wrong.
fn complain(text: &str) {
    // If even standard error is closed, there is nobody left to tell.
    let _ = writeln!(io::stderr().lock(), "{text}");
}

//! The command line.

use clap::{Parser, ValueEnum};
use std::path::PathBuf;
use std::time::Duration;

/// Kills Till and what is around it while payers pay, and compares the books.
#[derive(Clone, Debug, Parser)]
#[command(name = "till-chaos", max_term_width = 100)]
pub struct Options {
    /// The program, built with the feature crash-points
    #[arg(long, value_name = "FILE")]
    pub till: PathBuf,
    /// Where orders live
    #[arg(long, value_enum, default_value_t = Store::Postgres)]
    pub store: Store,
    /// How long things go wrong, in seconds
    #[arg(long, value_name = "N", default_value_t = 120)]
    pub seconds: u64,
    /// How many orders a second
    #[arg(long, value_name = "N", default_value_t = 100)]
    pub rate: u64,
    /// What all dice start from
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub seed: u64,
    /// Only stories whose end need not be waited for: WeChat Pay, and the merchant closes what
    /// is not paid. The stories of the last 100 seconds are like that in any case
    #[arg(long)]
    pub quick: bool,
    /// Nothing goes wrong: what the load alone does
    #[arg(long)]
    pub calm: bool,
    /// How far the second gateway's clock is ahead, in seconds (negative: behind); ten minutes
    /// to one side or the other, by the seed, if not given
    #[arg(long, value_name = "N", allow_negative_numbers = true)]
    pub skew: Option<i64>,
    /// A PostgreSQL server, with a superuser
    #[arg(
        long,
        value_name = "URL",
        env = "TILL_TEST_POSTGRES_URL",
        hide_env_values = true
    )]
    pub postgres_url: Option<String>,
    /// That server's folder, so that it can be restarted
    #[arg(long, value_name = "DIR", env = "TILL_TEST_POSTGRES_FOLDER")]
    pub postgres_folder: Option<PathBuf>,
    /// The scripts that start servers
    #[arg(long, value_name = "DIR", default_value = "tests/setup")]
    pub setup: PathBuf,
    /// Where everything is written; a temporary folder, kept only after a failure, if not given
    #[arg(long, value_name = "DIR")]
    pub data: Option<PathBuf>,
}

/// A database.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Store {
    /// A server, two gateways, one worker.
    Postgres,
    /// A file, one process.
    Sqlite,
}

impl Options {
    /// How long things go wrong.
    pub fn span(&self) -> Duration {
        Duration::from_secs(self.seconds)
    }

    /// How far the second gateway's clock is ahead, in seconds.
    pub fn skew(&self) -> i64 {
        let by_seed = match (self.calm || self.store == Store::Sqlite, self.seed % 2) {
            (true, _) => 0,
            (false, 0) => 600,
            (false, _) => -600,
        };
        self.skew.unwrap_or(by_seed)
    }
}

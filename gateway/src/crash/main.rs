//! `till` with crash points: see [`gateway::crash`].

use std::process::ExitCode;

fn main() -> ExitCode {
    gateway::cli::run()
}

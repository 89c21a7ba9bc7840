//! The `till` binary: see [`gateway::cli`].

use std::process::ExitCode;

fn main() -> ExitCode {
    gateway::cli::run()
}

//! `till-chaos`: see [`till_chaos`].

use clap::Parser;
use std::io::Write;
use std::process::ExitCode;
use till_chaos::options::Options;

fn main() -> ExitCode {
    let options = Options::parse();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => {
            // If even standard error is closed, there is nobody left to tell.
            let _ = writeln!(std::io::stderr(), "{error}");
            return ExitCode::FAILURE;
        }
    };
    let (is_good, text) = runtime.block_on(till_chaos::stage::run(&options));
    let _ = write!(std::io::stdout(), "{text}");
    if is_good {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

//! `till sandbox`: the simulated channels alone, for a gateway elsewhere.

use super::signals::Signals;
use super::{Fault, block_on, say};
use crate::config::{Format, Log};
use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(super) struct Options {
    /// Where it listens; port 0 picks a free one
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8090")]
    listen: String,
    /// Where it listens for https too, which WeChat Pay's v2 needs for a client's certificate
    #[arg(long, value_name = "ADDR")]
    https: Option<String>,
    /// How payers' browsers reach it, if that is not http:// and the address
    #[arg(long, value_name = "URL")]
    public_url: Option<String>,
    /// How many times as fast as real time its time runs
    #[arg(long, value_name = "N", default_value_t = 1)]
    time_factor: u32,
    /// Where it keeps everything between two runs; without, it forgets
    #[arg(long, value_name = "FILE")]
    state: Option<PathBuf>,
}

pub(super) fn run(options: Options) -> Result<(), Fault> {
    let log = Log {
        format: Format::Text,
        filter: "info".to_owned(),
    };
    block_on(&log, async {
        let signals = Signals::listen()?;
        let running = sandbox::start(sandbox::Settings {
            addr: options.listen,
            https_addr: options.https,
            public_url: options.public_url,
            time_factor: options.time_factor,
            state_file: options.state,
            ..sandbox::Settings::default()
        })
        .await?;
        say(&format!(
            "sandbox  {url}\nwallet   {url}/wallet",
            url = running.url()
        ))?;
        if let Some(url) = running.https_url() {
            say(&format!("https    {url}"))?;
        }
        signals.stop_asked().await;
        running.stop().await;
        Ok(())
    })
}

//! `till serve` and `till worker`.

use super::signals::Signals;
use super::{Fault, Sources, block_on};
use crate::server::{self, Overrides};

/// What of it runs in this process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// The HTTP server, and the background work unless that is switched off.
    Everything,
    /// The background work.
    Workers,
}

pub(super) fn run(sources: &Sources, part: Part) -> Result<(), Fault> {
    let config = sources.read()?;
    block_on(&config.log.clone(), async {
        let signals = Signals::listen()?;
        match part {
            Part::Everything => {
                let running = server::start(config, Overrides::default()).await?;
                signals.stop_asked().await;
                running.stop().await;
            }
            Part::Workers => {
                let running = server::start_workers(config, Overrides::default()).await?;
                signals.stop_asked().await;
                running.stop().await;
            }
        }
        Ok(())
    })
}

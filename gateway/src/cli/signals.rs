//! SIGTERM and SIGINT: the first asks to stop, the second ends the program at once.

use super::{Fault, complain};
use futures_util::FutureExt;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// Signals this close to the first are the same wish: shells and supervisors often
/// send one to the program and one to its whole group.
const SAME_WISH: Duration = Duration::from_secs(1);

/// The exit code of a program that was ended by a signal.
const ENDED: i32 = 130;

/// Listens for signals.
pub(super) struct Signals {
    terminate: Signal,
    interrupt: Signal,
}

impl Signals {
    pub(super) fn listen() -> Result<Signals, Fault> {
        Ok(Signals {
            terminate: signal(SignalKind::terminate())?,
            interrupt: signal(SignalKind::interrupt())?,
        })
    }

    /// Returns at the first signal. From then on the next one ends the program.
    pub(super) async fn stop_asked(mut self) {
        self.next().await;
        tracing::info!("stopping; once more to end at once");
        tokio::spawn(async move {
            tokio::time::sleep(SAME_WISH).await;
            while self.next().now_or_never().is_some() {}
            self.next().await;
            complain("ended at once; what was under way is left to its leases");
            std::process::exit(ENDED);
        });
    }

    async fn next(&mut self) {
        tokio::select! {
            _ = self.terminate.recv() => {}
            _ = self.interrupt.recv() => {}
        }
    }
}

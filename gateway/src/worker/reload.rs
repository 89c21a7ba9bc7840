//! Merchants and accounts that somebody has imported: looked for now and then, and
//! at once on SIGHUP.

use super::Stop;
use super::health::Health;
use crate::accounts::Registry;
use std::sync::Arc;
use std::time::Duration;
use tokio::signal::unix::{Signal, SignalKind, signal};

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(10);

/// Reloads until asked to stop.
pub(super) async fn run(registry: Arc<Registry>, mut stop: Stop) {
    let mut health = Health::new("reload");
    let mut hangup = signal(SignalKind::hangup()).ok();
    loop {
        tokio::select! {
            going_on = stop.pause(PAUSE) => if !going_on { return },
            () = asked(&mut hangup) => {}
        }
        match registry.reload().await {
            Ok(changed) => {
                health.well();
                if changed {
                    tracing::info!("merchants and channel accounts were loaded again");
                }
            }
            // The next look is soon enough: what was loaded before stays in use.
            Err(error) => drop(health.ill(&error)),
        }
    }
}

/// Returns on SIGHUP; never where there is no such signal.
async fn asked(hangup: &mut Option<Signal>) {
    match hangup {
        Some(hangup) => drop(hangup.recv().await),
        None => std::future::pending().await,
    }
}

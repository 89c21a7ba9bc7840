//! Due alerts, each target in a loop of its own: one that is slow or down waits for
//! itself and not for others.

use super::Stop;
use super::health::Health;
use crate::alert::Alerter;
use crate::config::Target;
use std::sync::Arc;
use std::time::Duration;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1);

/// The pause after a message: robots take 20 a minute. With a look before it, an
/// exception is on its way well within ten seconds.
const AFTER_MESSAGE: Duration = Duration::from_secs(4);

/// Alerts a target until asked to stop.
pub(super) async fn run(alerter: Arc<Alerter>, target: Target, mut stop: Stop) {
    let mut health = Health::new("alerts");
    loop {
        let pause = match alerter.alert(&target).await {
            Ok(sent) => {
                health.well();
                if sent == 0 { PAUSE } else { AFTER_MESSAGE }
            }
            Err(error) => health.ill(&error),
        };
        if !stop.pause(pause).await {
            return;
        }
    }
}

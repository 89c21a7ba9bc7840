//! Idempotency keys older than three days are forgotten: whoever repeats a request
//! does so sooner.

use super::Stop;
use super::health::Health;
use crate::shared::Shared;
use cashier::time::Span;
use std::sync::Arc;
use std::time::Duration;

/// How long a key is kept.
const KEPT: Span = Span::minutes(72 * 60);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(600);

/// Prunes until asked to stop.
pub(super) async fn run(shared: Arc<Shared>, mut stop: Stop) {
    let mut health = Health::new("prune");
    loop {
        let before = shared.clock.now().minus(KEPT);
        let pause = match shared.directory.prune_keys(before).await {
            Ok(_) => {
                health.well();
                PAUSE
            }
            Err(error) => health.ill(&error),
        };
        if !stop.pause(pause).await {
            return;
        }
    }
}

//! The time: measured against the database's again and again, so that every process
//! judges ends and leases by the same clock, however wrong its machine's may be.

use super::Stop;
use super::health::Health;
use crate::clock::duration;
use crate::telemetry::metrics::CLOCK_OFFSET;
use cashier::agreed_clock::{AGREE_EVERY, AgreedClock};
use cashier::store::Store;
use std::sync::Arc;

/// A machine whose clock is further off than this shall be mended, in milliseconds.
const TOO_FAR: i64 = 30_000;

/// Agrees until asked to stop.
pub(super) async fn run(clock: Arc<AgreedClock>, store: Arc<dyn Store>, mut stop: Stop) {
    let mut health = Health::new("clock");
    let mut was_far = false;
    loop {
        let pause = match clock.agree(&*store).await {
            Ok(offset_ms) => {
                health.well();
                #[expect(clippy::cast_precision_loss, reason = "a gauge, not money")]
                metrics::gauge!(CLOCK_OFFSET).set(offset_ms as f64);
                let is_far = offset_ms.saturating_abs() > TOO_FAR;
                if is_far && !was_far {
                    tracing::warn!(
                        offset_ms,
                        "this machine's clock is far from the database's: Till goes by the \
                         database's; mend the machine's (NTP)"
                    );
                }
                was_far = is_far;
                duration(AGREE_EVERY)
            }
            Err(error) => health.ill(&error),
        };
        if !stop.pause(pause).await {
            return;
        }
    }
}

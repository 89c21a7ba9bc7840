//! How many exceptions are open, for the metrics: counted now and then.

use super::Stop;
use super::health::Health;
use crate::telemetry::metrics::EXCEPTIONS_OPEN;
use cashier::desk::Desk;
use cashier::exception::ExceptionKind;
use std::sync::Arc;
use std::time::Duration;

/// The pause between two counts.
const PAUSE: Duration = Duration::from_secs(15);

/// Counts until asked to stop.
pub(super) async fn run(desk: Arc<dyn Desk>, mut stop: Stop) {
    let mut health = Health::new("open");
    loop {
        let pause = match desk.count_open().await {
            Ok(counts) => {
                health.well();
                show(&counts);
                PAUSE
            }
            Err(error) => health.ill(&error),
        };
        if !stop.pause(pause).await {
            return;
        }
    }
}

/// Kinds without any are shown as none.
fn show(counts: &[(ExceptionKind, u64)]) {
    for kind in ExceptionKind::ALL {
        let count = counts.iter().find(|(counted, _)| *counted == kind);
        let open = count.map_or(0, |(_, open)| *open);
        let open = u32::try_from(open).unwrap_or(u32::MAX);
        metrics::gauge!(EXCEPTIONS_OPEN, "kind" => kind.name()).set(open);
    }
}

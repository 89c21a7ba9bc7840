//! The audit, now and then: what should always be true of the database is looked at
//! while it is in use, so that damage is found before a merchant finds it.

use super::Stop;
use super::health::Health;
use crate::audit::Audit;
use crate::config;
use crate::shared::Shared;
use crate::telemetry::metrics::{AUDIT_BREACHES, AUDIT_LAST_RUN};
use cashier::audit::{Breach, Formula};
use cashier::store::StoreError;
use cashier::time::{Span, Timestamp};
use cashier::timing::Timing;
use entities::auditor::Scope;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// How long after the start the first look is.
const FIRST: Duration = Duration::from_secs(60);

/// How far back the first look goes.
const BACK: Span = Span::minutes(24 * 60);

/// Looks until asked to stop.
pub(super) async fn run(shared: Arc<Shared>, settings: config::Audit, mut stop: Stop) {
    let Some(usual) = settings.pause() else {
        return;
    };
    let mut health = Health::new("audit");
    let mut since = shared.clock.now().minus(BACK);
    let mut pause = FIRST.min(usual);
    while stop.pause(pause).await {
        let began = shared.clock.now();
        match look(&shared, since).await {
            Ok(breaches) => {
                health.well();
                pause = usual;
                // What is wrong is looked at again until somebody has mended it.
                if breaches == 0 {
                    since = began;
                }
            }
            Err(error) => pause = health.ill(&error),
        }
    }
}

/// Looks at every order that something happened to since then (UTC), at whatever is
/// unsettled, and at what belongs to no order; logs each breach, and sets the metrics.
/// Returns how many breaches there are.
///
/// # Errors
/// [`StoreError`] when the database does not answer; the metrics stay as they were.
pub async fn look(shared: &Shared, since: Timestamp) -> Result<u64, StoreError> {
    let mut found: BTreeMap<Formula, u64> = BTreeMap::new();
    let audit = Audit {
        auditor: &shared.auditor,
        scope: &Scope::Since(since),
        timing: &Timing::default(),
        now: shared.clock.now(),
    };
    audit
        .run(|breach| {
            tell(&breach);
            *found.entry(breach.formula).or_default() += 1;
            Ok::<(), StoreError>(())
        })
        .await?;
    for formula in Formula::ALL {
        let count = found.get(&formula).copied().unwrap_or_default();
        let count = u32::try_from(count).unwrap_or(u32::MAX);
        metrics::gauge!(AUDIT_BREACHES, "formula" => formula.name()).set(count);
    }
    let now = u32::try_from(shared.clock.now().seconds()).unwrap_or(u32::MAX);
    metrics::gauge!(AUDIT_LAST_RUN).set(now);
    Ok(found.values().sum())
}

fn tell(breach: &Breach) {
    tracing::error!(
        audit.formula = %breach.formula,
        audit.row = breach.row,
        "the database breaks what must hold: {}",
        breach.detail
    );
}

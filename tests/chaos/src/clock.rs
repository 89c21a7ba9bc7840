//! The harness's one look at the real time.

use cashier::time::Timestamp;
use std::time::SystemTime;

/// Now (UTC).
///
/// # Panics
/// When the system's clock is before 1970.
#[expect(
    clippy::disallowed_methods,
    reason = "the harness stands outside of Till: this is its own clock"
)]
pub fn now() -> Timestamp {
    let since = SystemTime::now()
        .duration_since(SystemTime::UNIX_EPOCH)
        .unwrap();
    Timestamp::from_millis(i64::try_from(since.as_millis()).unwrap())
}

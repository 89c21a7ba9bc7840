//! The real clocks: the program's one look at the system's time.

use async_trait::async_trait;
use cashier::time::{Clock, Span, Timestamp};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The system's clock, in UTC.
#[derive(Clone, Copy, Debug, Default)]
pub struct SystemClock;

#[async_trait]
impl Clock for SystemClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that all others take"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap_or_default();
        let millis = i64::try_from(since.as_millis()).unwrap_or(i64::MAX);
        #[cfg(feature = "crash-points")]
        let millis = millis.saturating_add(ahead());
        Timestamp::from_millis(millis)
    }

    async fn sleep(&self, span: Span) {
        tokio::time::sleep(duration(span)).await;
    }
}

/// A clock that begins at the system's time and never jumps: what is agreed on with
/// the database is added to it.
#[derive(Clone, Copy, Debug)]
pub struct SteadyClock {
    start: Timestamp,
    began: Instant,
}

impl SteadyClock {
    /// Begins now.
    pub fn begin() -> SteadyClock {
        SteadyClock {
            start: SystemClock.now(),
            began: Instant::now(),
        }
    }
}

#[async_trait]
impl Clock for SteadyClock {
    fn now(&self) -> Timestamp {
        let passed = i64::try_from(self.began.elapsed().as_millis()).unwrap_or(i64::MAX);
        Timestamp::from_millis(self.start.millis().saturating_add(passed))
    }

    async fn sleep(&self, span: Span) {
        tokio::time::sleep(duration(span)).await;
    }
}

/// How many milliseconds this process's clock is wrong by, on purpose.
#[cfg(feature = "crash-points")]
static AHEAD: std::sync::OnceLock<i64> = std::sync::OnceLock::new();

/// Makes this process's clock wrong by so many milliseconds; the first call counts.
#[cfg(feature = "crash-points")]
pub fn set_ahead(millis: i64) {
    let _ = AHEAD.set(millis);
}

#[cfg(feature = "crash-points")]
fn ahead() -> i64 {
    AHEAD.get().copied().unwrap_or(0)
}

/// A span as the standard library has it.
pub fn duration(span: Span) -> Duration {
    Duration::from_millis(u64::try_from(span.as_millis()).unwrap_or(0))
}

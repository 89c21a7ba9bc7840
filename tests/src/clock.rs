//! The stage's clock: real time, pushed ahead on demand. The sandbox's business
//! clock is pushed with it, so that both sides agree on what has expired.

use async_trait::async_trait;
use cashier::time::{Clock, Span, Timestamp};
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::{Duration, SystemTime};
use tokio::sync::Notify;

/// Real time plus what it was pushed ahead by.
#[derive(Debug, Default)]
pub struct StageClock {
    ahead_millis: AtomicI64,
    moved: Notify,
}

impl StageClock {
    /// Pushes time ahead and wakes whoever sleeps.
    pub fn advance(&self, by: Span) {
        self.ahead_millis
            .fetch_add(by.as_millis(), Ordering::SeqCst);
        self.moved.notify_waiters();
    }

    /// Whether it shows real time.
    pub fn is_real(&self) -> bool {
        self.ahead_millis.load(Ordering::SeqCst) == 0
    }
}

#[async_trait]
impl Clock for StageClock {
    #[expect(
        clippy::disallowed_methods,
        reason = "this is the clock that all others take"
    )]
    fn now(&self) -> Timestamp {
        let since = SystemTime::now()
            .duration_since(SystemTime::UNIX_EPOCH)
            .unwrap();
        let millis = i64::try_from(since.as_millis()).unwrap();
        Timestamp::from_millis(millis + self.ahead_millis.load(Ordering::SeqCst))
    }

    async fn sleep(&self, span: Span) {
        let end = self.now().plus(span);
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let left = end.since(self.now()).as_millis();
            if left == 0 {
                return;
            }
            let left = Duration::from_millis(u64::try_from(left).unwrap());
            tokio::select! {
                () = tokio::time::sleep(left) => {}
                () = &mut moved => {}
            }
        }
    }
}

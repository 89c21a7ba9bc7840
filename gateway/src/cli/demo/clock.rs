//! The demo's clock: the sandbox's, so that both sides agree when time runs faster
//! or is pushed ahead.

use async_trait::async_trait;
use cashier::time::{Clock, Span, Timestamp};
use chrono::TimeDelta;
use sandbox::Sandbox;

/// Sandbox time.
pub(super) struct SandboxClock {
    sandbox: Sandbox,
}

impl SandboxClock {
    pub(super) fn new(sandbox: Sandbox) -> SandboxClock {
        SandboxClock { sandbox }
    }
}

#[async_trait]
impl Clock for SandboxClock {
    fn now(&self) -> Timestamp {
        Timestamp::from_millis(self.sandbox.clock().now().timestamp_millis())
    }

    async fn sleep(&self, span: Span) {
        let clock = self.sandbox.clock();
        clock
            .reached(clock.now() + TimeDelta::milliseconds(span.as_millis()))
            .await;
    }
}

//! The sandbox's own time.
//!
//! Sandbox time starts at the real time, runs `factor` times as fast, and can be pushed ahead.
//! It decides everything that belongs to the business: expiry, refund windows, notice schedules,
//! the times that answers carry. What proves that a message is fresh (WeChat's `timestamp`
//! headers, in both directions) uses [`Clock::wall`], because the other side's clock did not move.

use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::{Duration, SystemTime};

use chrono::{DateTime, TimeDelta, Utc};
use tokio::sync::Notify;

/// A clock that runs at a multiple of real time and can be advanced, never set back.
#[derive(Debug)]
pub struct Clock {
    factor: u32,
    started: DateTime<Utc>,
    /// How far sandbox time was ahead of `started` when it was.
    ahead: Mutex<TimeDelta>,
    moved: Notify,
}

impl Clock {
    /// A clock that agrees with the real one now and runs `factor` times as fast (0 counts as 1).
    pub fn new(factor: u32) -> Self {
        Self::resumed(factor, TimeDelta::zero())
    }

    /// A clock that is `ahead` of the real one now: how a saved sandbox goes on.
    pub fn resumed(factor: u32, ahead: TimeDelta) -> Self {
        Self {
            factor: factor.max(1),
            started: read_system_clock(),
            ahead: Mutex::new(ahead.max(TimeDelta::zero())),
            moved: Notify::new(),
        }
    }

    /// Sandbox time, UTC.
    pub fn now(&self) -> DateTime<Utc> {
        let wall = read_system_clock();
        wall.checked_add_signed(self.ahead_at(wall)).unwrap_or(wall)
    }

    /// Real time, UTC: for signatures' freshness only.
    pub fn wall(&self) -> DateTime<Utc> {
        read_system_clock()
    }

    /// How far sandbox time is ahead of real time now.
    pub fn ahead(&self) -> TimeDelta {
        self.ahead_at(read_system_clock())
    }

    /// Pushes sandbox time `by` ahead and wakes whoever waits for a moment that this passes.
    pub fn advance(&self, by: TimeDelta) {
        {
            let mut ahead = self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
            *ahead = ahead
                .checked_add(&by.max(TimeDelta::zero()))
                .unwrap_or(*ahead);
        }
        self.moved.notify_waiters();
    }

    /// Returns once sandbox time has reached `moment`.
    pub async fn reached(&self, moment: DateTime<Utc>) {
        loop {
            let moved = self.moved.notified();
            tokio::pin!(moved);
            moved.as_mut().enable();
            let left = moment - self.now();
            if left <= TimeDelta::zero() {
                return;
            }
            let left = left.to_std().unwrap_or(Duration::ZERO) / self.factor;
            tokio::select! {
                () = tokio::time::sleep(left.max(Duration::from_millis(1))) => {}
                () = moved => {}
            }
        }
    }

    fn ahead_at(&self, wall: DateTime<Utc>) -> TimeDelta {
        let pushed = *self.ahead.lock().unwrap_or_else(PoisonError::into_inner);
        let extra = i32::try_from(self.factor - 1).unwrap_or(i32::MAX);
        let gained = (wall - self.started).checked_mul(extra).unwrap_or_default();
        pushed.checked_add(&gained).unwrap_or(pushed)
    }
}

#[expect(
    clippy::disallowed_methods,
    reason = "the sandbox is a server of its own: this is its one look at the real clock"
)]
fn read_system_clock() -> DateTime<Utc> {
    DateTime::<Utc>::from(SystemTime::now())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn advancing_moves_sandbox_time_and_leaves_the_wall_clock_alone() {
        let clock = Clock::new(1);
        let before = clock.now();
        clock.advance(TimeDelta::hours(3));
        assert!(clock.now() - before >= TimeDelta::hours(3));
        assert!(clock.now() - clock.wall() >= TimeDelta::minutes(179));
    }

    #[test]
    fn time_cannot_be_pushed_back() {
        let clock = Clock::new(1);
        let before = clock.now();
        clock.advance(TimeDelta::hours(-3));
        assert!(clock.now() >= before);
    }

    #[tokio::test]
    async fn a_sleeper_wakes_when_the_clock_is_pushed_past_its_moment() {
        let clock = std::sync::Arc::new(Clock::new(1));
        let moment = clock.now() + TimeDelta::hours(10);
        let waiting = tokio::spawn({
            let clock = clock.clone();
            async move { clock.reached(moment).await }
        });
        tokio::task::yield_now().await;
        clock.advance(TimeDelta::hours(11));
        tokio::time::timeout(Duration::from_secs(5), waiting)
            .await
            .unwrap()
            .unwrap();
    }
}

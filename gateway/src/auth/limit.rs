//! How much one API key may ask for: so many requests a second, and so many at
//! once after a pause. Counted in this process, by its clock.

use cashier::time::Clock;
use governor::clock::Clock as Ticking;
use governor::middleware::NoOpMiddleware;
use governor::nanos::Nanos;
use governor::state::keyed::HashMapStateStore;
use governor::{Quota, RateLimiter};
use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

type ByKey = RateLimiter<String, HashMapStateStore<String>, Ticks, NoOpMiddleware<Nanos>>;

/// Counts the requests of each key.
pub(super) struct Limiter(ByKey, Ticks);

impl Limiter {
    pub(super) fn new(clock: Arc<dyn Clock>, per_second: NonZeroU32, burst: NonZeroU32) -> Limiter {
        let quota = Quota::per_second(per_second).allow_burst(burst);
        let ticks = Ticks(clock);
        Limiter(RateLimiter::hashmap_with_clock(quota, ticks.clone()), ticks)
    }

    /// Counts one request of a key, by its hash.
    ///
    /// # Errors
    /// After how many seconds it makes sense again, at least one.
    pub(super) fn check(&self, hash: &str) -> Result<(), i64> {
        self.0.check_key(&hash.to_owned()).map_err(|refused| {
            let wait = refused.wait_time_from(self.1.now());
            i64::try_from(wait.as_secs())
                .unwrap_or(i64::MAX)
                .saturating_add(1)
        })
    }
}

/// The process's clock, as the rate limiter wants it.
#[derive(Clone)]
struct Ticks(Arc<dyn Clock>);

impl Ticking for Ticks {
    type Instant = Nanos;

    fn now(&self) -> Nanos {
        let millis = u64::try_from(self.0.now().millis()).unwrap_or(0);
        Duration::from_millis(millis).into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use async_trait::async_trait;
    use cashier::time::{Span, Timestamp};
    use std::sync::atomic::{AtomicI64, Ordering};

    struct Hand(AtomicI64);

    #[async_trait]
    impl Clock for Hand {
        fn now(&self) -> Timestamp {
            Timestamp::from_millis(self.0.load(Ordering::SeqCst))
        }

        async fn sleep(&self, span: Span) {
            self.0.fetch_add(span.as_millis(), Ordering::SeqCst);
        }
    }

    #[test]
    fn each_key_has_its_burst_and_then_its_rate() {
        let clock = Arc::new(Hand(AtomicI64::new(1_800_000_000_000)));
        let (rate, burst) = (NonZeroU32::new(2).unwrap(), NonZeroU32::new(3).unwrap());
        let limiter = Limiter::new(clock.clone(), rate, burst);
        for _ in 0..3 {
            assert_eq!(limiter.check("one"), Ok(()));
        }
        assert_eq!(limiter.check("one"), Err(1));
        assert_eq!(limiter.check("other"), Ok(()));
        clock.0.fetch_add(500, Ordering::SeqCst);
        assert_eq!(limiter.check("one"), Ok(()));
        assert_eq!(limiter.check("one"), Err(1));
    }
}

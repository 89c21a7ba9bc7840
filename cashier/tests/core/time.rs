//! The time that all processes agree on, however wrong their own clocks are.

use crate::world::World;
use async_trait::async_trait;
use cashier::agreed_clock::AgreedClock;
use cashier::store::{Store, StoreError};
use cashier::time::{Clock, Span, Timestamp};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex};

/// A process's own clock, whose readings are written down beforehand; the last one
/// stays.
struct Readings(Mutex<VecDeque<Timestamp>>);

impl Readings {
    fn new(readings: &[Timestamp]) -> Arc<Readings> {
        Arc::new(Readings(Mutex::new(readings.iter().copied().collect())))
    }
}

#[async_trait]
impl Clock for Readings {
    fn now(&self) -> Timestamp {
        let mut left = self.0.lock().unwrap();
        let now = left[0];
        if left.len() > 1 {
            left.pop_front();
        }
        now
    }

    async fn sleep(&self, _: Span) {}
}

/// What the database's clock shows, and a database that shows it.
fn database() -> (Timestamp, Arc<dyn Store>) {
    let world = World::new();
    (world.clock.now(), world.store)
}

fn agree(clock: &AgreedClock, store: &Arc<dyn Store>) -> Result<i64, StoreError> {
    pollster::block_on(clock.agree(&**store))
}

const TEN_MINUTES: Span = Span::minutes(10);

/// Shows F52.
#[test]
fn a_clock_that_is_ten_minutes_off_shows_the_databases_time() {
    let (truth, store) = database();
    for (own, off) in [
        (truth.plus(TEN_MINUTES), -600_000),
        (truth.minus(TEN_MINUTES), 600_000),
        (truth, 0),
    ] {
        let clock = AgreedClock::new(Readings::new(&[own]));
        assert_eq!(clock.now(), own, "nothing is agreed on yet");
        assert_eq!(agree(&clock, &store), Ok(off));
        assert_eq!(clock.now(), truth);
    }
}

/// Shows F52.
#[test]
fn a_clock_that_jumps_is_right_again_after_the_next_look() {
    let (truth, store) = database();
    let jumped = truth.minus(Span::minutes(60));
    let clock = AgreedClock::new(Readings::new(&[truth, truth, jumped]));
    assert_eq!(agree(&clock, &store), Ok(0));
    assert_eq!(clock.now(), jumped, "it has jumped back an hour");
    assert_eq!(agree(&clock, &store), Ok(3_600_000));
    assert_eq!(clock.now(), truth);
}

#[test]
fn the_database_is_taken_to_have_looked_in_the_middle_of_the_wait() {
    let (truth, store) = database();
    let (before, after) = (
        truth.minus(Span::millis(400)),
        truth.plus(Span::millis(600)),
    );
    let clock = AgreedClock::new(Readings::new(&[before, after]));
    assert_eq!(agree(&clock, &store), Ok(-100));
}

/// Shows F52.
#[test]
fn a_look_that_takes_too_long_is_an_error_and_changes_nothing() {
    let (truth, store) = database();
    let ahead = truth.plus(TEN_MINUTES);
    let much_later = ahead.plus(Span::millis(2001));
    let clock = AgreedClock::new(Readings::new(&[ahead, ahead, ahead, much_later, ahead]));
    assert_eq!(agree(&clock, &store), Ok(-600_000));
    let slow = "its clock took 2001 ms to read".to_owned();
    assert_eq!(agree(&clock, &store), Err(StoreError::Unavailable(slow)));
    assert_eq!(clock.now(), truth, "what was agreed on before holds");
}

//! Telling a merchant: what comes of one try to deliver an event, and when an event
//! that was not taken is sent again.

use crate::store::{ClaimedDelivery, DeliveryNext, DeliveryTry};
use crate::time::{Entropy, Span, Timestamp};

/// The gaps between tries. The first eight are those that payment platforms in
/// China use; then daily, until more than 75 hours have passed since the first.
pub const GAPS: [Span; 11] = [
    Span::seconds(5),
    Span::minutes(2),
    Span::minutes(10),
    Span::minutes(15),
    Span::minutes(60),
    Span::minutes(2 * 60),
    Span::minutes(6 * 60),
    Span::minutes(15 * 60),
    Span::minutes(24 * 60),
    Span::minutes(24 * 60),
    Span::minutes(24 * 60),
];

/// Each gap is drawn from so many thousandths of its length ...
const SHORTEST: i64 = 900;
/// ... to so many, so that what failed together does not come back together.
const LONGEST: i64 = 1100;

/// Why an event was not taken: the HTTP status, if there was an answer, and words.
pub type NotTaken = (Option<u16>, String);

/// What is to be recorded of a try that ended at `now`, and what happens next:
/// a 2xx status means that the merchant has the event.
pub fn after_try(
    delivery: &ClaimedDelivery,
    outcome: Result<u16, NotTaken>,
    now: Timestamp,
    entropy: &dyn Entropy,
) -> DeliveryTry {
    let (status, error, then) = match outcome {
        Ok(status) => (Some(status), None, DeliveryNext::Delivered),
        Err((status, error)) => {
            let again = next_try(delivery.attempt, now, entropy);
            let then = again.map_or(DeliveryNext::Exhausted, DeliveryNext::Retry);
            (status, Some(error), then)
        }
    };
    DeliveryTry {
        event: delivery.event.id.clone(),
        at: now,
        status,
        error,
        then,
    }
}

/// When to try again after `attempt` earlier tries and one more that failed now;
/// `None` at the end of the schedule.
pub fn next_try(attempt: u32, now: Timestamp, entropy: &dyn Entropy) -> Option<Timestamp> {
    let gap = GAPS.get(usize::try_from(attempt).ok()?)?;
    let [first, second, ..] = entropy.bytes();
    let drawn = i64::from(u16::from_be_bytes([first, second])) % (LONGEST - SHORTEST + 1);
    let millis = gap.as_millis() / 1000 * (SHORTEST + drawn);
    Some(Timestamp::from_millis(now.millis().saturating_add(millis)))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed([u8; 16]);

    impl Entropy for Fixed {
        fn bytes(&self) -> [u8; 16] {
            self.0
        }
    }

    /// Shows F64.
    #[test]
    fn the_schedule_spans_more_than_75_hours_even_when_every_gap_is_drawn_short() {
        let mut now = Timestamp::from_millis(0);
        let mut tries = 0;
        while let Some(next) = next_try(tries, now, &Fixed([0; 16])) {
            assert!(next > now);
            now = next;
            tries += 1;
        }
        assert_eq!(tries, 11);
        assert!(now.seconds() >= 75 * 3600, "{} s", now.seconds());
    }

    #[test]
    fn a_gap_is_drawn_within_a_tenth_of_its_length() {
        let now = Timestamp::from_millis(1_000_000);
        for draw in [[0, 0], [0, 200], [0, 201], [255, 255], [7, 77]] {
            let mut bytes = [0; 16];
            bytes[..2].copy_from_slice(&draw);
            let next = next_try(0, now, &Fixed(bytes)).unwrap();
            assert!(
                (4500..=5500).contains(&next.since(now).as_millis()),
                "{draw:?}"
            );
        }
        let mut longest = [0; 16];
        longest[1] = 200;
        assert_eq!(
            next_try(0, now, &Fixed(longest))
                .unwrap()
                .since(now)
                .as_millis(),
            5500
        );
    }
}

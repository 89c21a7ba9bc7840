//! When an alert that was not taken is sent again.

use cashier::time::{Span, Timestamp};

/// The gaps between tries: about 22 hours in all.
const GAPS: [Span; 9] = [
    Span::seconds(5),
    Span::seconds(15),
    Span::seconds(60),
    Span::minutes(5),
    Span::minutes(15),
    Span::minutes(60),
    Span::minutes(3 * 60),
    Span::minutes(6 * 60),
    Span::minutes(12 * 60),
];

/// When to try again after `attempt` earlier tries and one more that failed now;
/// `None` at the end.
pub(super) fn next_try(attempt: u32, now: Timestamp) -> Option<Timestamp> {
    let gap = GAPS.get(usize::try_from(attempt).ok()?)?;
    Some(now.plus(*gap))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gaps_grow_and_come_to_an_end() {
        let now = Timestamp::from_millis(0);
        let all: Vec<Timestamp> = (0..).map_while(|tries| next_try(tries, now)).collect();
        assert_eq!(all.len(), 9);
        assert!(all.is_sorted());
        assert_eq!(next_try(u32::MAX, now), None);
    }
}

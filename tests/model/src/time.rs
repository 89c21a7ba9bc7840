//! Time in ticks. Every span of the rhythm is one tick, so that all that a
//! decision compares lies on whole ticks, and few of them make a whole life.

use cashier::time::{Span, Timestamp};
use cashier::timing::Timing;

/// The length of a tick: longer than whatever the core measures in seconds of
/// its own (half a minute until an artefact is not shown again).
pub const TICK: Span = Span::minutes(1);

/// How long a flow can be paid.
pub const FLOW_LIFE: Span = Span::minutes(2);

/// How long an order can be paid: long enough for a flow that expires, its
/// margin, and a second flow whose life the order's end cuts short.
pub const ORDER_LIFE: Span = Span::minutes(4);

const START: i64 = 1_790_000_000_000;

/// The rhythm, one tick everywhere.
pub const RHYTHM: Timing = Timing {
    first_query: TICK,
    shortest_gap: TICK,
    longest_gap: TICK,
    margin: TICK,
    least_life: TICK,
    first_retry: TICK,
    longest_retry: TICK,
    lease: TICK,
    patience: TICK,
    close_again: Span::seconds(3),
    close_age: TICK,
    unanswered: TICK,
    refund_query: TICK,
    refund_longest: TICK,
    refund_spacing: Some(TICK),
    barcode_life: Some((TICK, FLOW_LIFE)),
    h5_life: TICK,
};

/// The moment of a tick.
pub fn moment(tick: u8) -> Timestamp {
    Timestamp::from_millis(START + i64::from(tick) * TICK.as_millis())
}

/// The tick of a moment; 0 for what was never.
pub fn tick(at: Timestamp) -> u8 {
    let ticks = at.since(Timestamp::from_millis(START)).as_millis() / TICK.as_millis();
    u8::try_from(ticks).unwrap_or(u8::MAX)
}

/// The length of so many ticks.
pub fn ticks(count: u8) -> Span {
    moment(count).since(moment(0))
}

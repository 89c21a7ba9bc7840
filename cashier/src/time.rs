//! Time and randomness are inputs. The core takes them through these ports and
//! never looks at a clock itself.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

/// A moment: milliseconds since 1970-01-01T00:00:00 UTC.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(i64);

impl Timestamp {
    /// A moment from its milliseconds since the epoch, UTC.
    pub const fn from_millis(millis: i64) -> Timestamp {
        Timestamp(millis)
    }

    /// Milliseconds since the epoch, UTC.
    pub const fn millis(self) -> i64 {
        self.0
    }

    /// Whole seconds since the epoch, UTC.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// So much later, without passing the end of time.
    pub const fn plus(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_add(span.0))
    }

    /// So much earlier.
    pub const fn minus(self, span: Span) -> Timestamp {
        Timestamp(self.0.saturating_sub(span.0))
    }

    /// How long ago `earlier` was; nothing if it is not earlier.
    pub const fn since(self, earlier: Timestamp) -> Span {
        let millis = self.0.saturating_sub(earlier.0);
        if millis < 0 { Span(0) } else { Span(millis) }
    }
}

/// A day of the Chinese calendar (UTC+8, all year), as bills go by.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Day(chrono::NaiveDate);

impl Day {
    /// How far Chinese clocks are ahead of UTC.
    const AHEAD: Span = Span::seconds(8 * 3600);

    /// The day of a moment; `None` beyond the calendar.
    pub fn of(moment: Timestamp) -> Option<Day> {
        let there = moment.plus(Day::AHEAD).seconds();
        chrono::DateTime::from_timestamp(there, 0).map(|moment| Day(moment.date_naive()))
    }

    /// Reads `yyyy-MM-dd`; `None` for anything else.
    pub fn parse(text: &str) -> Option<Day> {
        let is_plain = text.len() == 10 && text.is_ascii();
        let day = chrono::NaiveDate::parse_from_str(text, "%Y-%m-%d").ok()?;
        is_plain.then_some(Day(day))
    }

    /// The day before; `None` before the calendar.
    pub fn before(self) -> Option<Day> {
        self.0.pred_opt().map(Day)
    }

    /// When it begins (UTC).
    pub fn begins(self) -> Timestamp {
        let there = self.0.and_time(chrono::NaiveTime::MIN).and_utc();
        Timestamp::from_millis(there.timestamp_millis()).minus(Day::AHEAD)
    }
}

impl std::fmt::Display for Day {
    /// `yyyy-MM-dd`.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.0)
    }
}

/// A length of time in milliseconds, never negative.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Span(i64);

impl Span {
    /// So many milliseconds.
    pub const fn millis(millis: u32) -> Span {
        Span(millis as i64)
    }

    /// So many seconds.
    pub const fn seconds(seconds: u32) -> Span {
        Span(seconds as i64 * 1000)
    }

    /// So many minutes.
    pub const fn minutes(minutes: u32) -> Span {
        Span(minutes as i64 * 60_000)
    }

    /// The length in milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.0
    }

    /// A part of the span.
    pub const fn divided_by(self, parts: u32) -> Span {
        Span(if parts == 0 {
            self.0
        } else {
            self.0 / parts as i64
        })
    }

    /// Twice as long, `times` times over, but never more than `most`.
    pub fn doubled(self, times: u32, most: Span) -> Span {
        let factor = 1_i64.checked_shl(times.min(32)).unwrap_or(i64::MAX);
        Span(self.0.saturating_mul(factor).min(most.0))
    }
}

/// The clock: real in the binary, virtual in tests and in the simulator.
#[async_trait]
pub trait Clock: Send + Sync {
    /// The present moment.
    fn now(&self) -> Timestamp;

    /// Returns when so much time has passed on this clock.
    async fn sleep(&self, span: Span);
}

/// The source of randomness: the system's in the binary, seeded in tests.
pub trait Entropy: Send + Sync {
    /// Sixteen random bytes.
    fn bytes(&self) -> [u8; 16];
}

//! A moment as payers read it: the time of day in Beijing, for browsers whose
//! script does not replace it with their own.

use super::text::Text;
use cashier::snapshot::rfc3339;
use cashier::time::Timestamp;
use chrono::{DateTime, FixedOffset};

/// China's one time zone, in seconds east of UTC.
const BEIJING: i32 = 8 * 3600;

/// A moment.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Moment {
    /// RFC 3339, UTC.
    pub(super) iso: String,
    /// For people.
    pub(super) clock: String,
}

impl Moment {
    /// A time of day, with the day where it is not today.
    pub(super) fn of(at: Timestamp, now: Timestamp, text: &Text) -> Moment {
        let same_day = day(at) == day(now);
        Moment::written(at, if same_day { "%H:%M" } else { "%m-%d %H:%M" }, text)
    }

    /// A time of day with its seconds, for what is near.
    pub(super) fn near(at: Timestamp, text: &Text) -> Moment {
        Moment::written(at, "%H:%M:%S", text)
    }

    fn written(at: Timestamp, pattern: &str, text: &Text) -> Moment {
        let time = in_beijing(at)
            .map(|time| time.format(pattern).to_string())
            .unwrap_or_default();
        Moment {
            iso: rfc3339(at),
            clock: time + text.time_zone,
        }
    }
}

fn in_beijing(at: Timestamp) -> Option<DateTime<FixedOffset>> {
    let zone = FixedOffset::east_opt(BEIJING)?;
    Some(DateTime::from_timestamp_millis(at.millis())?.with_timezone(&zone))
}

fn day(at: Timestamp) -> Option<chrono::NaiveDate> {
    in_beijing(at).map(|time| time.date_naive())
}

#[cfg(test)]
mod tests {
    use super::super::language::Language;
    use super::*;

    #[test]
    fn a_moment_is_read_in_beijing() {
        // 2026-01-01T15:30:05Z is 23:30:05 in Beijing; an hour later is the next day there.
        let at = Timestamp::from_millis(1_767_281_405_000);
        let later = Timestamp::from_millis(1_767_285_005_000);
        let english = Text::of(Language::English);
        assert_eq!(Moment::of(at, at, english).clock, "23:30 Beijing time");
        assert_eq!(
            Moment::of(later, at, english).clock,
            "01-02 00:30 Beijing time"
        );
        assert_eq!(Moment::near(at, english).clock, "23:30:05 Beijing time");
        assert_eq!(Moment::of(at, at, english).iso, "2026-01-01T15:30:05.000Z");
    }
}

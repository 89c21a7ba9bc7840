//! Times as Alipay writes them: `yyyy-MM-dd HH:mm:ss` in GMT+8, and relative timeouts.

use chrono::{DateTime, Days, FixedOffset, NaiveDateTime, NaiveTime, TimeDelta, Utc};

use crate::ledger::beijing;

/// `2024-07-24 03:10:00`
pub(super) fn text(moment: DateTime<Utc>) -> String {
    beijing(moment).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// `2024-07-24 03:10:00.123`, the form of `gmt_refund`.
pub(super) fn text_with_millis(moment: DateTime<Utc>) -> String {
    beijing(moment).format("%Y-%m-%d %H:%M:%S%.3f").to_string()
}

/// A moment in GMT+8; without seconds in the older form.
pub(super) fn parse(text: &str) -> Option<DateTime<Utc>> {
    let naive = NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M:%S")
        .or_else(|_| NaiveDateTime::parse_from_str(text, "%Y-%m-%d %H:%M"))
        .ok()?;
    let zone = FixedOffset::east_opt(8 * 3600)?;
    Some(naive.and_local_timezone(zone).single()?.with_timezone(&Utc))
}

/// The seconds of `90m`, `2h`, `15d` (from 1 minute to 15 days), or of `1c`: until the coming
/// midnight in GMT+8, counted from `now`.
pub(super) fn timeout(text: &str, now: DateTime<Utc>) -> Option<i64> {
    if text == "1c" {
        let local = beijing(now).naive_local();
        let midnight = local
            .date()
            .checked_add_days(Days::new(1))?
            .and_time(NaiveTime::MIN);
        return Some((midnight - local).num_seconds());
    }
    let unit = text.chars().last()?;
    let count: i64 = text.strip_suffix(unit)?.parse().ok()?;
    let seconds = match unit {
        'm' => count.checked_mul(60)?,
        'h' => count.checked_mul(3600)?,
        'd' => count.checked_mul(86_400)?,
        _ => return None,
    };
    (60..=15 * 86_400).contains(&seconds).then_some(seconds)
}

/// `now` plus some seconds.
pub(super) fn after(now: DateTime<Utc>, seconds: i64) -> DateTime<Utc> {
    now.checked_add_signed(TimeDelta::seconds(seconds))
        .unwrap_or(DateTime::<Utc>::MAX_UTC)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_are_in_beijing_time() {
        let moment = parse("2024-07-24 03:10:00").unwrap();
        assert_eq!(moment.to_rfc3339(), "2024-07-23T19:10:00+00:00");
        assert_eq!(text(moment), "2024-07-24 03:10:00");
        assert_eq!(text_with_millis(moment), "2024-07-24 03:10:00.000");
        assert_eq!(parse("2024-07-24 03:10"), Some(moment));
        assert_eq!(parse("2024-07-24T03:10:00Z"), None);
    }

    #[test]
    fn timeouts_are_minutes_hours_days_or_the_end_of_the_day() {
        let noon = parse("2024-07-24 12:00:00").unwrap();
        assert_eq!(timeout("90m", noon), Some(5400));
        assert_eq!(timeout("15d", noon), Some(1_296_000));
        assert_eq!(timeout("1c", noon), Some(12 * 3600));
        for text in ["", "m", "0m", "1.5h", "16d", "90", "90s", "-5m"] {
            assert_eq!(timeout(text, noon), None, "{text}");
        }
    }
}

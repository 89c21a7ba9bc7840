//! This machine's clock beside the channel's.

use super::Finding;
use cashier::time::Timestamp;
use chrono::DateTime;

/// Beyond this many seconds a person is warned.
const WARNS: u64 = 60;
/// Beyond this many seconds channels refuse what is signed.
const WRONG: u64 = 300;

/// What is wrong with the clock by a channel's `Date` header. `None` also when the header
/// is no date.
pub fn drift(now: Timestamp, date: &str) -> Option<Finding> {
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.timestamp_millis();
    let seconds = now.millis().abs_diff(theirs) / 1000;
    let side = if now.millis() < theirs {
        "behind"
    } else {
        "ahead of"
    };
    let text = format!(
        "this machine's clock is {seconds} seconds {side} the channel's: let NTP set it \
         (`timedatectl set-ntp true`)"
    );
    match seconds {
        _ if seconds > WRONG => Some(Finding::wrong(text)),
        _ if seconds > WARNS => Some(Finding::warning(text)),
        _ => None,
    }
}

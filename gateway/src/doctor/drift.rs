//! This machine's clock beside the channel's.

use cashier::time::Timestamp;
use chrono::DateTime;

/// Beyond this many seconds a person is warned.
const WARNS: u64 = 60;
/// Beyond this many seconds channels refuse what is signed.
const WRONG: u64 = 300;

/// What is wrong with the clock by a channel's `Date` header; `true` if that stops
/// payments, `false` if it is only a warning. `None` also when the header is no date.
pub fn drift(now: Timestamp, date: &str) -> Option<(bool, String)> {
    let theirs = DateTime::parse_from_rfc2822(date).ok()?.timestamp_millis();
    let seconds = now.millis().abs_diff(theirs) / 1000;
    (seconds > WARNS).then(|| {
        let text = format!(
            "this machine's clock is {seconds} seconds off the channel's: let NTP set it \
             (`timedatectl set-ntp true`)"
        );
        (seconds > WRONG, text)
    })
}

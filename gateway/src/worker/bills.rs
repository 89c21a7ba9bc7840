//! The channels' daily bills: each account's, of each of the last days, once. They are
//! made by ten in the morning of the next day (both channels' documents), Chinese time.

use super::Stop;
use super::health::Health;
use crate::bill::{self, Trouble};
use crate::config;
use crate::shared::Shared;
use crate::telemetry::metrics::{BILLS, FOREIGN_BILL_ROWS};
use cashier::id::AccountId;
use cashier::store::StoreError;
use cashier::time::{Day, Span, Timestamp};
use std::sync::Arc;
use std::time::Duration;

/// The pause between two looks.
const PAUSE: Duration = Duration::from_secs(1200);

/// How long after the end of a day its bill is asked for.
const READY: Span = Span::minutes(10 * 60 + 15);

/// Takes bills until asked to stop.
pub(super) async fn run(shared: Arc<Shared>, settings: config::Bills, mut stop: Stop) {
    let mut health = Health::new("bills");
    let mut pause = Duration::from_secs(60);
    while settings.days_back > 0 && stop.pause(pause).await {
        let goes_on = || !stop.is_asked();
        pause = match look(&shared, settings.days_back, goes_on).await {
            Ok(()) => {
                health.well();
                PAUSE
            }
            Err(error) => health.ill(&error),
        };
    }
}

/// Takes every account's bills of the last `days_back` days that are there by now and were
/// not taken yet, one after the other, for as long as `goes_on` says so.
///
/// # Errors
/// [`StoreError`] when the database does not answer; the rest is taken at the next look.
pub async fn look(
    shared: &Shared,
    days_back: u32,
    goes_on: impl Fn() -> bool,
) -> Result<(), StoreError> {
    let days = days(shared.clock.now(), days_back);
    let taken = shared.directory.taken_bills(&days).await?;
    for account in shared.registry.accounts_with_bills() {
        for day in &days {
            let key = (account.clone(), day.to_string());
            if !taken.contains(&key) && goes_on() {
                let is_late = Some(day) != days.first();
                take(shared, &account, *day, is_late).await?;
            }
        }
    }
    Ok(())
}

/// The days whose bills are there by now, the latest first.
fn days(now: Timestamp, back: u32) -> Vec<Day> {
    let last = Day::of(now.minus(READY)).and_then(Day::before);
    let most = usize::try_from(back).unwrap_or(usize::MAX);
    std::iter::successors(last, |day| day.before())
        .take(most)
        .collect()
}

/// Takes one bill. What is wrong with it is told, and tried again at the next look.
async fn take(
    shared: &Shared,
    account: &AccountId,
    day: Day,
    is_late: bool,
) -> Result<(), StoreError> {
    let outcome = match bill::take_and_record(shared, account, day).await {
        Ok(Some(bill::Said {
            rows,
            news,
            foreign,
        })) => {
            tracing::info!(account.id = %account, bill.day = %day, bill.rows = rows, bill.news = news, bill.foreign = foreign, "a bill was taken");
            let account = account.as_str().to_owned();
            metrics::counter!(FOREIGN_BILL_ROWS, "account" => account).increment(foreign);
            "taken"
        }
        Ok(None) => "none",
        Err(Trouble::Store(error)) => return Err(error),
        Err(trouble) => {
            tracing::warn!(account.id = %account, bill.day = %day, %trouble, "a bill was not taken, and will be tried again");
            bill::report(shared, account, day, &trouble, is_late).await?;
            "trouble"
        }
    };
    let account = account.as_str().to_owned();
    metrics::counter!(BILLS, "account" => account, "outcome" => outcome).increment(1);
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_day_is_asked_for_once_its_bill_is_made_by_chinese_clocks() {
        let at = |text: &str| {
            let moment = chrono::DateTime::parse_from_rfc3339(text).unwrap();
            Timestamp::from_millis(moment.timestamp_millis())
        };
        let asked = |text: &str| -> Vec<String> {
            let days = days(at(text), 2);
            days.iter().map(Day::to_string).collect()
        };
        assert_eq!(
            asked("2026-11-25T10:14:59+08:00"),
            ["2026-11-23", "2026-11-22"]
        );
        assert_eq!(
            asked("2026-11-25T10:15:00+08:00"),
            ["2026-11-24", "2026-11-23"]
        );
        assert!(days(at("2026-11-25T10:15:00+08:00"), 0).is_empty());
    }
}

//! A day of a hundred thousand trades needs no more memory than a quiet one, at each
//! channel. What the whole process ever held is measured, so that this is a program of
//! its own with one test: nothing else may run in it.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails its test by a panic"
)]

mod alipay;
mod served;
mod wechat;
mod wechat_v2;

use async_trait::async_trait;
use cashier::channel::{BillRow, Bills, Outcome};
use cashier::time::{Clock, Day, Entropy, Span, Timestamp};
use served::Served;
use std::fs::File;

/// 2024-07-25 12:00 in China; the bill is of the day before.
const NOW: Timestamp = Timestamp::from_millis(1_721_880_000_000);

/// How much more a busy day may need than a quiet one, in bytes: its sheet alone has
/// more than twelve million, at each channel.
const MORE: u64 = 2_000_000;

struct Stopped;

#[async_trait]
impl Clock for Stopped {
    fn now(&self) -> Timestamp {
        NOW
    }

    async fn sleep(&self, _: Span) {}
}

struct Always;

impl Entropy for Always {
    fn bytes(&self) -> [u8; 16] {
        [7; 16]
    }
}

/// One channel: makes a day's bill of so many trades, one fen each, and the adapter
/// that fetches it from where it is served.
trait At {
    const NAME: &'static str;

    fn bill(trades: u32) -> Made;

    fn answers(url: &str, made: Made) -> Vec<Served>;

    fn adapter(url: &str) -> impl Bills;
}

/// A bill as it is downloaded.
struct Made {
    file: File,
    /// The SHA-1 of its text, where the channel tells one.
    hash: String,
    /// How long its text is, in bytes.
    length: u64,
}

/// Measured in bytes more than for a hundred (Linux, x86-64, not optimised): in this order,
/// three times, Alipay 440,000 to 750,000, WeChat Pay 160,000 to 270,000 under APIv3 and 50,000
/// to 70,000 under APIv2; each alone in the process, once, 580,000, 680,000 and 710,000. The
/// process never held more than 17,300,000 bytes, of which it held 13,400,000 to 16,200,000
/// after the first quiet day.
#[tokio::test]
async fn a_hundred_thousand_trades_need_no_more_memory_than_a_hundred() {
    measured::<alipay::Day>().await;
    measured::<wechat::Day>().await;
    measured::<wechat_v2::Day>().await;
}

/// The most that was ever held only grows, so that the first channels' rest may hide as
/// much of the last one's; three times [`MORE`] is still less than one sheet.
async fn measured<C: At>() {
    assert_eq!(received::<C>(100).await, 100, "{}", C::NAME);
    let before = most_memory();
    assert_eq!(received::<C>(100_000).await, 100_000, "{}", C::NAME);
    let grown = most_memory() - before;
    assert!(
        grown < MORE,
        "{}: {grown} bytes more than for a hundred",
        C::NAME
    );
}

/// How many payments a day of so many trades is read as.
async fn received<C: At>(trades: u32) -> usize {
    let made = C::bill(trades);
    if trades >= 100_000 {
        assert!(made.length > 12_000_000, "{}", C::NAME);
    }
    let url = served::serve(|url| C::answers(url, made)).await;
    let outcome = C::adapter(&url)
        .bill(Day::of(NOW).unwrap().before().unwrap())
        .await;
    let bill = match outcome {
        Outcome::Done(Some(bill)) => bill,
        Outcome::Unknown(cause) | Outcome::NotSent(cause) => panic!("{}: {cause:?}", C::NAME),
        Outcome::Done(None) | Outcome::Refused(_) => panic!("{}: no bill", C::NAME),
    };
    bill.map(Result::unwrap)
        .filter(|row| matches!(row, BillRow::Paid { .. }))
        .count()
}

/// The most memory that this process ever held, in bytes.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status
        .lines()
        .find(|line| line.starts_with("VmHWM:"))
        .unwrap();
    let kilobytes: u64 = line.split_whitespace().nth(1).unwrap().parse().unwrap();
    kilobytes * 1024
}

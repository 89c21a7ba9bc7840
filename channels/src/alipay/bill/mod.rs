//! A day's bill (对账单, alipay.data.dataservice.bill.downloadurl.query, `trade`): its
//! address is asked for, the archive goes into a temporary file, and what is in it is
//! read to its end before its first row is given.
//!
//! Nobody signs a bill. What vouches for it is the signed answer that names its
//! address; the connection, which is always TLS except to a sandbox at the gateway's
//! own address; and its own totals, account and day. What differs anywhere is refused
//! whole.

mod archive;
mod detail;
#[cfg(fuzzing)]
#[expect(clippy::expect_used, reason = "a broken promise is a panic")]
pub(super) mod fuzz;
mod lines;
mod summary;

use super::client::{Addresses, Client, Said, lost};
use super::codes::{Call, Meaning};
use super::wire::{BillAddress, BillOf};
use crate::http::Lost;
use cashier::channel::{Bill, BillFault, BillRow, Cause, CauseKind, Outcome};
use cashier::time::{Day, Span};
use detail::Details;
use reqwest::{Method, Url};
use std::fs::File;
use std::io::{Seek, SeekFrom};
use std::time::Duration;

/// The largest archive: far above a day of millions of trades.
const ARCHIVE_LIMIT: u64 = 128 * 1024 * 1024;

/// How long a download may take.
const DOWNLOAD: Duration = Duration::from_secs(300);

/// What a bill must be of.
#[derive(Clone, Debug)]
struct Expected {
    /// The account, as bills write it: the seller's number and 0156.
    account: String,
    /// The day, as its lines write it: where it begins, and the next one.
    from: String,
    to: String,
}

/// What a bill says, or its rows together say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Totals {
    paid: Side,
    refunded: Side,
}

/// One half of it. Refunds are negative.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Side {
    count: u64,
    /// 订单金额, in fen.
    ordered: i64,
    /// 商家实收, in fen.
    received: i64,
}

/// A bill that was found whole.
struct Checked(Details);

pub(super) async fn bill(client: &Client, day: Day) -> Outcome<Option<Bill>> {
    let date = day.to_string();
    let content = BillOf {
        bill_type: "trade",
        bill_date: &date,
    };
    let asked = client
        .ask(Call::Bill, &content, None, Addresses::default())
        .await;
    let address = match asked {
        Ok(Said::Yes(BillAddress { bill_download_url })) => bill_download_url,
        Ok(Said::No(no)) if no.meaning == Meaning::NotFound => return Outcome::Done(None),
        Ok(Said::No(no)) => return no.into_outcome(),
        Err(lost) => return lost.into(),
    };
    let archive = match download(client, &address).await {
        Ok(archive) => archive,
        Err(lost) => return lost.into(),
    };
    let Some(expected) = Expected::new(&client.account().seller_id, day) else {
        return unusable("the day is outside of the calendar");
    };
    match tokio::task::spawn_blocking(move || checked(archive, &expected)).await {
        Ok(Ok(checked)) => Outcome::Done(Some(Box::new(checked))),
        Ok(Err(why)) => unusable(&why),
        Err(_) => unusable("reading it was broken off"),
    }
}

/// Saves the archive. Its address is good for half a minute, and is a secret for so
/// long.
async fn download(client: &Client, address: &str) -> Result<File, Lost> {
    let url = trusted(address, &client.account().gateway)
        .ok_or_else(|| lost(CauseKind::Mismatch, "the bill's address is not Alipay's"))?;
    let unsaved = |error: std::io::Error| {
        lost(
            CauseKind::Unreadable,
            &format!("no temporary file: {error}"),
        )
    };
    let mut file = tempfile::tempfile().map_err(unsaved)?;
    let request = client.http().request(Method::GET, url).timeout(DOWNLOAD);
    let status = client
        .http()
        .save(request, &mut file, ARCHIVE_LIMIT)
        .await?;
    if status != 200 {
        let detail = format!("HTTP {status} for the bill");
        return Err(lost(CauseKind::ChannelError, &detail));
    }
    file.seek(SeekFrom::Start(0)).map_err(unsaved)?;
    Ok(file)
}

/// The address as it is called: Alipay's own hosts by TLS, whatever scheme the answer
/// names; another host only if it is the gateway itself.
fn trusted(address: &str, gateway: &Url) -> Option<Url> {
    let mut url = Url::parse(address).ok()?;
    if !url.username().is_empty() || url.password().is_some() {
        return None;
    }
    if url.origin() == gateway.origin() {
        return Some(url);
    }
    let host = url.host_str()?;
    let is_alipays = host.ends_with(".alipay.com") || host.ends_with(".alipaydev.com");
    if !is_alipays || url.port().is_some() || !matches!(url.scheme(), "http" | "https") {
        return None;
    }
    url.set_scheme("https").ok()?;
    Some(url)
}

/// Unpacks a bill and reads it to its end; then it can be read again.
fn checked(archive: File, expected: &Expected) -> Result<Checked, String> {
    let files = archive::unpack(archive)?;
    let mut details = Details::open(files.detail, expected)?;
    let mut counted = Totals::default();
    while let Some(row) = details.next_row()? {
        counted.add(&row)?;
    }
    let said = details.foot()?;
    said.agrees_with(&counted)?;
    summary::check(files.summary, expected, &counted)?;
    Ok(Checked(details.again()?))
}

impl Iterator for Checked {
    type Item = Result<BillRow, BillFault>;

    fn next(&mut self) -> Option<Self::Item> {
        let next = self.0.next_row().map(|row| row.map(|row| row.said));
        next.map_err(|why| BillFault(crate::redact::words(&why)))
            .transpose()
    }
}

impl Expected {
    fn new(seller: &str, day: Day) -> Option<Expected> {
        let next = Day::of(day.begins().plus(Span::seconds(24 * 3600)))?;
        Some(Expected {
            account: format!("[{seller}0156]"),
            from: midnight(day)?,
            to: midnight(next)?,
        })
    }

    /// Whether a line names the account.
    fn is_account(&self, line: &str) -> bool {
        line.starts_with("#账号") && line.ends_with(&self.account)
    }

    /// Whether a line names the day and nothing else.
    fn is_period(&self, line: &str) -> bool {
        let from = line.find(&self.from);
        let to = line.rfind(&self.to);
        line.starts_with("#起始日期") && from.is_some() && from < to
    }
}

/// `[yyyy年MM月dd日 00:00:00]`.
fn midnight(day: Day) -> Option<String> {
    let date = day.to_string();
    let mut parts = date.splitn(3, '-');
    let (year, month, day) = (parts.next()?, parts.next()?, parts.next()?);
    Some(format!("[{year}年{month}月{day}日 00:00:00]"))
}

impl Totals {
    fn add(&mut self, row: &detail::Row) -> Result<(), String> {
        let side = match row.said {
            BillRow::Paid { .. } => &mut self.paid,
            BillRow::Refunded { .. } => &mut self.refunded,
        };
        let sum = |one: i64, other: i64| one.checked_add(other).ok_or("its sums are too large");
        side.count += 1;
        side.ordered = sum(side.ordered, row.ordered)?;
        side.received = sum(side.received, row.received)?;
        Ok(())
    }
}

fn unusable<T>(why: &str) -> Outcome<T> {
    Outcome::Unknown(Cause {
        kind: CauseKind::Unreadable,
        detail: crate::redact::words(&format!("the bill is refused whole: {why}")),
    })
}

#[cfg(test)]
mod tests;

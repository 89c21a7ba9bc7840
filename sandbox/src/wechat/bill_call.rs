//! `GET /v3/bill/tradebill` and the download that it leads to. The file has no signature: its hash,
//! over the file before it was compressed, was told in the signed answer.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use actix_web::web::Bytes;
use chrono::{DateTime, NaiveDate, TimeDelta, Utc};
use flate2::{Compress, Compression, FlushCompress};
use serde_json::json;

use super::bill::{Bill, BillKind, BillOf, NoBill, change_a_total, compressed};
use super::call::{Call, Reply};
use super::problem::{Location, Problem};
use super::token::token;
use super::whose::Whose;
use crate::faults::Fault;

/// How long a `download_url` can be used.
const LIFE: TimeDelta = TimeDelta::minutes(5);

/// How many are remembered.
const REMEMBERED: usize = 1_000;

/// The beginning of a gzip without a name or a time.
const GZIP: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The bills that can be downloaded now.
#[derive(Debug, Default)]
pub struct Tickets {
    open: Mutex<BTreeMap<String, Ticket>>,
}

#[derive(Debug, Clone)]
struct Ticket {
    mchid: String,
    bill: Arc<Bill>,
    gzip: bool,
    until: DateTime<Utc>,
}

impl Tickets {
    fn open(&self, token: String, ticket: Ticket, now: DateTime<Utc>) {
        let mut open = self.lock();
        open.retain(|_, ticket| now < ticket.until);
        if open.len() >= REMEMBERED {
            open.pop_first();
        }
        open.insert(token, ticket);
    }

    fn find(&self, token: &str, mchid: &str, now: DateTime<Utc>) -> Option<Ticket> {
        let open = self.lock();
        let ticket = open.get(token)?;
        (ticket.mchid == mchid && now < ticket.until).then(|| ticket.clone())
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Ticket>> {
        self.open.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Where the bill of a day can be downloaded, and its hash.
///
/// # Errors
/// 400 `PARAM_ERROR` for the query, 403 `NO_AUTH`, 400 `NO_STATEMENT_EXIST` (no trade that day, or
/// it is not over), `STATEMENT_CREATING` (yesterday's before 10:00).
pub fn ask(call: &Call<'_>) -> Result<Reply, Problem> {
    let mut query = call.query();
    let day = day(query.remove("bill_date"))?;
    let kind = query.remove("bill_type");
    let kind = BillKind::parse(kind.as_deref().unwrap_or("ALL")).ok_or_else(|| {
        let issue =
            "取值应为 ALL | SUCCESS | REFUND | RECHARGE_REFUND（*_SPECIAL are not simulated）";
        Problem::field("bill_type", Location::Url, issue)
    })?;
    let gzip = match query.remove("tar_type").as_deref() {
        None => false,
        Some("GZIP") => true,
        Some(_) => return Err(Problem::field("tar_type", Location::Url, "取值应为 GZIP")),
    };
    let whose = Whose::of(call, query.remove("sub_mchid"))?;
    if let Some(name) = query.keys().next() {
        return Err(Problem::field(
            name,
            Location::Url,
            "参数中含有非法的额外参数",
        ));
    }
    let of = BillOf {
        mchid: call.mchid().to_owned(),
        sub_mchid: whose.sub_mchid,
        day,
        kind,
    };
    let unsaved = call.sandbox.wechat();
    let (bill, now) = call.sandbox.with_world(|world, now| {
        let bill = unsaved.bills.bill(&of, &world.ledger, now, call.fault);
        bill.map(|bill| (bill, now)).map_err(|none| match none {
            NoBill::Nothing => Problem::no_statement_exist(),
            NoBill::Creating => Problem::statement_creating(),
        })
    })?;
    let token = token::<32>()?;
    let sha1 = match call.fault {
        Some(Fault::WrongHash) => bill.sha1.chars().rev().collect(),
        _ => bill.sha1.clone(),
    };
    let ticket = Ticket {
        mchid: of.mchid,
        bill,
        gzip,
        until: now + LIFE,
    };
    unsaved.tickets.open(token.clone(), ticket, now);
    let url = call.sandbox.public_url();
    Ok(Reply::Json(json!({
        "hash_type": "SHA1",
        "hash_value": sha1,
        "download_url": format!("{url}/v3/billdownload/file?token={token}"),
    })))
}

fn day(text: Option<String>) -> Result<NaiveDate, Problem> {
    let text = text.unwrap_or_default();
    let shape = text.len() == 10;
    NaiveDate::parse_from_str(&text, "%Y-%m-%d")
        .ok()
        .filter(|_| shape)
        .ok_or_else(|| Problem::field("bill_date", Location::Url, "应为yyyy-MM-dd"))
}

/// The file.
///
/// # Errors
/// 400 `PARAM_ERROR` for a token that is unknown, another merchant's, or older than five minutes.
pub fn download(call: &Call<'_>) -> Result<Reply, Problem> {
    let token = call.query().remove("token").unwrap_or_default();
    let now = call.sandbox.clock().now();
    let ticket = call
        .sandbox
        .wechat()
        .tickets
        .find(&token, call.mchid(), now)
        .ok_or_else(|| {
            Problem::field("token", Location::Url, "token无效或已过期，请重新申请账单")
        })?;
    let csv = match call.fault {
        Some(Fault::WrongAmount) => another_total(&ticket.bill.csv),
        _ => ticket.bill.csv.clone(),
    };
    let file = match (ticket.gzip, call.fault) {
        (_, Some(Fault::ZipBomb)) => bomb(),
        (false, _) => csv,
        (true, Some(Fault::WrongAmount)) => compressed(&csv),
        (true, _) => ticket.bill.gzip(),
    };
    let length = match call.fault {
        Some(Fault::Cut) => file.len() / 2,
        _ => file.len(),
    };
    Ok(Reply::File(file.slice(..length)))
}

/// The file with another last digit: a total, which the hash no longer fits.
fn another_total(csv: &Bytes) -> Bytes {
    let mut bytes = csv.to_vec();
    change_a_total(&mut bytes);
    bytes.into()
}

/// A gzip of about 2 MB that becomes 2 GiB of zeros: one block, which repeats.
pub fn bomb() -> Bytes {
    let zeros = vec![0; 1 << 20];
    let mut block = Vec::with_capacity(1 << 16);
    let mut compress = Compress::new(Compression::best(), false);
    if let Err(error) = compress.compress_vec(&zeros, &mut block, FlushCompress::Full) {
        tracing::error!(%error, "a zip bomb could not be made");
    }
    let mut bomb = GZIP.to_vec();
    for _ in 0..2048 {
        bomb.extend_from_slice(&block);
    }
    // The last block, which is empty, and a checksum that nobody should ever reach.
    bomb.extend_from_slice(&[3, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
    bomb.into()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Read as _;

    #[test]
    fn the_bomb_is_small_and_becomes_far_more_than_anybody_should_read() {
        let bomb = bomb();
        assert!(bomb.len() < 4 << 20, "{}", bomb.len());
        let mut zeros = Vec::new();
        let decoder = flate2::read::GzDecoder::new(&bomb[..]);
        decoder.take(8 << 20).read_to_end(&mut zeros).unwrap();
        assert!(zeros.len() == 8 << 20 && zeros.iter().all(|byte| *byte == 0));
    }
}

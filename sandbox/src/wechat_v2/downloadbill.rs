//! `POST /pay/downloadbill`: the trade bill of a day, as text or its gzip. A failure is XML, in
//! English, unsigned, with an `error_code`.

use std::io::Write as _;

use chrono::{DateTime, Days, NaiveDate, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::bill::{BillType, bill};
use super::call::{Call, Reply};
use super::refusal::Refusal;
use crate::ledger::{Channel, Trade, beijing};

/// The hour in Beijing at which yesterday's bill is there.
const READY_AT: u32 = 10;

/// How many days back bills are kept: three months.
const KEPT: Days = Days::new(92);

/// Makes the bill.
///
/// # Errors
/// `missing parameter`, `data format error`, `invalid bill_type`, `No Bill Exist`,
/// `Bill Creating`.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let request = call.request();
    let day = request.required("bill_date", 8)?;
    let day = NaiveDate::parse_from_str(&day, "%Y%m%d")
        .map_err(|_| Refusal::transport("data format error"))?;
    let bill_type = BillType::named(request.given("bill_type"))
        .ok_or_else(|| Refusal::transport("invalid bill_type"))?;
    let zipped = request.choice("tar_type", &["GZIP"])?.is_some();
    let text = call.sandbox.with_world(|world, now| {
        check_day(day, now)?;
        let ours = |trade: &Trade| {
            let key = &trade.order.key;
            key.channel == Channel::Wechat
                && key.account == call.mch_id()
                && (call.sub.is_none() || call.owns(trade))
        };
        bill(&world.ledger, day, bill_type, ours).ok_or_else(|| Refusal::transport("No Bill Exist"))
    })?;
    Ok(Reply::File(if zipped {
        zip(&text).map_err(|_| Refusal::transport("CompressGZip Error"))?
    } else {
        text.into_bytes()
    }))
}

/// A day's bill is there from ten in the morning of the next day on, for three months.
fn check_day(day: NaiveDate, now: DateTime<Utc>) -> Result<(), Refusal> {
    let now = beijing(now);
    let today = now.date_naive();
    let yesterday = today.pred_opt();
    let early = Some(day) == yesterday && chrono::Timelike::hour(&now) < READY_AT;
    let oldest = today.checked_sub_days(KEPT);
    if early {
        return Err(Refusal::transport("Bill Creating"));
    }
    if day >= today || oldest.is_some_and(|oldest| day < oldest) {
        return Err(Refusal::transport("No Bill Exist"));
    }
    Ok(())
}

fn zip(text: &str) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(text.as_bytes())?;
    encoder.finish()
}

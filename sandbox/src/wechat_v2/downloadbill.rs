//! `POST /pay/downloadbill`: the trade bill of a day, as text or its gzip. A failure is XML, in
//! English, unsigned, with an `error_code`.

use actix_web::web::Bytes;
use chrono::NaiveDate;

use super::call::{Call, Reply};
use super::refusal::Refusal;
use crate::faults::Fault;
use crate::wechat::bill::{BillKind, BillOf, NoBill};

/// Makes the bill, or gives the one that was made.
///
/// # Errors
/// `missing parameter`, `data format error`, `invalid bill_type`, `No Bill Exist`,
/// `Bill Creating`.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let request = call.request();
    let zipped = request.choice("tar_type", &["GZIP"])?.is_some();
    let kind = BillKind::parse(request.given("bill_type").unwrap_or("ALL"));
    let of = BillOf {
        mchid: call.mch_id().to_owned(),
        sub_mchid: call.sub.as_ref().map(|sub| sub.sub_mch_id.clone()),
        day: day(&request.required("bill_date", 8)?)?,
        kind: kind.ok_or_else(|| Refusal::transport("invalid bill_type"))?,
    };
    let bill = call.sandbox.with_world(|world, now| {
        let bills = &call.sandbox.wechat().bills;
        bills.bill(&of, &world.ledger, now, call.fault)
    });
    let bill = bill.map_err(|none| match none {
        NoBill::Nothing => Refusal::transport("No Bill Exist"),
        NoBill::Creating => Refusal::transport("Bill Creating"),
    })?;
    let file = if zipped {
        bill.gzip()
    } else {
        bill.csv.clone()
    };
    Ok(Reply::File(as_faulty(file, call.fault)))
}

fn day(text: &str) -> Result<NaiveDate, Refusal> {
    let digits = text.len() == 8 && text.bytes().all(|byte| byte.is_ascii_digit());
    NaiveDate::parse_from_str(text, "%Y%m%d")
        .ok()
        .filter(|_| digits)
        .ok_or_else(|| Refusal::transport("data format error"))
}

fn as_faulty(file: Bytes, fault: Option<Fault>) -> Bytes {
    match fault {
        Some(Fault::Cut) => file.slice(..file.len() / 2),
        Some(Fault::ZipBomb) => crate::wechat::bomb(),
        _ => file,
    }
}

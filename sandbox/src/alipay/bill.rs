//! Daily and monthly bills, made from the ledger.
//!
//! `alipay.data.dataservice.bill.downloadurl.query` gives an address that is good for half a
//! minute; there lies a zip with a detail and a summary, both CSV in GBK. What a bill tells is past
//! and no longer changes, so it is written in portions while others go on: only what was not yet
//! written and the zip itself are in memory.

mod movement;
mod sheet;
mod zip;

use std::collections::BTreeMap;
use std::sync::Arc;

use actix_web::{HttpResponse, web};
use chrono::{DateTime, Months, NaiveDate, TimeDelta, Utc};
use serde::Deserialize;

use super::answer::Answer;
use super::call::Call;
use super::moment;
use crate::account::AlipayAccount;
use crate::faults::{self, Fault};
use crate::ledger::beijing;
use crate::server::Sandbox;
use crate::token::token;

/// How long an address is good.
const URL_LIFE: TimeDelta = TimeDelta::seconds(30);
/// What faults of the download are armed for.
const DOWNLOAD: &str = "alipay.bill_file";

/// Which bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// 业务账单: by trade.
    Trade,
    /// 账务账单: by movement of the balance.
    SignCustomer,
}

impl Kind {
    fn parse(text: &str) -> Option<Self> {
        match text {
            "trade" => Some(Self::Trade),
            "signcustomer" => Some(Self::SignCustomer),
            _ => None,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Trade => "trade",
            Self::SignCustomer => "signcustomer",
        }
    }
}

/// A bill that was asked for.
#[derive(Debug, Clone)]
pub(super) struct Bill {
    account: Arc<AlipayAccount>,
    seller_id: String,
    kind: Kind,
    /// `20240724` or `202407`.
    date: String,
    begin: DateTime<Utc>,
    end: DateTime<Utc>,
}

impl Bill {
    /// The account as bills write it.
    fn payee(&self) -> String {
        format!("{}0156", self.seller_id)
    }
}

/// The addresses that are good.
#[derive(Debug, Default)]
pub(super) struct Tickets {
    open: BTreeMap<String, (Bill, DateTime<Utc>)>,
}

/// The address of a bill.
pub(super) fn carry_out(sandbox: &Sandbox, call: &Call) -> Result<Answer, Answer> {
    let public_url = sandbox.public_url();
    sandbox.with_world(|world, now| {
        let bill = read(call, now)?;
        let empty = !movement::any(world, &bill);
        let token = token();
        let url = address(&public_url, &bill, &token, now);
        let open = &mut world.alipay.tickets.open;
        open.retain(|_, (_, until)| *until > now);
        open.insert(token, (bill, now + URL_LIFE));
        Ok(Answer::success().with("bill_download_url", url).with_some(
            "bill_file_code",
            empty.then_some("EMPTY_DATA_WITH_BILL_FILE"),
        ))
    })
}

fn read(call: &Call, now: DateTime<Utc>) -> Result<Bill, Answer> {
    let wrong = |why: &str| Answer::failed("INVAILID_ARGUMENTS", &format!("入参不合法：{why}"));
    let given = call.biz.text("bill_type", 32)?;
    let given = given.ok_or_else(|| wrong("bill_type 缺失"))?;
    let kind = Kind::parse(&given)
        .ok_or_else(|| Answer::failed("TYPE_NOT_SUPPORTED", "账单类型不支持"))?;
    let text = call.biz.text("bill_date", 15)?;
    let text = text.ok_or_else(|| wrong("bill_date 缺失"))?;
    let (first, after) =
        days(&text).ok_or_else(|| wrong("bill_date 的格式应为 yyyy-MM-dd 或 yyyy-MM"))?;
    if beijing(now).date_naive() < after {
        return Err(Answer::failed("BILL_NOT_EXIST", "账单不存在"));
    }
    let midnight = |day: NaiveDate| moment::parse(&format!("{day} 00:00:00"));
    let (Some(begin), Some(end)) = (midnight(first), midnight(after)) else {
        return Err(wrong("bill_date"));
    };
    Ok(Bill {
        account: call.account.clone(),
        seller_id: call.seller_id().to_owned(),
        kind,
        date: text.replace('-', ""),
        begin,
        end,
    })
}

/// The first day, and the one after the last.
fn days(text: &str) -> Option<(NaiveDate, NaiveDate)> {
    if let Ok(day) = NaiveDate::parse_from_str(text, "%Y-%m-%d") {
        return Some((day, day.succ_opt()?));
    }
    let first = NaiveDate::parse_from_str(&format!("{text}-01"), "%Y-%m-%d").ok()?;
    Some((first, first.checked_add_months(Months::new(1))?))
}

fn address(public_url: &str, bill: &Bill, token: &str, now: DateTime<Utc>) -> String {
    let (payee, kind) = (bill.payee(), bill.kind.name());
    let query = url::form_urlencoded::Serializer::new(String::new())
        .append_pair("bizType", kind)
        .append_pair("userId", &payee)
        .append_pair("fileType", "csv.zip")
        .append_pair("bizDates", &bill.date)
        .append_pair(
            "downloadFileName",
            &format!("{payee}_{}.csv.zip", bill.date),
        )
        .append_pair("fileId", &format!("/{kind}/{payee}/{}.csv.zip", bill.date))
        .append_pair("timestamp", &now.timestamp_millis().to_string())
        .append_pair("token", token)
        .finish();
    format!("{public_url}/downloadBillFile.resource?{query}")
}

#[derive(Deserialize)]
pub(super) struct Ticket {
    token: String,
}

/// `GET /downloadBillFile.resource`. Writing a bill takes a moment, so it happens beside the event
/// loop.
pub(super) async fn download(
    sandbox: web::Data<Sandbox>,
    ticket: web::Query<Ticket>,
) -> HttpResponse {
    let bill = sandbox.with_world(|world, now| {
        let (bill, until) = world.alipay.tickets.open.get(&ticket.token)?;
        (now < *until).then(|| bill.clone())
    });
    let Some(bill) = bill else {
        return HttpResponse::Forbidden()
            .content_type("text/html; charset=utf-8")
            .body("<html><body>下载链接无效或已过期</body></html>");
    };
    let fault = sandbox.faults().fire(DOWNLOAD, "");
    let changes = fault.map(|hit| hit.fault);
    let name = format!("{}_{}.csv.zip", bill.payee(), bill.date);
    let written = web::block(move || sheet::write(&sandbox, &bill, changes)).await;
    let Ok(Ok(file)) = written else {
        return HttpResponse::InternalServerError().finish();
    };
    faults::answer(fault, |fault| {
        let mut file = file;
        if fault == Some(Fault::Cut) {
            file.truncate(file.len() / 2);
        }
        HttpResponse::Ok()
            .content_type("application/zip")
            .insert_header((
                "content-disposition",
                format!("attachment; filename=\"{name}\""),
            ))
            .body(file)
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bill_is_for_a_day_or_a_month() {
        let day = |text: &str| NaiveDate::parse_from_str(text, "%Y-%m-%d").unwrap();
        assert_eq!(
            days("2024-02-29"),
            Some((day("2024-02-29"), day("2024-03-01")))
        );
        assert_eq!(
            days("2024-12"),
            Some((day("2024-12-01"), day("2025-01-01")))
        );
        for text in ["2023-02-29", "20240229", "2024", ""] {
            assert_eq!(days(text), None, "{text}");
        }
    }
}

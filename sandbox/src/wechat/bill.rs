//! The daily trade bill (交易账单), made from the ledger: UTF-8 with a BOM, CRLF, a header line, a
//! row for each payment and each refund of that day in Beijing time, each cell after a backtick,
//! and a summary. Amounts are in yuan.
//!
//! A bill is made once and kept: what was told of a day does not change afterwards.

mod kind;
pub(super) mod sheet;

use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use actix_web::web::Bytes;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike as _, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

use crate::faults::Fault;
use crate::ledger::{Ledger, beijing};
use sheet::{add_a_fen, entries, of_another, write};

pub use kind::BillKind;
pub use sheet::change_a_total;

/// The hour (Beijing time) from which yesterday's bill can be fetched.
const READY: u32 = 10;

/// How many days back a bill can be fetched.
const REACH: TimeDelta = TimeDelta::days(92);

/// How many bills are kept.
const KEPT: usize = 16;

/// Whose bill of which day.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct BillOf {
    /// The merchant, or the service provider with all its sub-merchants.
    pub mchid: String,
    /// One sub-merchant only.
    pub sub_mchid: Option<String>,
    /// The day in Beijing time.
    pub day: NaiveDate,
    /// Which rows.
    pub kind: BillKind,
}

/// Why there is no bill.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoBill {
    /// Nothing was traded, or the day is not over, or too long ago.
    Nothing,
    /// It is yesterday's, and too early in the morning.
    Creating,
}

/// One bill, as it is told.
#[derive(Debug)]
pub struct Bill {
    /// The file.
    pub csv: Bytes,
    /// SHA-1 of the file, lower-case hexadecimal.
    pub sha1: String,
    gzip: OnceLock<Bytes>,
}

impl Bill {
    fn new(csv: Vec<u8>) -> Self {
        Self {
            sha1: hex::encode(digest(&SHA1_FOR_LEGACY_USE_ONLY, &csv)),
            csv: csv.into(),
            gzip: OnceLock::new(),
        }
    }

    /// The file in a gzip.
    pub fn gzip(&self) -> Bytes {
        self.gzip.get_or_init(|| compressed(&self.csv)).clone()
    }
}

/// The gzip of a file.
pub fn compressed(file: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    // Writing into memory cannot fail.
    let _ = encoder.write_all(file);
    encoder.finish().unwrap_or_default().into()
}

/// The bills that were made lately.
#[derive(Debug, Default)]
pub struct Bills {
    made: Mutex<BTreeMap<BillOf, Arc<Bill>>>,
}

impl Bills {
    /// The bill, made from the ledger if it was not made before. `fault` falsifies one that is
    /// then not kept.
    ///
    /// # Errors
    /// [`NoBill`].
    pub fn bill(
        &self,
        of: &BillOf,
        ledger: &Ledger,
        now: DateTime<Utc>,
        fault: Option<Fault>,
    ) -> Result<Arc<Bill>, NoBill> {
        let local = beijing(now);
        let age = local.date_naive() - of.day;
        if age <= TimeDelta::zero() || age > REACH {
            return Err(NoBill::Nothing);
        }
        if age == TimeDelta::days(1) && local.hour() < READY {
            return Err(NoBill::Creating);
        }
        let falsified = matches!(
            fault,
            Some(Fault::WrongAmount | Fault::WrongSeller | Fault::WrongSums)
        );
        if let Some(bill) = self.lock().get(of)
            && !falsified
        {
            return Ok(bill.clone());
        }
        let mut entries = entries(ledger, of);
        if entries.is_empty() {
            return Err(NoBill::Nothing);
        }
        match fault {
            Some(Fault::WrongAmount) => add_a_fen(&mut entries),
            Some(Fault::WrongSeller) => of_another(&mut entries),
            _ => {}
        }
        let mut file = write(&entries, of.kind);
        if fault == Some(Fault::WrongSums) {
            change_a_total(&mut file);
        }
        let bill = Arc::new(Bill::new(file));
        if !falsified {
            let mut made = self.lock();
            if made.len() >= KEPT {
                made.pop_first();
            }
            made.insert(of.clone(), bill.clone());
        }
        Ok(bill)
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<BillOf, Arc<Bill>>> {
        self.made.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::sheet::tests::{at, trade};
    use super::*;

    #[test]
    fn a_day_of_100_000_trades_is_made_once_and_then_kept() {
        let mut ledger = Ledger::default();
        for number in 0..100_000 {
            let mut order = trade("").order;
            order.key.out_trade_no = format!("W{number:07}");
            ledger.open(&order, at("2019-02-19T08:00:00"));
            ledger.pay(&order.key, at("2019-02-19T08:00:01")).unwrap();
        }
        let of = BillOf {
            mchid: "1900009191".to_owned(),
            sub_mchid: None,
            day: NaiveDate::from_ymd_opt(2019, 2, 19).unwrap(),
            kind: BillKind::All,
        };
        let bills = Bills::default();
        let make = |now: &str| bills.bill(&of, &ledger, at(now), None);
        assert_eq!(make("2019-02-19T23:00:00").unwrap_err(), NoBill::Nothing);
        assert_eq!(make("2019-02-20T09:59:59").unwrap_err(), NoBill::Creating);
        assert_eq!(make("2019-06-20T10:00:00").unwrap_err(), NoBill::Nothing);
        let bill = make("2019-02-20T10:00:00").unwrap();
        let again = make("2019-02-21T00:00:00").unwrap();
        assert!(Arc::ptr_eq(&bill, &again));
        assert_eq!(
            bill.gzip().as_ref().as_ptr(),
            again.gzip().as_ref().as_ptr()
        );
        let text = std::str::from_utf8(&bill.csv).unwrap();
        assert_eq!(text.lines().count(), 100_003);
        assert!(text.ends_with("`100000,`88000.00,`0.00,`0.00,`1000.00000,`88000.00,`0.00\r\n"));
    }
}

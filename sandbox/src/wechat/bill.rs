//! The daily trade bill (交易账单), made from the ledger: UTF-8 with a BOM, CRLF, a header line, a
//! row for each payment and each refund of that day in Beijing time, each cell after a backtick,
//! and a summary. Amounts are in yuan.
//!
//! A bill is made once and kept: what was told of a day does not change afterwards.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::io::Write as _;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use actix_web::web::Bytes;
use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, digest};
use chrono::{DateTime, NaiveDate, TimeDelta, Timelike as _, Utc};
use flate2::Compression;
use flate2::write::GzEncoder;

use super::transaction::openid;
use crate::faults::Fault;
use crate::ledger::{Channel, Ledger, Refund, RefundState, Scan, Trade, beijing};

/// The hour (Beijing time) from which yesterday's bill can be fetched.
const READY: u32 = 10;

/// How many days back a bill can be fetched.
const REACH: TimeDelta = TimeDelta::days(92);

/// How many bills are kept.
const KEPT: usize = 16;

/// What the channel keeps of each payment.
const RATE: &str = "0.60%";

/// The first columns of every kind of bill.
const FIRST: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额";

/// What only a refund's own bill has.
const MOMENTS: &str = "退款申请时间,退款成功时间";

/// What the bills with refunds have.
const REFUND: &str = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";

const GOODS: &str = "商品名称,商户数据包,手续费,费率,订单金额";

const SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// Which rows and columns a bill has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BillKind {
    /// Payments and refunds.
    All,
    /// Payments.
    Success,
    /// Refunds and reversals.
    Refund,
    /// Refunds of recharge coupons, of which this sandbox has none.
    RechargeRefund,
}

impl BillKind {
    /// `bill_type`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ALL" => Self::All,
            "SUCCESS" => Self::Success,
            "REFUND" => Self::Refund,
            "RECHARGE_REFUND" => Self::RechargeRefund,
            _ => return None,
        })
    }

    fn header(self) -> String {
        match self {
            Self::All => format!("{FIRST},{REFUND},{GOODS},申请退款金额,费率备注"),
            Self::Success => format!("{FIRST},{GOODS},费率备注"),
            Self::Refund | Self::RechargeRefund => {
                format!("{FIRST},{MOMENTS},{REFUND},{GOODS},申请退款金额,费率备注")
            }
        }
    }

    fn has(self, entry: &Entry<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Success => entry.refund.is_none(),
            Self::Refund => entry.refund.is_some(),
            Self::RechargeRefund => false,
        }
    }
}

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

/// One row: a payment, or a refund of one.
struct Entry<'a> {
    at: DateTime<Utc>,
    trade: Cow<'a, Trade>,
    refund: Option<Cow<'a, Refund>>,
}

/// The rows of a bill, the earliest first.
fn entries<'a>(ledger: &'a Ledger, of: &BillOf) -> Vec<Entry<'a>> {
    let mut entries = Vec::new();
    let today = |moment: DateTime<Utc>| beijing(moment).date_naive() == of.day;
    for trade in ledger.trades().filter(|trade| is_theirs(trade, of)) {
        if let Some(at) = trade.paid_at.filter(|at| today(*at)) {
            entries.push(Entry {
                at,
                trade: Cow::Borrowed(trade),
                refund: None,
            });
        }
        let refunds = ledger.refunds_of(&trade.order.key);
        let refunds = refunds.filter(|refund| today(refund.created_at));
        entries.extend(refunds.map(|refund| Entry {
            at: refund.created_at,
            trade: Cow::Borrowed(trade),
            refund: Some(Cow::Borrowed(refund)),
        }));
    }
    entries.retain(|entry| of.kind.has(entry));
    entries.sort_by_key(|entry| entry.at);
    entries
}

fn is_theirs(trade: &Trade, of: &BillOf) -> bool {
    let key = &trade.order.key;
    let sub_mchid = trade.order.details.get("sub_mchid");
    key.channel == Channel::Wechat
        && key.account == of.mchid
        && (of.sub_mchid.is_none() || sub_mchid == of.sub_mchid.as_ref())
}

fn add_a_fen(entries: &mut [Entry<'_>]) {
    let Some(first) = entries.first_mut() else {
        return;
    };
    match &mut first.refund {
        Some(refund) => refund.to_mut().amount += 1,
        None => first.trade.to_mut().order.amount += 1,
    }
}

/// Another last digit: a total.
pub fn change_a_total(file: &mut [u8]) {
    if let Some(digit) = file.iter_mut().rev().find(|byte| byte.is_ascii_digit()) {
        *digit = if *digit == b'0' { b'1' } else { b'0' };
    }
}

fn of_another(entries: &mut [Entry<'_>]) {
    for entry in entries {
        "1900000000".clone_into(&mut entry.trade.to_mut().order.key.account);
    }
}

/// Sums of the summary, fen.
#[derive(Default)]
struct Sums {
    settled: i64,
    refunded: i64,
    fee: i64,
}

fn write(entries: &[Entry<'_>], kind: BillKind) -> Vec<u8> {
    let mut text = String::with_capacity(512 * (entries.len() + 2));
    let mut sums = Sums::default();
    text.push('\u{feff}');
    text.push_str(&kind.header());
    text.push_str("\r\n");
    for entry in entries {
        row(&mut text, entry, kind, &mut sums);
    }
    text.push_str(SUMMARY);
    text.push_str("\r\n");
    let (settled, refunded) = (yuan(sums.settled), yuan(sums.refunded));
    let totals = [
        &entries.len().to_string(),
        &settled,
        &refunded,
        "0.00",
        &fee_text(sums.fee),
        &settled,
        &refunded,
    ];
    line(&mut text, totals);
    text.into_bytes()
}

fn row(text: &mut String, entry: &Entry<'_>, kind: BillKind, sums: &mut Sums) {
    let (order, refund) = (&entry.trade.order, entry.refund.as_deref());
    let detail = |name: &str| order.details.get(name).map_or("", String::as_str);
    let paid = if refund.is_none() { order.amount } else { 0 };
    let returned = refund.map_or(0, |refund| refund.amount);
    let fee = fee(paid);
    sums.settled += paid;
    sums.refunded += returned;
    sums.fee += fee;
    let device = match detail("device_id") {
        "" => detail("device_info"),
        device => device,
    };
    let sub_mchid = match detail("sub_mchid") {
        "" => "0",
        sub_mchid => sub_mchid,
    };
    let (paid_text, returned_text) = (yuan(paid), yuan(returned));
    let mut cells = vec![
        Cow::from(clock(entry.at)),
        detail("appid").into(),
        order.key.account.as_str().into(),
        sub_mchid.into(),
        device.into(),
        entry.trade.trade_no.as_str().into(),
        order.key.out_trade_no.as_str().into(),
        openid(&entry.trade).into(),
        order.product.as_str().into(),
        state(entry).into(),
        "OTHERS".into(),
        "CNY".into(),
        paid_text.as_str().into(),
        "0.00".into(),
    ];
    if let (BillKind::Refund | BillKind::RechargeRefund, Some(refund)) = (kind, refund) {
        cells.push(clock(refund.created_at).into());
        cells.push(refund.succeeded_at.map(clock).unwrap_or_default().into());
    }
    if kind != BillKind::Success {
        cells.push(refund.map_or("0", |refund| &refund.refund_id).into());
        cells.push(refund.map_or("0", |refund| &refund.out_refund_no).into());
        cells.push(returned_text.as_str().into());
        cells.push("0.00".into());
        cells.push(refund.map_or("", |_| "ORIGINAL").into());
        cells.push(refund.map_or("", refund_state).into());
    }
    cells.push(one_line(&order.subject));
    cells.push(one_line(order.attach.as_deref().unwrap_or_default()));
    cells.push(fee_text(fee).into());
    cells.push(RATE.into());
    cells.push(paid_text.as_str().into());
    if kind != BillKind::Success {
        cells.push(returned_text.as_str().into());
    }
    cells.push("".into());
    line(text, cells.iter().map(AsRef::as_ref));
}

/// One line of cells, each after a backtick.
fn line<'a>(text: &mut String, cells: impl IntoIterator<Item = &'a str>) {
    for (place, cell) in cells.into_iter().enumerate() {
        text.push_str(if place == 0 { "`" } else { ",`" });
        text.push_str(cell);
    }
    text.push_str("\r\n");
}

fn state(entry: &Entry<'_>) -> &'static str {
    match &entry.refund {
        None => "SUCCESS",
        Some(refund) if is_reversal(&entry.trade, refund) => "REVOKED",
        Some(_) => "REFUND",
    }
}

/// What was given back because the merchant took the payment back.
fn is_reversal(trade: &Trade, refund: &Refund) -> bool {
    trade.scan == Some(Scan::Reversed) && trade.refunds.last() == Some(&refund.out_refund_no)
}

fn refund_state(refund: &Refund) -> &'static str {
    match refund.state {
        RefundState::Processing => "PROCESSING",
        RefundState::Success => "SUCCESS",
        RefundState::Abnormal => "CHANGE",
        RefundState::Closed => "REFUNDCLOSE",
    }
}

/// The channel's fee of a payment of so many fen, rounded to fen.
fn fee(fen: i64) -> i64 {
    (fen.saturating_mul(6) + 500) / 1000
}

/// Fees have five decimals.
fn fee_text(fen: i64) -> String {
    format!("{}000", yuan(fen))
}

fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

fn clock(moment: DateTime<Utc>) -> String {
    beijing(moment).format("%Y-%m-%d %H:%M:%S").to_string()
}

/// A cell never breaks its line.
fn one_line(text: &str) -> Cow<'_, str> {
    if text.contains(['\r', '\n']) {
        Cow::Owned(text.replace(['\r', '\n'], " "))
    } else {
        Cow::Borrowed(text)
    }
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;
    use crate::ledger::{Expiry, Order, TradeKey, TradeState};

    fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}+08:00"))
            .unwrap()
            .to_utc()
    }

    fn trade(device: &str) -> Trade {
        let details = [
            ("appid", "wxd678efh567hg6787"),
            ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
            ("device_id", device),
        ];
        let details = details.map(|(name, value)| (name.to_owned(), value.to_owned()));
        Trade {
            order: Order {
                key: TradeKey::new(Channel::Wechat, "1900009191", "20150806125346"),
                amount: 88,
                subject: "QQ会员充值,一个月".to_owned(),
                product: "NATIVE".to_owned(),
                notify_url: None,
                return_url: None,
                attach: Some("深圳分店".to_owned()),
                expiry: Expiry::Never,
                details: details.into(),
            },
            trade_no: "4200000263201902167700134902".to_owned(),
            state: TradeState::Refunded,
            scan: None,
            created_at: at("2019-02-19T01:52:00"),
            expires_at: None,
            paid_at: Some(at("2019-02-19T01:52:32")),
            closed_at: None,
            refunds: vec!["R20150806125346-1".to_owned()],
        }
    }

    fn refund() -> Refund {
        Refund {
            trade: trade("").order.key,
            trade_no: "4200000263201902167700134902".to_owned(),
            out_refund_no: "R20150806125346-1".to_owned(),
            refund_id: "50000709672019011908420787722".to_owned(),
            amount: 30,
            reason: None,
            notify_url: None,
            state: RefundState::Success,
            created_at: at("2019-02-19T05:01:46"),
            succeeded_at: Some(at("2019-02-19T05:02:00")),
            details: BTreeMap::new(),
        }
    }

    /// The bill that the vectors show, made from trades that say the same.
    pub(in crate::wechat) fn of_the_vectors() -> Bill {
        let entries = [
            Entry {
                at: at("2019-02-19T01:52:32"),
                trade: Cow::Owned(trade("")),
                refund: None,
            },
            Entry {
                at: at("2019-02-19T05:01:46"),
                trade: Cow::Owned(trade("harryma007")),
                refund: Some(Cow::Owned(refund())),
            },
        ];
        Bill::new(write(&entries, BillKind::All))
    }

    #[test]
    fn each_kind_has_its_documented_columns_in_every_row() {
        for (kind, columns, rows) in [
            (BillKind::All, 27, 2),
            (BillKind::Success, 20, 1),
            (BillKind::Refund, 29, 1),
        ] {
            let mut entries = vec![
                Entry {
                    at: at("2019-02-19T01:52:32"),
                    trade: Cow::Owned(trade("")),
                    refund: None,
                },
                Entry {
                    at: at("2019-02-19T05:01:46"),
                    trade: Cow::Owned(trade("")),
                    refund: Some(Cow::Owned(refund())),
                },
            ];
            entries.retain(|entry| kind.has(entry));
            let text = String::from_utf8(write(&entries, kind)).unwrap();
            let lines: Vec<_> = text.split("\r\n").collect();
            assert_eq!(lines.len(), rows + 4, "{text}");
            assert_eq!(lines[0].split(',').count(), columns);
            for line in &lines[1..=rows] {
                assert_eq!(line.split(",`").count(), columns, "{line}");
            }
        }
    }

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

//! The text of a bill: its rows out of the ledger, and how each is written.

use std::borrow::Cow;

use chrono::{DateTime, Utc};

use super::{BillKind, BillOf};
use crate::ledger::{Channel, Ledger, Refund, RefundState, Trade, beijing};
use crate::wechat::transaction::openid;

/// What the channel keeps of each payment.
const RATE: &str = "0.60%";

const SUMMARY: &str =
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,申请退款总金额";

/// One row: a payment, or a refund of one.
pub(super) struct Entry<'a> {
    /// When it happened.
    pub(super) at: DateTime<Utc>,
    /// The payment's trade.
    pub(super) trade: Cow<'a, Trade>,
    /// The refund, if it is one's.
    pub(super) refund: Option<Cow<'a, Refund>>,
}

/// The rows of a bill, the earliest first.
pub(super) fn entries<'a>(ledger: &'a Ledger, of: &BillOf) -> Vec<Entry<'a>> {
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

/// Falsifies the first amount.
pub(super) fn add_a_fen(entries: &mut [Entry<'_>]) {
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

/// Falsifies whose it is.
pub(super) fn of_another(entries: &mut [Entry<'_>]) {
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

/// The whole file.
pub(super) fn write(entries: &[Entry<'_>], kind: BillKind) -> Vec<u8> {
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
        let numbered = refund.filter(|refund| !refund.is_reversal());
        cells.push(numbered.map_or("0", |refund| &refund.out_refund_no).into());
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
        Some(refund) if refund.is_reversal() => "REVOKED",
        Some(_) => "REFUND",
    }
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
pub(in crate::wechat) mod tests {
    use super::*;
    use crate::ledger::{Expiry, Order, TradeKey, TradeState};
    use crate::wechat::bill::Bill;
    use std::collections::BTreeMap;

    pub(in crate::wechat::bill) fn at(text: &str) -> DateTime<Utc> {
        DateTime::parse_from_rfc3339(&format!("{text}+08:00"))
            .unwrap()
            .to_utc()
    }

    pub(in crate::wechat::bill) fn trade(device: &str) -> Trade {
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
}

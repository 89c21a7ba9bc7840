//! A day's trade bill (交易账单), as text: from the ledger, in Beijing's days.
//!
//! UTF-8 with a byte order mark, lines that end with CRLF, a header without backticks, and a
//! backtick before every cell. Money is in yuan. The fee is 0.6 % of what was paid, to the fen.

use std::fmt::Write as _;

use chrono::{DateTime, NaiveDate, Utc};

use super::refund_view::status;
use super::trade_view::{PAYER, spaced_moment};
use crate::ledger::{Ledger, Refund, Scan, Trade, beijing};

/// The fee's rate, in parts of a thousand.
const RATE: i64 = 6;

/// Which rows a bill has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BillType {
    /// Payments and refunds.
    All,
    /// Payments.
    Success,
    /// Refunds.
    Refund,
    /// Refunds of recharged coupons: the sandbox has none.
    RechargeRefund,
}

/// The first columns of every bill.
const ORDER_COLUMNS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,\
                             用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额";

/// The columns of a refund.
const REFUND_COLUMNS: &str = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";

/// The line above the sums.
const SUMMARY: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,\
                       订单总金额,申请退款总金额";

impl BillType {
    /// Reads `bill_type`; absent is all.
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name {
            None | Some("ALL") => Some(Self::All),
            Some("SUCCESS") => Some(Self::Success),
            Some("REFUND") => Some(Self::Refund),
            Some("RECHARGE_REFUND") => Some(Self::RechargeRefund),
            Some(_) => None,
        }
    }

    fn columns(self) -> String {
        let goods = "商品名称,商户数据包,手续费,费率,订单金额";
        match self {
            Self::All => {
                format!("{ORDER_COLUMNS},{REFUND_COLUMNS},{goods},申请退款金额,费率备注")
            }
            Self::Success => format!("{ORDER_COLUMNS},{goods},费率备注"),
            Self::Refund | Self::RechargeRefund => format!(
                "{ORDER_COLUMNS},退款申请时间,退款成功时间,{REFUND_COLUMNS},{goods},申请退款金额,费率备注"
            ),
        }
    }
}

/// One line: a payment, or a refund of it.
struct Row<'a> {
    at: DateTime<Utc>,
    trade: &'a Trade,
    refund: Option<&'a Refund>,
}

impl Row<'_> {
    /// Fen paid, fen given back, the fee in fen.
    fn money(&self) -> (i64, i64, i64) {
        match self.refund {
            None => (self.trade.order.amount, 0, fee(self.trade.order.amount)),
            Some(refund) => (0, refund.amount, -fee(refund.amount)),
        }
    }

    fn state(&self) -> &'static str {
        let reversal = self.trade.scan == Some(Scan::Reversed);
        match self.refund {
            None => "SUCCESS",
            Some(refund) if reversal && refund.out_refund_no.starts_with("reverse_") => "REVOKED",
            Some(_) => "REFUND",
        }
    }

    fn write(&self, bill_type: BillType, text: &mut String) {
        let (paid, back, fee) = self.money();
        let order = &self.trade.order;
        let detail = |name: &str| order.details.get(name).map_or("", String::as_str);
        let sub = match detail("sub_mchid") {
            "" => "0",
            sub => sub,
        };
        let payer = match detail("openid") {
            "" => PAYER,
            openid => openid,
        };
        let mut cells = vec![
            spaced_moment(self.at),
            detail("appid").to_owned(),
            order.key.account.clone(),
            sub.to_owned(),
            detail("device_info").to_owned(),
            self.trade.trade_no.clone(),
            order.key.out_trade_no.clone(),
            payer.to_owned(),
            order.product.clone(),
            self.state().to_owned(),
            "OTHERS".to_owned(),
            "CNY".to_owned(),
            yuan(paid),
            yuan(0),
        ];
        if bill_type == BillType::Refund {
            let succeeded_at = self.refund.and_then(|refund| refund.succeeded_at);
            cells.push(spaced_moment(self.at));
            cells.push(succeeded_at.map(spaced_moment).unwrap_or_default());
        }
        if bill_type != BillType::Success {
            cells.extend(refund_cells(self.refund));
        }
        cells.extend([
            one_line(&order.subject),
            one_line(order.attach.as_deref().unwrap_or_default()),
            fee_yuan(fee),
            "0.60%".to_owned(),
            yuan(paid),
        ]);
        if bill_type != BillType::Success {
            cells.push(yuan(back));
        }
        cells.push(String::new());
        write_row(&cells, text);
    }
}

fn refund_cells(refund: Option<&Refund>) -> [String; 6] {
    match refund {
        None => ["0", "0", "0.00", "0.00", "", ""].map(str::to_owned),
        Some(refund) => [
            refund.refund_id.clone(),
            refund.out_refund_no.clone(),
            yuan(refund.amount),
            yuan(0),
            "ORIGINAL".to_owned(),
            status(refund.state).to_owned(),
        ],
    }
}

/// The bill of one account on one day, without those trades that `ours` leaves out; `None` when
/// nothing happened.
pub fn bill(
    ledger: &Ledger,
    day: NaiveDate,
    bill_type: BillType,
    ours: impl Fn(&Trade) -> bool,
) -> Option<String> {
    let mut rows: Vec<Row<'_>> = ledger
        .trades()
        .filter(|trade| ours(trade))
        .flat_map(|trade| rows_of(ledger, trade))
        .filter(|row| beijing(row.at).date_naive() == day && belongs(bill_type, row))
        .collect();
    if rows.is_empty() {
        return None;
    }
    rows.sort_by_key(|row| row.at);
    let mut text = format!("\u{feff}{}\r\n", bill_type.columns());
    for row in &rows {
        row.write(bill_type, &mut text);
    }
    let _ = write!(text, "{SUMMARY}\r\n");
    write_row(&sums(&rows), &mut text);
    Some(text)
}

fn rows_of<'a>(ledger: &'a Ledger, trade: &'a Trade) -> Vec<Row<'a>> {
    let paid = trade.paid_at.map(|at| Row {
        at,
        trade,
        refund: None,
    });
    let refunds = ledger.refunds_of(&trade.order.key).map(|refund| Row {
        at: refund.created_at,
        trade,
        refund: Some(refund),
    });
    paid.into_iter().chain(refunds).collect()
}

fn belongs(bill_type: BillType, row: &Row<'_>) -> bool {
    match bill_type {
        BillType::All => true,
        BillType::Success => row.refund.is_none(),
        BillType::Refund => row.refund.is_some(),
        BillType::RechargeRefund => false,
    }
}

fn sums(rows: &[Row<'_>]) -> [String; 7] {
    let (paid, back, fee) = rows
        .iter()
        .map(Row::money)
        .fold((0_i64, 0_i64, 0_i64), |sum, row| {
            (
                sum.0.saturating_add(row.0),
                sum.1.saturating_add(row.1),
                sum.2.saturating_add(row.2),
            )
        });
    [
        rows.len().to_string(),
        yuan(paid),
        yuan(back),
        yuan(0),
        fee_yuan(fee),
        yuan(paid),
        yuan(back),
    ]
}

fn write_row(cells: &[String], text: &mut String) {
    let cells: Vec<_> = cells.iter().map(|cell| format!("`{cell}")).collect();
    text.push_str(&cells.join(","));
    text.push_str("\r\n");
}

/// A cell stays on its line.
fn one_line(text: &str) -> String {
    text.replace(['\r', '\n'], " ")
}

/// 0.6 %, rounded half up to the fen.
fn fee(fen: i64) -> i64 {
    (fen.saturating_mul(RATE).saturating_add(500)) / 1000
}

/// `0.88`
fn yuan(fen: i64) -> String {
    format!("{}.{:02}", fen / 100, fen % 100)
}

/// A fee has five decimals, and is negative when it goes back.
fn fee_yuan(fen: i64) -> String {
    let sign = if fen < 0 { "-" } else { "" };
    let fen = fen.unsigned_abs();
    format!("{sign}{}.{:02}000", fen / 100, fen % 100)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::NaiveDateTime;
    use serde_json::Value;

    use super::*;
    use crate::ledger::{Channel, Expiry, NewRefund, Order, RefundState, TradeKey};
    use crate::wechat_v2::fixture;

    fn at(beijing: &str) -> DateTime<Utc> {
        let local = NaiveDateTime::parse_from_str(beijing, "%Y-%m-%d %H:%M:%S").unwrap();
        local.and_utc() - chrono::TimeDelta::hours(8)
    }

    /// The ledger behind the published bill.
    fn ledger() -> Ledger {
        let mut ledger = Ledger::default();
        let details = [
            ("appid", "wxd678efh567hg6787"),
            ("openid", "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o"),
        ];
        let order = Order {
            key: TradeKey::new(Channel::Wechat, "1900009191", "20150806125346"),
            amount: 88,
            subject: "QQ会员充值,一个月".to_owned(),
            product: "NATIVE".to_owned(),
            notify_url: None,
            return_url: None,
            attach: Some("深圳分店".to_owned()),
            expiry: Expiry::Never,
            details: details
                .map(|(name, value)| (name.to_owned(), value.to_owned()))
                .into(),
        };
        ledger.open(&order, at("2019-02-19 01:52:00"));
        ledger.pay(&order.key, at("2019-02-19 01:52:32")).unwrap();
        let refund = NewRefund {
            trade: order.key,
            out_refund_no: "R20150806125346-1".to_owned(),
            amount: 30,
            reason: None,
            notify_url: None,
            state: RefundState::Success,
            details: BTreeMap::new(),
        };
        ledger.refund(refund, at("2019-02-19 05:01:46")).unwrap();
        ledger
    }

    /// The text with the channel's own numbers, which the ledger draws, in place of the published.
    fn with_published_numbers(ledger: &Ledger, text: &str) -> String {
        let trade = ledger.trades().next().unwrap();
        let refund = ledger.refunds_of(&trade.order.key).next().unwrap();
        text.replace(&trade.trade_no, "4200000263201902167700134902")
            .replace(&refund.refund_id, "50000709672019011908420787722")
    }

    #[test]
    fn the_published_bill_is_what_the_ledger_behind_it_gives() {
        let ledger = ledger();
        let day = NaiveDate::from_ymd_opt(2019, 2, 19).unwrap();
        let text = bill(&ledger, day, BillType::All, |_| true).unwrap();
        let vector = fixture::read("30_bill.json");
        // The published refund row names a device that the payment's row does not.
        let published = vector["csv_utf8"].as_str().unwrap();
        let published = published.replace("`harryma007", "`");
        assert_eq!(with_published_numbers(&ledger, &text), published);
        let columns = vector["columns"].as_array().unwrap();
        let columns: Vec<_> = columns.iter().filter_map(Value::as_str).collect();
        assert_eq!(BillType::All.columns(), columns.join(","));
    }

    #[test]
    fn payments_and_refunds_can_be_had_apart_and_other_days_have_none() {
        let ledger = ledger();
        let day = NaiveDate::from_ymd_opt(2019, 2, 19).unwrap();
        for (bill_type, columns) in [(BillType::Success, 20), (BillType::Refund, 29)] {
            let text = bill(&ledger, day, bill_type, |_| true).unwrap();
            let lines: Vec<_> = text.lines().collect();
            assert_eq!(lines.len(), 4, "{text}");
            assert_eq!(lines[0].split(',').count(), columns);
            assert_eq!(lines[1].split(",`").count(), columns);
        }
        assert!(bill(&ledger, day, BillType::RechargeRefund, |_| true).is_none());
        assert!(bill(&ledger, day, BillType::All, |_| false).is_none());
        let next = day.succ_opt().unwrap();
        assert!(bill(&ledger, next, BillType::All, |_| true).is_none());
    }

    #[test]
    fn fees_are_rounded_to_the_fen_and_go_back_with_the_money() {
        assert_eq!(
            [fee(83), fee(84), fee(100_000)].map(fee_yuan),
            ["0.00000", "0.01000", "6.00000"]
        );
        assert_eq!(fee_yuan(-fee(100_000)), "-6.00000");
    }
}

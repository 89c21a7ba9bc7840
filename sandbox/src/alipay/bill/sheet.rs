//! The lines of a bill: opening lines that begin with `#`, a header, rows, totals.
//!
//! Texts that a spreadsheet would take for numbers end in a TAB, even empty ones; refunds are
//! negative; the fee is zero, because no document says how it is written.

use std::io;

use chrono::{DateTime, Utc};

use super::super::amount::yuan;
use super::super::buyer::BUYER_LOGON_ID;
use super::super::moment;
use super::movement::{self, Movement};
use super::zip::{Archive, Entry};
use super::{Bill, Kind};
use crate::faults::Fault;
use crate::ledger::beijing;
use crate::server::Sandbox;

/// How many movements are looked up at once while others wait.
const PORTION: usize = 500;

const TRADE_HEADER: &str = "支付宝交易号,商户订单号,业务类型,商品名称,创建时间,完成时间,门店编号,门店名称,操作员,终端号,对方账户,订单金额（元）,商家实收（元）,支付宝红包（元）,集分宝（元）,支付宝优惠（元）,商家优惠（元）,券核销金额（元）,券名称,商家红包消费金额（元）,卡消费金额（元）,退款批次号/请求号,服务费（元）,分润（元）,备注";
const TRADE_SUMMARY_HEADER: &str = "门店编号,门店名称,交易订单总笔数,退款订单总笔数,订单金额（元）,商家实收（元）,支付宝优惠（元）,商家优惠（元）,卡消费金额（元）,服务费（元）,分润（元）,实收净额（元）";
const FUNDS_HEADER: &str = "账务流水号,业务流水号,商户订单号,商品名称,发生时间,对方账号,收入金额（+元）,支出金额（-元）,账户余额（元）,交易渠道,业务类型,备注";
const FUNDS_SUMMARY_HEADER: &str =
    "业务类型,收入笔数,收入金额（+元）,支出笔数,支出金额（-元）,总金额（元）";

/// What a bill adds up to.
#[derive(Debug, Default)]
struct Totals {
    payments: i64,
    paid: i64,
    refunds: i64,
    refunded: i64,
}

impl Totals {
    fn add(&mut self, amount: i64) {
        if amount < 0 {
            self.refunds += 1;
            self.refunded = self.refunded.saturating_add(amount);
        } else {
            self.payments += 1;
            self.paid = self.paid.saturating_add(amount);
        }
    }

    fn net(&self) -> i64 {
        self.paid.saturating_add(self.refunded)
    }
}

/// Writes a bill: the zip. A fault may falsify one amount (the
/// sums stay true), name another account, or blow it up.
pub(super) fn write(sandbox: &Sandbox, bill: &Bill, fault: Option<Fault>) -> io::Result<Vec<u8>> {
    let mut bill = bill.clone();
    if fault == Some(Fault::WrongSeller) {
        "2088999999999999".clone_into(&mut bill.seller_id);
    }
    let places = sandbox.read_world(|world| movement::by_time(world, &bill_of(&bill, fault)));
    let now = sandbox.clock().now();
    let mut detail = Entry::new(&name(&bill, detail_name(bill.kind)));
    open(&mut detail, &bill, "明细")?;
    detail.line(header(bill.kind))?;
    let mut totals = Totals::default();
    let mut wrong = fault == Some(Fault::WrongAmount);
    for portion in places.chunks(PORTION) {
        let movements: Vec<_> = sandbox.read_world(|world| {
            let found = portion.iter();
            found
                .filter_map(|place| movement::look_up(world, place))
                .collect()
        });
        for movement in movements {
            let error = i64::from(std::mem::take(&mut wrong));
            totals.add(movement.amount());
            let amount = movement.amount().saturating_add(error);
            detail.line(&row(bill.kind, &movement, amount, totals.net()))?;
        }
    }
    close(&mut detail, &bill, &totals, now)?;
    if fault == Some(Fault::ZipBomb) {
        detail = Entry::bomb(&name(&bill, detail_name(bill.kind)))?;
    }
    let mut archive = Archive::default();
    archive.add(detail)?;
    archive.add(summary(&bill, &totals, now)?)?;
    archive.finish()
}

/// The bill whose movements are told: a foreign name does not change whose they are.
fn bill_of(bill: &Bill, fault: Option<Fault>) -> Bill {
    let mut own = bill.clone();
    if fault == Some(Fault::WrongSeller) {
        own.seller_id.clone_from(&bill.account.app.seller_id);
    }
    own
}

fn detail_name(kind: Kind) -> &'static str {
    match kind {
        Kind::Trade => "业务明细",
        Kind::SignCustomer => "账务明细",
    }
}

fn name(bill: &Bill, what: &str) -> String {
    format!("{}_{}_{what}.csv", bill.payee(), bill.date)
}

fn subject(kind: Kind) -> &'static str {
    match kind {
        Kind::Trade => "业务",
        Kind::SignCustomer => "账务",
    }
}

fn header(kind: Kind) -> &'static str {
    match kind {
        Kind::Trade => TRADE_HEADER,
        Kind::SignCustomer => FUNDS_HEADER,
    }
}

fn open(entry: &mut Entry, bill: &Bill, what: &str) -> io::Result<()> {
    let subject = subject(bill.kind);
    let day = |moment: DateTime<Utc>| beijing(moment).format("%Y年%m月%d日 %H:%M:%S");
    entry.line(&format!("#支付宝{subject}{what}查询"))?;
    entry.line(&format!("#账号：[{}]", bill.payee()))?;
    entry.line(&format!(
        "#起始日期：[{}]   终止日期：[{}]",
        day(bill.begin),
        day(bill.end)
    ))?;
    entry.line(&format!(
        "#-----------------------------------------{subject}{what}列表----------------------------------------"
    ))
}

fn end(entry: &mut Entry, bill: &Bill, what: &str) -> io::Result<()> {
    entry.line(&format!(
        "#-----------------------------------------{}{what}列表结束------------------------------------",
        subject(bill.kind)
    ))
}

fn exported(entry: &mut Entry, now: DateTime<Utc>) -> io::Result<()> {
    entry.line(&format!(
        "#导出时间：[{}]",
        beijing(now).format("%Y年%m月%d日 %H:%M:%S")
    ))
}

fn close(entry: &mut Entry, bill: &Bill, totals: &Totals, now: DateTime<Utc>) -> io::Result<()> {
    end(entry, bill, "明细")?;
    let (paid, refunded) = (yuan(totals.paid), yuan(totals.refunded));
    let (payments, refunds) = (totals.payments, totals.refunds);
    match bill.kind {
        Kind::Trade => {
            entry.line(&format!(
                "#交易合计：{payments}笔，商家实收共{paid}元，商家优惠共0.00元"
            ))?;
            entry.line(&format!(
                "#退款合计：{refunds}笔，商家实收退款共{refunded}元，商家优惠退款共0.00元"
            ))?;
        }
        Kind::SignCustomer => {
            entry.line(&format!("#支出合计：{refunds}笔，共{refunded}元"))?;
            entry.line(&format!("#收入合计：{payments}笔，共{paid}元"))?;
        }
    }
    exported(entry, now)
}

fn summary(bill: &Bill, totals: &Totals, now: DateTime<Utc>) -> io::Result<Entry> {
    let (paid, refunded, net) = (yuan(totals.paid), yuan(totals.refunded), yuan(totals.net()));
    let (payments, refunds) = (totals.payments, totals.refunds);
    let what = match bill.kind {
        Kind::Trade => "业务明细(汇总)",
        Kind::SignCustomer => "账务汇总",
    };
    let mut entry = Entry::new(&name(bill, what));
    open(&mut entry, bill, "汇总")?;
    match bill.kind {
        Kind::Trade => {
            entry.line(TRADE_SUMMARY_HEADER)?;
            entry.line(&format!(
                "合计\t,\t,{payments},{refunds},{net},{net},0.00,0.00,0.00,0.00,0.00,{net}"
            ))?;
        }
        Kind::SignCustomer => {
            entry.line(FUNDS_SUMMARY_HEADER)?;
            entry.line(&format!("在线支付,{payments},{paid},0,0.00,{paid}"))?;
            entry.line(&format!("交易退款,0,0.00,{refunds},{refunded},{refunded}"))?;
            entry.line(&format!(
                "合计,{payments},{paid},{refunds},{refunded},{net}"
            ))?;
        }
    }
    end(&mut entry, bill, "汇总")?;
    exported(&mut entry, now)?;
    Ok(entry)
}

fn row(kind: Kind, movement: &Movement, amount: i64, balance: i64) -> String {
    match kind {
        Kind::Trade => trade_row(movement, amount),
        Kind::SignCustomer => funds_row(movement, amount, balance),
    }
}

fn trade_row(movement: &Movement, amount: i64) -> String {
    let trade = &movement.trade;
    let (what, request) = match &movement.refund {
        Some(refund) => ("退款", refund.out_refund_no.as_str()),
        None => ("交易", ""),
    };
    let amount = yuan(amount);
    [
        &tabbed(&trade.trade_no),
        &tabbed(&trade.order.key.out_trade_no),
        &tabbed(what),
        &field(&trade.order.subject),
        &moment::text(trade.created_at),
        &moment::text(movement.at),
        "\t,\t,\t,\t",
        &tabbed(BUYER_LOGON_ID),
        &amount,
        &amount,
        "0.00,0.00,0.00,0.00,0.00",
        "",
        "0.00\t,0.00",
        &tabbed(request),
        "0.00,0.00",
        "",
    ]
    .join(",")
}

fn funds_row(movement: &Movement, amount: i64, balance: i64) -> String {
    let trade = &movement.trade;
    let (what, serial, income, spent) = match &movement.refund {
        Some(refund) => ("交易退款", &refund.refund_id, String::new(), yuan(amount)),
        None => ("在线支付", &trade.trade_no, yuan(amount), String::new()),
    };
    [
        &tabbed(serial),
        &tabbed(&trade.trade_no),
        &tabbed(&trade.order.key.out_trade_no),
        &field(&trade.order.subject),
        &moment::text(movement.at),
        &tabbed(BUYER_LOGON_ID),
        &income,
        &spent,
        &yuan(balance),
        "支付宝",
        what,
        "",
    ]
    .join(",")
}

/// With the TAB that keeps a spreadsheet from reading a number.
fn tabbed(text: &str) -> String {
    format!("{text}\t")
}

/// A text in which a comma would be taken for the end.
fn field(text: &str) -> String {
    if text.contains([',', '"', '\r', '\n']) {
        return format!("\"{}\"", text.replace('"', "\"\""));
    }
    text.to_owned()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use chrono::TimeDelta;

    use super::*;
    use crate::alipay::fixture::account;
    use crate::ledger::{Channel, Expiry, Order, TradeKey};
    use crate::{Settings, start};

    #[tokio::test]
    async fn a_day_of_a_hundred_thousand_trades_is_a_file_of_a_few_megabytes() {
        let running = start(Settings::default()).await.unwrap();
        let account = account();
        let now = running.sandbox().with_world(|world, now| {
            for n in 0..100_000 {
                let order = Order {
                    key: TradeKey::new(Channel::Alipay, &account.app.app_id, &format!("A{n:06}")),
                    amount: n + 1,
                    subject: "茶, \"green\"".to_owned(),
                    product: "test".to_owned(),
                    notify_url: None,
                    return_url: None,
                    attach: None,
                    expiry: Expiry::Never,
                    details: BTreeMap::new(),
                };
                world.ledger.open(&order, now);
                world.ledger.pay(&order.key, now).unwrap();
            }
            world.ledger.take_turns();
            now
        });
        let bill = Bill {
            seller_id: account.app.seller_id.clone(),
            account,
            kind: Kind::Trade,
            date: "20240724".to_owned(),
            begin: now,
            end: now + TimeDelta::seconds(1),
        };
        let file = write(running.sandbox(), &bill, None).unwrap();
        assert!((100_000..4_000_000).contains(&file.len()), "{}", file.len());
    }

    #[test]
    fn a_text_with_commas_or_quotes_stays_one_field() {
        assert_eq!(field("a,b \"c\""), "\"a,b \"\"c\"\"\"");
        assert_eq!(field("plain"), "plain");
    }
}

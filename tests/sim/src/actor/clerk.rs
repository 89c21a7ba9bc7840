//! The clerk who brings the channels' bills: every morning, the day before, row by
//! row, and once more from the beginning when something came between.

use crate::sight::Met;
use crate::world::{World, accounts, kind_of};
use cashier::audit::Formula;
use cashier::channel::{BillRow, Payment};
use cashier::id::{AccountId, FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::{Span, Timestamp};
use cashier::way::ChannelKind;
use std::sync::Arc;

/// A day, and ten in the morning at Shanghai, in milliseconds.
const DAY: i64 = 86_400_000;
const SHANGHAI: i64 = 8 * 3_600_000;
const TEN: i64 = 10 * 3_600_000;

/// How many bills name a trade of somebody else's, in thousandths.
const STRAY: u32 = 50;
/// How many bills are brought a second time, in thousandths.
const AGAIN: u32 = 100;

/// Brings the bills of the days up to the one after `last`.
pub async fn bring_bills(world: Arc<World>) {
    for _ in 0..3 {
        let now = world.exec.now().millis();
        let midnight = (now + SHANGHAI).div_euclid(DAY) * DAY - SHANGHAI;
        let mut morning = midnight + TEN;
        if morning <= now {
            morning += DAY;
        }
        world
            .exec
            .sleep_until(Timestamp::from_millis(morning))
            .await;
        let today = morning - TEN;
        bring(
            &world,
            Timestamp::from_millis(today - DAY),
            Timestamp::from_millis(today),
        )
        .await;
    }
}

async fn bring(world: &Arc<World>, from: Timestamp, to: Timestamp) {
    for account in accounts() {
        let mut of_day = rows(world, account.as_str(), from, to);
        if world.exec.chance(STRAY) {
            of_day.push(stray(world));
        }
        let is_again = !of_day.is_empty() && world.exec.chance(AGAIN);
        for _ in 0..=u32::from(is_again) {
            for row in &of_day {
                hand_in(world, &account, row).await;
            }
        }
        if is_again {
            world.sight.met(Met::BilledTwice);
        }
    }
}

/// A row is brought until it is taken.
async fn hand_in(world: &Arc<World>, account: &AccountId, row: &BillRow) {
    loop {
        let (to, asked) = (account.clone(), row.clone());
        let taken =
            world.ask(move |cashier| async move { cashier.take_bill_row(&to, asked).await });
        if taken.await.is_some_and(|answer| answer.is_ok()) {
            break;
        }
        world.exec.sleep(Span::seconds(5)).await;
    }
    let flow = flow_of(row);
    if world.bank.books().reversed_at.contains_key(flow) {
        world.sight.met(Met::BilledAfterReversal);
    }
    if world.bank.books().order_of(flow).is_none() {
        seen_by_somebody(world, flow);
    }
}

/// What another system has sold through the same account.
fn stray(world: &World) -> BillRow {
    let at = world.exec.now();
    let payment = Payment {
        trade_no: format!("43{:011}", at.seconds()),
        amount: Money::from_fen(77).unwrap_or_default(),
        paid_at: at,
        payer: None,
        returned: false,
    };
    BillRow::Paid {
        flow_no: FlowNo::new(format!("OTHER{}", at.seconds())),
        payment,
    }
}

/// Q5: a trade that Till never made is shown to a person.
fn seen_by_somebody(world: &World, flow: &FlowNo) {
    world.sight.met(Met::StrayInBill);
    let mut strays = world.memory.strays().into_iter();
    if !strays.any(|stray| stray.about().ends_with(flow.as_str())) {
        let (now, row) = (world.exec.now(), format!("bill row {flow}"));
        let detail = "the bill names it, Till never made it, and nobody is told";
        world.sight.broken(now, Formula::Q5, row, detail);
    }
}

fn flow_of(row: &BillRow) -> &FlowNo {
    match row {
        BillRow::Paid { flow_no, .. } | BillRow::Refunded { flow_no, .. } => flow_no,
    }
}

fn rows(world: &World, account: &str, from: Timestamp, to: Timestamp) -> Vec<BillRow> {
    let books = world.bank.books();
    let mut rows = Vec::new();
    for flow_no in books.paid_between(from, to) {
        let own = books
            .ledger
            .trades
            .get(&flow_no)
            .is_some_and(|trade| trade.account.as_str() == account);
        let Some(payment) = books.paid_for(&flow_no, false).filter(|_| own) else {
            continue;
        };
        let amount = payment.amount;
        let row = |flow_no: &FlowNo, payment| BillRow::Paid {
            flow_no: flow_no.clone(),
            payment,
        };
        rows.push(row(&flow_no, payment));
        // WeChat Pay lists the payment once more, as REVOKED; Alipay a refund of it
        // without a number of ours.
        match (kind_of(account), books.reversed_at.contains_key(&flow_no)) {
            (_, false) => {}
            (ChannelKind::Wechat, true) => {
                rows.extend(
                    books
                        .paid_for(&flow_no, true)
                        .map(|paid| row(&flow_no, paid)),
                );
            }
            (_, true) => rows.push(BillRow::Refunded {
                refund_no: RefundNo::new(flow_no.as_str()),
                flow_no,
                amount,
            }),
        }
    }
    for (refund_no, entry) in books.refunds_done() {
        if entry.account.as_str() == account {
            rows.push(BillRow::Refunded {
                flow_no: entry.flow_no,
                refund_no,
                amount: entry.amount,
            });
        }
    }
    rows
}

//! The clerk who brings the channels' bills: every morning, the day before, row by
//! row, and once more from the beginning when something came between.

use crate::sight::Met;
use crate::world::{World, accounts, kind_of};
use cashier::channel::BillRow;
use cashier::id::{FlowNo, RefundNo};
use cashier::time::{Span, Timestamp};
use cashier::way::ChannelKind;
use std::sync::Arc;

/// A day, and ten in the morning at Shanghai, in milliseconds.
const DAY: i64 = 86_400_000;
const SHANGHAI: i64 = 8 * 3_600_000;
const TEN: i64 = 10 * 3_600_000;

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
        for row in rows(world, account.as_str(), from, to) {
            loop {
                let (account, asked) = (account.clone(), row.clone());
                let taken = world.ask(move |cashier| async move {
                    cashier.take_bill_row(&account, asked).await
                });
                if taken.await.is_some_and(|answer| answer.is_ok()) {
                    if world.bank.books().reversed_at.contains_key(flow_of(&row)) {
                        world.sight.met(Met::BilledAfterReversal);
                    }
                    break;
                }
                world.exec.sleep(Span::seconds(5)).await;
            }
        }
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

//! The clerk who brings the channels' bills: every morning, the day before, row by
//! row, and once more from the beginning when something came between.

use crate::world::{World, accounts, kind_of};
use cashier::channel::BillRow;
use cashier::channel::Trade;
use cashier::time::{Span, Timestamp};
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
                    break;
                }
                world.exec.sleep(Span::seconds(5)).await;
            }
        }
    }
}

fn rows(world: &World, account: &str, from: Timestamp, to: Timestamp) -> Vec<BillRow> {
    let mut books = world.bank.books();
    let mut rows = Vec::new();
    for flow_no in books.paid_between(from, to) {
        let own = books
            .ledger
            .trades
            .get(&flow_no)
            .is_some_and(|trade| trade.account.as_str() == account);
        if own && let Trade::Paid(payment) = books.query(kind_of(account), &flow_no, to) {
            rows.push(BillRow::Paid { flow_no, payment });
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

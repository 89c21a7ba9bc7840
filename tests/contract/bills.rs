//! What a bill says that the books do not.

use crate::samples::{account, at, capture, commit, fen, flow, order, refund, write};
use cashier::channel::{BillRow, Payment};
use cashier::id::{AccountId, FlowNo, RefundNo};
use cashier::money::Money;
use cashier::refund::RefundStatus;
use cashier::state::Row;
use cashier::store::Store;
use std::sync::Arc;

fn paid(flow_no: &FlowNo, trade_no: &str, amount: Money) -> BillRow {
    BillRow::Paid {
        flow_no: flow_no.clone(),
        payment: Payment {
            trade_no: trade_no.to_owned(),
            amount,
            paid_at: at(30),
            payer: None,
            returned: false,
        },
    }
}

fn refunded(flow_no: &FlowNo, refund_no: &RefundNo, amount: Money) -> BillRow {
    BillRow::Refunded {
        flow_no: flow_no.clone(),
        refund_no: refund_no.clone(),
        amount,
    }
}

pub async fn only_what_a_bill_says_and_the_books_do_not_is_news(store: Arc<dyn Store>) {
    let order = order(1);
    let (flow, capture) = (flow(&order, 1), capture(&order, 1));
    let mut done = refund(&order, 1);
    done.status = RefundStatus::Succeeded;
    let open = refund(&order, 2);
    let rows = vec![
        Row::Flow(Box::new(flow.clone())),
        Row::Capture(capture.clone()),
        Row::Refund(Box::new(done.clone())),
        Row::Refund(Box::new(open.clone())),
    ];
    write(&*store, commit(&order, rows)).await;

    let known = vec![
        paid(&flow.no, &capture.trade_no, capture.amount),
        refunded(&flow.no, &done.no, done.amount()),
    ];
    let news = vec![
        paid(&flow.no, &capture.trade_no, fen(1)),
        paid(&flow.no, "T-2", capture.amount),
        paid(&FlowNo::new("never-made"), "T-3\0", fen(5)),
        refunded(&flow.no, &done.no, fen(1)),
        refunded(&flow.no, &open.no, open.amount()),
        refunded(&flow.no, &RefundNo::new("by-hand"), fen(7)),
    ];
    let mut all = known.clone();
    all.extend(news.clone());
    assert_eq!(store.news_in_bill(&account(), all).await, Ok(news));
    let elsewhere = AccountId::new("acc_other");
    let there = store.news_in_bill(&elsewhere, known.clone()).await;
    assert_eq!(
        there,
        Ok(known),
        "another account's books are not looked at"
    );
    assert_eq!(
        store.news_in_bill(&account(), Vec::new()).await,
        Ok(Vec::new())
    );
}

//! The bill of a day: whole, or not at all.

use super::shop::{Shop, fen};
use cashier::channel::{BillRow, CauseKind, Channel, Offer, Outcome, Refunded, Reversed, Trade};
use cashier::time::Day;
use sandbox::Behaviour;
use serde_json::json;

const TWO_DAYS: i64 = 2 * 24 * 3600;

/// A shop with a day behind it on which it sold and gave something back.
async fn sold() -> (Shop, Day) {
    let shop = Shop::open().await;
    let day = Day::of(shop.now()).unwrap();
    let refund = shop.paid("BILLED01", "RBILLED1", 100).await;
    let accepted = shop.wechat.refund(&refund).await;
    assert_eq!(accepted, Outcome::Done(Refunded::Processing));
    shop.pass(TWO_DAYS);
    (shop, day)
}

#[tokio::test]
async fn a_bill_holds_what_the_ledger_holds() {
    let (shop, day) = sold().await;
    let outcome = shop.wechat.bills().unwrap().bill(day).await;
    let Outcome::Done(Some(bill)) = outcome else {
        panic!("{:?}", outcome.map(|bill| bill.is_some()))
    };
    let rows: Vec<BillRow> = bill.map(Result::unwrap).collect();
    let [
        BillRow::Paid { flow_no, payment },
        BillRow::Refunded {
            refund_no, amount, ..
        },
    ] = &rows[..]
    else {
        panic!("{rows:?}")
    };
    let trade = shop.trade("BILLED01").unwrap();
    assert_eq!(flow_no.as_str(), "BILLED01");
    assert_eq!(
        (&payment.trade_no, payment.amount),
        (&trade.trade_no, fen(8_888))
    );
    assert_eq!((refund_no.as_str(), *amount), ("RBILLED1", fen(100)));
}

#[tokio::test]
async fn a_payment_that_was_taken_back_is_closed_and_its_bill_says_that_it_went_back() {
    let shop = Shop::open().await;
    let day = Day::of(shop.now()).unwrap();
    let request = shop.scanned("BILLBACK", Behaviour::Pay);
    let Outcome::Done(Offer::Trade(Trade::Paid(paid))) = shop.wechat.pay(&request).await else {
        panic!()
    };
    shop.pass(20);
    let back = shop.wechat.reverse(&request.flow_no).await;
    assert_eq!(back, Outcome::Done(Reversed::Confirmed));
    shop.pass(TWO_DAYS);
    let asked = shop.wechat.query(&request.flow_no).await;
    assert_eq!(asked, Outcome::Done(Trade::Closed));
    let Outcome::Done(Some(bill)) = shop.wechat.bills().unwrap().bill(day).await else {
        panic!("no bill")
    };
    let rows: Vec<_> = bill
        .map(|row| match row.unwrap() {
            BillRow::Paid { payment, .. } => (payment.trade_no, payment.amount, payment.returned),
            refunded => panic!("{refunded:?}"),
        })
        .collect();
    let row = |returned| (paid.trade_no.clone(), fen(8_888), returned);
    assert_eq!(rows, [row(false), row(true)]);
}

/// Shows F81, F82.
#[tokio::test]
async fn a_refund_that_ended_badly_is_no_row_and_costs_the_day_nothing() {
    let shop = Shop::open().await;
    let day = Day::of(shop.now()).unwrap();
    let mut given = Vec::new();
    for (number, refund, state, expected) in [
        ("BILLBAD1", "RBILLBAD1", "ABNORMAL", Refunded::Abnormal),
        ("BILLBAD2", "RBILLBAD2", "CLOSED", Refunded::Closed),
    ] {
        let request = shop.paid(number, refund, 100).await;
        shop.control(&format!("refunds/{refund}"), json!({ "state": state }))
            .await;
        let accepted = shop.wechat.refund(&request).await;
        assert_eq!(accepted, Outcome::Done(Refunded::Processing));
        given.push((request, expected));
    }
    shop.pass(TWO_DAYS);
    for (request, expected) in given {
        let ended = shop.wechat.query_refund(&request).await;
        assert_eq!(ended, Outcome::Done(expected));
    }
    let Outcome::Done(Some(bill)) = shop.wechat.bills().unwrap().bill(day).await else {
        panic!("no bill")
    };
    let rows: Vec<BillRow> = bill.map(Result::unwrap).collect();
    assert_eq!(rows.len(), 2);
    assert!(
        rows.iter().all(|row| matches!(row, BillRow::Paid { .. })),
        "{rows:?}"
    );
}

#[tokio::test]
async fn a_day_without_trades_and_one_that_is_not_over_have_no_bill() {
    let (shop, day) = sold().await;
    let bills = shop.wechat.bills().unwrap();
    for day in [day.before().unwrap(), Day::of(shop.now()).unwrap()] {
        let outcome = bills.bill(day).await.map(|bill| bill.is_some());
        assert_eq!(outcome, Outcome::Done(false), "{day}");
    }
}

#[tokio::test]
async fn a_bill_that_is_not_whole_is_refused_before_its_first_row() {
    let (shop, day) = sold().await;
    let bills = shop.wechat.bills().unwrap();
    for (fault, expected) in [
        ("cut", CauseKind::Unreadable),
        ("zip_bomb", CauseKind::Unreadable),
        ("wrong_seller", CauseKind::Unreadable),
        ("garbage", CauseKind::Unreadable),
        ("http_500", CauseKind::ChannelError),
        ("unsigned_before", CauseKind::ChannelError),
    ] {
        shop.fault("v2/downloadbill", fault);
        let outcome = bills.bill(day).await.map(|bill| bill.is_some());
        let Outcome::Unknown(cause) = outcome else {
            panic!("{fault}: {outcome:?}")
        };
        assert_eq!(cause.kind, expected, "{fault}: {}", cause.detail);
        let after = bills.bill(day).await.map(|bill| bill.is_some());
        assert_eq!(after, Outcome::Done(true), "after {fault}");
    }
}

#[tokio::test]
async fn a_changed_amount_that_adds_up_is_told_for_the_books_to_find() {
    let (shop, day) = sold().await;
    shop.fault("v2/downloadbill", "wrong_amount");
    let outcome = shop.wechat.bills().unwrap().bill(day).await;
    let Outcome::Done(Some(bill)) = outcome else {
        panic!("{:?}", outcome.map(|bill| bill.is_some()))
    };
    let amounts: Vec<_> = bill
        .filter_map(|row| match row.unwrap() {
            BillRow::Paid { payment, .. } => Some(payment.amount),
            BillRow::Refunded { .. } => None,
        })
        .collect();
    assert_ne!(amounts, [fen(8_888)]);
}

//! Daily bills as the sandbox makes them from its ledger, whole and not.

use super::shop::{SELLER_ID, Shop, fen};
use cashier::channel::{BillRow, Bills, CauseKind, Channel, Outcome, Refunded};
use cashier::time::Day;
use channels::alipay::Alipay;
use serde_json::json;
use std::collections::BTreeSet;

/// The download itself, behind the signed address.
const FILE: &str = "alipay.bill_file";

/// Two days: whatever the hour, the bill of the day is made by then.
const TWO_DAYS: u64 = 48 * 3600;

async fn rows(alipay: &Alipay, day: Day) -> Vec<BillRow> {
    match alipay.bill(day).await {
        Outcome::Done(Some(bill)) => bill.map(Result::unwrap).collect(),
        Outcome::Done(None) => panic!("no bill of {day}"),
        Outcome::Unknown(cause) => panic!("{cause:?}"),
        Outcome::Refused(_) | Outcome::NotSent(_) => panic!("refused"),
    }
}

/// A shop that took money in three payments and gave some back, and the day of that.
async fn busy() -> (Shop, Day) {
    let shop = Shop::open().await;
    for number in ["L1", "L2"] {
        shop.scanned(number).await;
        shop.pay(number).await;
    }
    let refund = shop.paid("L3", "RL3", 888).await;
    assert_eq!(
        shop.alipay.refund(&refund).await,
        Outcome::Done(Refunded::Succeeded)
    );
    shop.scanned("L4").await;
    let day = Day::of(shop.now()).unwrap();
    shop.pass(TWO_DAYS).await;
    (shop, day)
}

#[tokio::test]
async fn a_bill_says_what_the_ledger_says() {
    let (shop, day) = busy().await;
    let rows = rows(&shop.alipay, day).await;
    let mut paid = BTreeSet::new();
    let mut refunded = Vec::new();
    for row in rows {
        match row {
            BillRow::Paid { flow_no, payment } => {
                let trade = shop.ledger(flow_no.as_str()).unwrap();
                assert_eq!(payment.trade_no, trade["trade_no"].as_str().unwrap());
                assert_eq!(payment.amount, fen(8_888));
                assert_eq!(Day::of(payment.paid_at), Some(day));
                assert!(paid.insert(flow_no.to_string()));
            }
            BillRow::Refunded {
                flow_no,
                refund_no,
                amount,
            } => refunded.push((flow_no.to_string(), refund_no.to_string(), amount)),
        }
    }
    assert_eq!(paid, ["L1", "L2", "L3"].map(str::to_owned).into());
    assert_eq!(refunded, [("L3".to_owned(), "RL3".to_owned(), fen(888))]);
}

#[tokio::test]
async fn a_day_whose_bill_is_not_made_yet_has_none() {
    let (shop, _) = busy().await;
    let today = Day::of(shop.now()).unwrap();
    assert!(matches!(shop.alipay.bill(today).await, Outcome::Done(None)));
    // Nothing happened yesterday: no bill, or one without rows.
    match shop.alipay.bill(today.before().unwrap()).await {
        Outcome::Done(None) => {}
        Outcome::Done(Some(bill)) => assert_eq!(bill.count(), 0),
        _ => panic!("{SELLER_ID} had a quiet day"),
    }
}

#[tokio::test]
async fn a_bill_that_is_not_whole_or_not_ours_is_refused_whole() {
    let (shop, day) = busy().await;
    for fault in ["cut", "zip_bomb", "garbage", "wrong_amount", "wrong_seller"] {
        shop.fault(FILE, fault).await;
        let outcome = shop.alipay.bill(day).await;
        assert!(
            matches!(&outcome, Outcome::Unknown(cause)
                if matches!(cause.kind, CauseKind::Unreadable | CauseKind::Reset)),
            "{fault}: {}",
            told(outcome)
        );
        assert_eq!(rows(&shop.alipay, day).await.len(), 4, "{fault}");
    }
    shop.fault(FILE, "http_500").await;
    let outcome = shop.alipay.bill(day).await;
    assert!(
        matches!(&outcome, Outcome::Unknown(cause) if cause.kind == CauseKind::ChannelError),
        "{}",
        told(outcome)
    );
}

#[tokio::test]
async fn a_download_that_is_slow_or_broken_off_can_be_made_again() {
    let (shop, day) = busy().await;
    for fault in ["delay", "timeout_before", "timeout_after"] {
        let order = json!({ "method": FILE, "fault": fault, "times": 1, "delay_ms": 300 });
        shop.control("faults", order).await;
        let outcome = shop.alipay.bill(day).await;
        match fault {
            "delay" => assert!(
                matches!(outcome, Outcome::Done(Some(_))),
                "{}",
                told(outcome)
            ),
            _ => assert!(
                matches!(outcome, Outcome::Unknown(_)),
                "{fault}: {}",
                told(outcome)
            ),
        }
        assert_eq!(rows(&shop.alipay, day).await.len(), 4, "{fault}");
    }
}

#[tokio::test]
async fn an_address_that_nobody_signed_is_not_asked() {
    let (shop, day) = busy().await;
    for (fault, kind) in [
        ("bad_signature", CauseKind::BadSignature),
        ("unsigned", CauseKind::BadSignature),
        ("second_node", CauseKind::Unreadable),
        ("garbage", CauseKind::Unreadable),
        ("http_500", CauseKind::ChannelError),
        ("system_error", CauseKind::ChannelError),
    ] {
        shop.fault("alipay.data.dataservice.bill.downloadurl.query", fault)
            .await;
        let outcome = shop.alipay.bill(day).await;
        assert!(
            matches!(&outcome, Outcome::Unknown(cause) if cause.kind == kind),
            "{fault}: {}",
            told(outcome)
        );
    }
}

fn told<T>(outcome: Outcome<T>) -> String {
    match outcome {
        Outcome::Done(_) => "done".to_owned(),
        Outcome::Refused(no) => format!("{no:?}"),
        Outcome::NotSent(cause) | Outcome::Unknown(cause) => format!("{cause:?}"),
    }
}

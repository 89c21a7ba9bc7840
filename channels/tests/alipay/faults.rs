//! Every call under every fault: what may have happened is never taken for a no,
//! and what cannot have happened is said so.

use super::shop::{Shop, fen};
use cashier::channel::{CauseKind, Channel, Outcome, PayRequest, RefundRequest, Refunded, Trade};
use cashier::id::FlowNo;
use cashier::way::Way;
use channels::alipay::{Alipay, Settings};
use std::fmt::Debug;

const CALLS: [&str; 7] = [
    "alipay.trade.precreate",
    "alipay.trade.create",
    "alipay.trade.query",
    "alipay.trade.close",
    "alipay.trade.cancel",
    "alipay.trade.refund",
    "alipay.trade.fastpay.refund.query",
];

/// Each fault, and why the outcome is unknown then.
const FAULTS: [(&str, CauseKind); 9] = [
    ("timeout_before", CauseKind::Timeout),
    ("timeout_after", CauseKind::Timeout),
    ("http_500", CauseKind::ChannelError),
    ("garbage", CauseKind::Unreadable),
    ("bad_signature", CauseKind::BadSignature),
    ("system_error", CauseKind::ChannelError),
    ("system_error_after", CauseKind::ChannelError),
    ("unsigned", CauseKind::BadSignature),
    ("second_node", CauseKind::Unreadable),
];

/// What became of a call, whatever its answer is of.
#[derive(Debug, PartialEq, Eq)]
enum Became {
    Done,
    Refused,
    NotSent(CauseKind),
    Unknown(CauseKind),
}

fn became<T>(outcome: Outcome<T>) -> Became {
    match outcome {
        Outcome::Done(_) => Became::Done,
        Outcome::Refused(_) => Became::Refused,
        Outcome::NotSent(cause) => Became::NotSent(cause.kind),
        Outcome::Unknown(cause) => Became::Unknown(cause.kind),
    }
}

/// What the calls are about.
struct Subjects {
    code: PayRequest,
    known: PayRequest,
    scanned: FlowNo,
    refund: RefundRequest,
}

impl Subjects {
    /// Of their own numbers for each test.
    async fn of(shop: &Shop, number: &str) -> Subjects {
        let scanned = format!("{number}S");
        shop.scanned(&scanned).await;
        Subjects {
            code: shop.request(&format!("{number}Q"), Way::AliQr),
            known: shop.known_payer(&format!("{number}J"), "2088000000000002"),
            scanned: FlowNo::new(scanned),
            refund: shop.paid(number, &format!("R{number}"), 100).await,
        }
    }
}

async fn call(alipay: &Alipay, method: &str, subjects: &Subjects) -> Became {
    let refund = &subjects.refund;
    match method {
        "alipay.trade.precreate" => became(alipay.pay(&subjects.code).await),
        "alipay.trade.create" => became(alipay.pay(&subjects.known).await),
        "alipay.trade.cancel" => became(alipay.reverse(&subjects.scanned).await),
        "alipay.trade.query" => became(alipay.query(&refund.flow_no).await),
        "alipay.trade.close" => became(alipay.close(&refund.flow_no).await),
        "alipay.trade.refund" => became(alipay.refund(refund).await),
        _ => became(alipay.query_refund(refund).await),
    }
}

/// Shows F55, F57, F58.
#[tokio::test]
async fn each_fault_of_each_call_has_its_outcome() {
    let shop = Shop::open().await;
    let subjects = Subjects::of(&shop, "F1").await;
    let check = async |method: &'static str| {
        for (fault, expected) in FAULTS {
            shop.fault(method, fault).await;
            let struck = match expected {
                CauseKind::Timeout => call(&shop.impatient(), method, &subjects).await,
                _ => call(&shop.alipay, method, &subjects).await,
            };
            assert_eq!(struck, Became::Unknown(expected), "{method} {fault}");
            // The fault is spent: the truth can be had again.
            let after = call(&shop.alipay, method, &subjects).await;
            assert_eq!(after, Became::Done, "{method} {fault}");
        }
    };
    let [
        precreate,
        create,
        query,
        close,
        cancel,
        refund,
        query_refund,
    ] = CALLS;
    tokio::join!(
        check(precreate),
        check(create),
        check(query),
        check(close),
        check(cancel),
        check(refund),
        check(query_refund)
    );
}

/// Shows F61.
#[tokio::test]
async fn with_nobody_listening_nothing_was_sent() {
    let shop = Shop::open().await;
    let subjects = Subjects::of(&shop, "F3").await;
    let dead = shop.with(Settings {
        gateway_url: "http://127.0.0.1:1/gateway.do".into(),
        ..shop.settings()
    });
    for method in CALLS {
        let became = call(&dead, method, &subjects).await;
        assert_eq!(became, Became::NotSent(CauseKind::Unreachable), "{method}");
    }
}

#[tokio::test]
async fn a_slow_answer_within_the_deadline_is_an_answer() {
    let shop = Shop::open().await;
    shop.scanned("F5").await;
    let slow = serde_json::json!({
        "method": "alipay.trade.query", "fault": "delay", "times": 1, "delay_ms": 300,
    });
    shop.control("faults", slow).await;
    let outcome = shop.alipay.query(&FlowNo::new("F5")).await;
    assert_eq!(outcome, Outcome::Done(Trade::Waiting));
}

/// Shows F79.
#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_found_by_asking() {
    let shop = Shop::open().await;
    let refund = shop.paid("F6", "RF6", 100).await;
    shop.fault("alipay.trade.refund", "timeout_after").await;
    let lost = shop.impatient().refund(&refund).await;
    assert!(matches!(lost, Outcome::Unknown(_)), "{lost:?}");
    assert_eq!(
        shop.alipay.query_refund(&refund).await,
        Outcome::Done(Refunded::Succeeded)
    );
    let again = shop.alipay.refund(&refund).await;
    assert_eq!(
        again,
        Outcome::Done(Refunded::Processing),
        "it must not move money twice"
    );
}

#[tokio::test]
async fn a_wrong_amount_is_reported_for_trades_and_refused_for_refunds() {
    let shop = Shop::open().await;
    let refund = shop.paid("F7", "RF7", 100).await;
    shop.fault("alipay.trade.query", "wrong_amount").await;
    let outcome = shop.alipay.query(&refund.flow_no).await;
    let Outcome::Done(Trade::Paid(payment)) = outcome else {
        panic!("{outcome:?}")
    };
    assert_ne!(
        payment.amount,
        fen(8_888),
        "the core compares, so it must see what was said"
    );
    assert_eq!(
        shop.alipay.refund(&refund).await,
        Outcome::Done(Refunded::Succeeded)
    );
    shop.fault("alipay.trade.fastpay.refund.query", "wrong_amount")
        .await;
    let became = became(shop.alipay.query_refund(&refund).await);
    assert_eq!(became, Became::Unknown(CauseKind::Mismatch));
}

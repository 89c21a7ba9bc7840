//! Payments by the payer's code, at the counter: what the answer says, what a query
//! says afterwards, and what taking it back does.

use super::shop::{Shop, fen};
use cashier::channel::{
    CauseKind, Channel, Offer, Outcome, PayRequest, Payment, RefusalKind, Reversed, Trade,
};
use cashier::id::FlowNo;
use cashier::way::Way;

fn paid(outcome: Outcome<Offer>) -> Payment {
    match outcome {
        Outcome::Done(Offer::Trade(Trade::Paid(payment))) => payment,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_code_that_pays_is_paid_by_the_answer_and_nowhere_else() {
    let shop = Shop::open().await;
    let request = shop.scanned_code("B1", "pay").await;
    let payment = paid(shop.alipay.pay(&request).await);
    let trade = shop.ledger("B1").unwrap();
    assert_eq!(payment.trade_no, trade["trade_no"].as_str().unwrap());
    assert_eq!(payment.amount, fen(8_888));
    assert!(payment.payer.is_some() && !payment.returned);
    let queried = shop.alipay.query(&request.flow_no).await;
    assert_eq!(queried, Outcome::Done(Trade::Paid(payment)));
    // The same call once more moves nothing.
    let outcome = shop.alipay.pay(&request).await;
    assert!(matches!(&outcome, Outcome::Refused(_)), "{outcome:?}");
    // A code is good once, whatever it is for.
    let other = PayRequest {
        auth_code: request.auth_code,
        ..shop.request("B2", Way::AliBar)
    };
    let outcome = shop.alipay.pay(&other).await;
    let Outcome::Refused(no) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (no.kind, no.code.as_str()),
        (RefusalKind::Final, "ACQ.PAYMENT_AUTH_CODE_INVALID")
    );
    assert_eq!(shop.ledger("B2"), None);
}

#[tokio::test]
async fn a_payer_who_is_asked_for_a_password_is_waited_for() {
    let shop = Shop::open().await;
    let request = shop.scanned_code("B3", "ask_password").await;
    let outcome = shop.alipay.pay(&request).await;
    assert_eq!(outcome, Outcome::Done(Offer::Trade(Trade::Waiting)));
    assert_eq!(
        shop.alipay.query(&request.flow_no).await,
        Outcome::Done(Trade::Waiting)
    );
    shop.pay("B3").await;
    let queried = shop.alipay.query(&request.flow_no).await;
    assert!(
        matches!(queried, Outcome::Done(Trade::Paid(_))),
        "{queried:?}"
    );
}

#[tokio::test]
async fn a_payer_who_cannot_pay_is_refused_for_good() {
    let shop = Shop::open().await;
    let request = shop.scanned_code("B4", "refuse").await;
    let outcome = shop.alipay.pay(&request).await;
    assert!(
        matches!(&outcome, Outcome::Refused(no) if no.kind == RefusalKind::Final),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn what_is_taken_back_cannot_be_paid_and_what_was_paid_goes_back() {
    let shop = Shop::open().await;
    let waiting = shop.scanned_code("B5", "silent").await;
    let outcome = shop.alipay.pay(&waiting).await;
    assert!(matches!(&outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert_eq!(
        shop.alipay.reverse(&waiting.flow_no).await,
        Outcome::Done(Reversed::Confirmed)
    );
    assert_eq!(
        shop.alipay.query(&waiting.flow_no).await,
        Outcome::Done(Trade::Closed)
    );
    let request = shop.scanned_code("B6", "pay").await;
    paid(shop.alipay.pay(&request).await);
    assert_eq!(
        shop.alipay.reverse(&request.flow_no).await,
        Outcome::Done(Reversed::Confirmed)
    );
    let queried = shop.alipay.query(&request.flow_no).await;
    assert!(
        matches!(&queried, Outcome::Done(Trade::Paid(payment)) if payment.returned),
        "{queried:?}"
    );
    let never = FlowNo::new("B7");
    assert_eq!(
        shop.alipay.reverse(&never).await,
        Outcome::Done(Reversed::NotFound)
    );
}

/// Whatever is lost on the way, a query tells what the ledger says.
#[tokio::test]
async fn a_payment_whose_answer_is_worth_nothing_is_found_by_asking() {
    let shop = Shop::open().await;
    for (fault, kind, is_carried_out) in [
        ("timeout_before", CauseKind::Timeout, false),
        ("timeout_after", CauseKind::Timeout, true),
        ("http_500", CauseKind::ChannelError, false),
        ("system_error", CauseKind::ChannelError, false),
        ("system_error_after", CauseKind::ChannelError, true),
        ("garbage", CauseKind::Unreadable, true),
        ("second_node", CauseKind::Unreadable, true),
        ("bad_signature", CauseKind::BadSignature, true),
        ("unsigned", CauseKind::BadSignature, true),
    ] {
        let number = format!("BF{}", fault.replace('_', ""));
        let request = shop.scanned_code(&number, "pay").await;
        shop.fault("alipay.trade.pay", fault).await;
        let outcome = match kind {
            CauseKind::Timeout => shop.impatient().pay(&request).await,
            _ => shop.alipay.pay(&request).await,
        };
        assert!(
            matches!(&outcome, Outcome::Unknown(cause) if cause.kind == kind),
            "{fault}: {outcome:?}"
        );
        let queried = shop.alipay.query(&request.flow_no).await;
        match is_carried_out {
            true => assert!(
                matches!(queried, Outcome::Done(Trade::Paid(_))),
                "{fault} {queried:?}"
            ),
            false => assert_eq!(queried, Outcome::Done(Trade::NotFound), "{fault}"),
        }
        assert_eq!(shop.ledger(&number).is_some(), is_carried_out, "{fault}");
    }
    // Signed, of the right number, and of another amount: the core compares.
    let request = shop.scanned_code("BFamount", "pay").await;
    shop.fault("alipay.trade.pay", "wrong_amount").await;
    assert_ne!(paid(shop.alipay.pay(&request).await).amount, fen(8_888));
}

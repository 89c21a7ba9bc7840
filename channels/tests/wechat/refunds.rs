//! Refunds: accepted first, ended later, and never made twice.

use super::shop::{Shop, fen};
use cashier::channel::{CauseKind, Channel, Outcome, RefundRequest, Refunded, RefusalKind, Trade};
use cashier::id::{FlowNo, RefundNo};
use serde_json::json;

/// Longer than a refund takes to settle in the sandbox.
const SETTLED: i64 = 11;

#[tokio::test]
async fn a_refund_is_under_way_first_and_repeating_it_makes_no_second_one() {
    let shop = Shop::open().await;
    let request = shop.paid("REFUND1", "R1", 100).await;
    assert_eq!(
        shop.wechat.query_refund(&request).await,
        Outcome::Done(Refunded::NotFound)
    );
    assert_eq!(
        shop.wechat.refund(&request).await,
        Outcome::Done(Refunded::Processing)
    );
    assert_eq!(
        shop.wechat.query_refund(&request).await,
        Outcome::Done(Refunded::Processing)
    );
    shop.pass(SETTLED);
    assert_eq!(
        shop.wechat.query_refund(&request).await,
        Outcome::Done(Refunded::Succeeded)
    );
    assert_eq!(
        shop.wechat.refund(&request).await,
        Outcome::Done(Refunded::Succeeded)
    );
    assert_eq!(shop.refunds(), 1);
    // A part was given back, and it stays paid.
    let queried = shop.wechat.query(&request.flow_no).await;
    assert!(
        matches!(queried, Outcome::Done(Trade::Paid(_))),
        "{queried:?}"
    );
}

/// Shows F81, F82.
#[tokio::test]
async fn a_refund_that_ends_badly_says_how() {
    let shop = Shop::open().await;
    for (number, refund, state, expected) in [
        ("ABNORMAL1", "R2", "ABNORMAL", Refunded::Abnormal),
        ("CLOSED001", "R3", "CLOSED", Refunded::Closed),
    ] {
        let request = shop.paid(number, refund, 100).await;
        shop.control(&format!("refunds/{refund}"), json!({ "state": state }))
            .await;
        assert_eq!(
            shop.wechat.refund(&request).await,
            Outcome::Done(Refunded::Processing)
        );
        shop.pass(SETTLED);
        assert_eq!(
            shop.wechat.query_refund(&request).await,
            Outcome::Done(expected)
        );
    }
}

#[tokio::test]
async fn what_cannot_be_given_back_is_refused_for_good() {
    let shop = Shop::open().await;
    let request = shop.paid("REFUND4", "R4", 100).await;
    let too_much = RefundRequest {
        amount: fen(8_889),
        ..request.clone()
    };
    let unknown_trade = RefundRequest {
        trade_no: "4200000000000".to_owned(),
        ..request.clone()
    };
    for refused in [too_much, unknown_trade] {
        let outcome = shop.wechat.refund(&refused).await;
        let Outcome::Refused(refusal) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(refusal.kind, RefusalKind::Final, "{refusal:?}");
    }
    assert_eq!(shop.refunds(), 0);
}

/// Shows F55.
#[tokio::test]
async fn a_second_refund_too_soon_is_not_known_to_be_refused_and_works_later() {
    let shop = Shop::open().await;
    let first = shop.paid("REFUND5", "R5", 100).await;
    let second = RefundRequest {
        refund_no: RefundNo::new("R6"),
        ..first.clone()
    };
    assert_eq!(
        shop.wechat.refund(&first).await,
        Outcome::Done(Refunded::Processing)
    );
    let outcome = shop.wechat.refund(&second).await;
    let Outcome::Unknown(cause) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(cause.kind, CauseKind::ChannelError);
    assert_eq!(
        shop.wechat.query_refund(&second).await,
        Outcome::Done(Refunded::NotFound)
    );
    shop.pass(61);
    assert_eq!(
        shop.wechat.refund(&second).await,
        Outcome::Done(Refunded::Processing)
    );
    assert_eq!(shop.refunds(), 2);
}

#[tokio::test]
async fn a_refund_of_another_amount_under_the_same_number_is_a_mismatch() {
    let shop = Shop::open().await;
    let asked = shop.paid("REFUND7", "R7", 100).await;
    assert_eq!(
        shop.wechat.refund(&asked).await,
        Outcome::Done(Refunded::Processing)
    );
    let other = RefundRequest {
        amount: fen(101),
        ..asked.clone()
    };
    let sent = shop.wechat.refund(&other).await;
    assert!(matches!(sent, Outcome::Unknown(_)), "{sent:?}");
    let elsewhere = RefundRequest {
        flow_no: FlowNo::new("ELSEWHERE"),
        ..asked.clone()
    };
    for wrong in [other, elsewhere] {
        let outcome = shop.wechat.query_refund(&wrong).await;
        let Outcome::Unknown(cause) = outcome else {
            panic!("{outcome:?}")
        };
        assert_eq!(cause.kind, CauseKind::Mismatch);
    }
}

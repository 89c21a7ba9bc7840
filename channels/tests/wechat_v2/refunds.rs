//! Refunds: accepted first, ended later, and never made twice.

use super::shop::{Shop, fen};
use cashier::channel::{Channel, Outcome, RefundRequest, Refunded, RefusalKind, Trade};
use cashier::id::RefundNo;
use serde_json::json;

/// Longer than a refund takes to settle in the sandbox.
const SETTLED: i64 = 11;

#[tokio::test]
async fn a_refund_is_under_way_first_and_repeating_it_makes_no_second_one() {
    let shop = Shop::open().await;
    let request = shop.paid("REFUND1", "R1", 100).await;
    let asked = shop.wechat.query_refund(&request).await;
    assert_eq!(asked, Outcome::Done(Refunded::NotFound));
    for _ in 0..2 {
        let accepted = shop.wechat.refund(&request).await;
        assert_eq!(accepted, Outcome::Done(Refunded::Processing));
    }
    let asked = shop.wechat.query_refund(&request).await;
    assert_eq!(asked, Outcome::Done(Refunded::Processing));
    shop.pass(SETTLED);
    let asked = shop.wechat.query_refund(&request).await;
    assert_eq!(asked, Outcome::Done(Refunded::Succeeded));
    assert_eq!(shop.refunds(), 1);
    // A part was given back, and it stays paid.
    let queried = shop.wechat.query(&request.flow_no).await;
    assert!(
        matches!(queried, Outcome::Done(Trade::Paid(_))),
        "{queried:?}"
    );
}

#[tokio::test]
async fn each_of_several_refunds_is_found_by_its_own_number() {
    let shop = Shop::open().await;
    let first = shop.paid("REFUND2", "R2A", 100).await;
    shop.wechat.refund(&first).await;
    shop.pass(61);
    let second = RefundRequest {
        refund_no: RefundNo::new("R2B"),
        amount: fen(200),
        ..first.clone()
    };
    let accepted = shop.wechat.refund(&second).await;
    assert_eq!(accepted, Outcome::Done(Refunded::Processing));
    let asked = shop.wechat.query_refund(&first).await;
    assert_eq!(asked, Outcome::Done(Refunded::Succeeded));
    let asked = shop.wechat.query_refund(&second).await;
    assert_eq!(asked, Outcome::Done(Refunded::Processing));
}

/// Shows F81, F82.
#[tokio::test]
async fn a_refund_that_ends_badly_says_how() {
    let shop = Shop::open().await;
    for (number, refund, state, expected) in [
        ("ABNORMAL1", "R3", "ABNORMAL", Refunded::Abnormal),
        ("CLOSED001", "R4", "CLOSED", Refunded::Closed),
    ] {
        let request = shop.paid(number, refund, 100).await;
        shop.control(&format!("refunds/{refund}"), json!({ "state": state }))
            .await;
        let accepted = shop.wechat.refund(&request).await;
        assert_eq!(accepted, Outcome::Done(Refunded::Processing));
        shop.pass(SETTLED);
        let asked = shop.wechat.query_refund(&request).await;
        assert_eq!(asked, Outcome::Done(expected));
    }
}

#[tokio::test]
async fn a_refund_whose_answer_was_lost_is_found_by_asking() {
    let shop = Shop::open().await;
    let request = shop.paid("REFUND5", "R5", 100).await;
    shop.fault("v2/refund", "timeout_after");
    let lost = shop.impatient().refund(&request).await;
    assert!(matches!(lost, Outcome::Unknown(_)), "{lost:?}");
    let asked = shop.wechat.query_refund(&request).await;
    assert_eq!(asked, Outcome::Done(Refunded::Processing));
    assert_eq!(shop.refunds(), 1);
}

#[tokio::test]
async fn what_stands_in_the_way_of_a_refund_is_told_for_what_it_is() {
    let shop = Shop::open().await;
    let request = shop.paid("REFUND6", "R6", 100).await;
    for (code, expected) in [
        ("NOTENOUGH", Some(RefusalKind::Later)),
        ("FREQUENCY_LIMITED", Some(RefusalKind::Later)),
        ("NOAUTH", Some(RefusalKind::Later)),
        ("TRADE_OVERDUE", Some(RefusalKind::Final)),
        ("USER_ACCOUNT_ABNORMAL", Some(RefusalKind::Final)),
        ("INVALID_REQ_TOO_MUCH", None),
        ("BIZERR_NEED_RETRY", None),
        ("SYSTEMERROR", None),
        ("ERROR", None),
    ] {
        shop.refuse("v2/refund", code);
        let kind = match shop.wechat.refund(&request).await {
            Outcome::Refused(refusal) => Some(refusal.kind),
            Outcome::Unknown(_) => None,
            other => panic!("{code}: {other:?}"),
        };
        assert_eq!(kind, expected, "{code}");
    }
    assert_eq!(shop.refunds(), 0);
}

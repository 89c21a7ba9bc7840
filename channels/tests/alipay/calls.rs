//! Every call when nothing goes wrong, and every definite no.

use super::shop::{Shop, fen, key};
use cashier::channel::{
    Action, CauseKind, Channel, Closed, Offer, Outcome, RefundRequest, Refunded, RefusalKind, Trade,
};
use cashier::id::{FlowNo, RefundNo};
use cashier::time::{Span, Timestamp};
use cashier::way::Way;
use channels::alipay::Settings;

#[tokio::test]
async fn each_way_gives_something_that_the_payer_can_pay() {
    let shop = Shop::open().await;
    for (number, way) in [
        ("PC1", Way::AliPc),
        ("WAP1", Way::AliWap),
        ("APP1", Way::AliApp),
        ("QR1", Way::AliQr),
    ] {
        let flow = FlowNo::new(number);
        let action = shop.hand_out(number, way).await;
        // Nothing exists before the payer comes, and nothing can be closed.
        assert_eq!(
            shop.alipay.query(&flow).await,
            Outcome::Done(Trade::NotFound),
            "{way}"
        );
        assert_eq!(
            shop.alipay.close(&flow).await,
            Outcome::Done(Closed::NotFound),
            "{way}"
        );
        assert_eq!(shop.scan(&action).await["out_trade_no"], number, "{way}");
        // Inside Alipay's own app only the payer's password makes the trade.
        let opened = match way {
            Way::AliApp => Trade::NotFound,
            _ => Trade::Waiting,
        };
        assert_eq!(
            shop.alipay.query(&flow).await,
            Outcome::Done(opened),
            "{way}"
        );
        shop.pay(number).await;
        let Outcome::Done(Trade::Paid(payment)) = shop.alipay.query(&flow).await else {
            panic!("{way} is not paid")
        };
        let ledger = serde_json::to_value(shop.sandbox.sandbox().ledger()).unwrap();
        let trades = ledger["trades"].as_array().unwrap();
        let trade = trades
            .iter()
            .find(|trade| trade["out_trade_no"] == number)
            .unwrap();
        assert_eq!(payment.amount, fen(8_888), "{way}");
        assert_eq!(trade["amount"], 8_888, "{way}");
        assert_eq!(trade["trade_no"], payment.trade_no.as_str(), "{way}");
        assert!(
            shop.now().since(payment.paid_at) < Span::minutes(1),
            "{way}"
        );
        assert!(payment.payer.is_some(), "{way}");
    }
}

#[tokio::test]
async fn links_and_order_strings_are_made_without_a_call() {
    let shop = Shop::open().await;
    let settings = Settings {
        gateway_url: "http://127.0.0.1:1/gateway.do".into(),
        ..shop.settings()
    };
    let alipay = shop.with(settings);
    for way in [Way::AliPc, Way::AliWap, Way::AliApp] {
        let outcome = alipay.pay(&shop.request("NOCALL", way)).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{way}: {outcome:?}");
    }
    let outcome = alipay.pay(&shop.request("NOCALL", Way::WxNative)).await;
    assert!(matches!(&outcome, Outcome::NotSent(cause) if cause.kind == CauseKind::Mismatch));
}

#[tokio::test]
async fn a_scanned_flow_can_be_closed_once_and_cannot_be_paid_afterwards() {
    let shop = Shop::open().await;
    let flow = FlowNo::new("C1");
    shop.scanned("C1").await;
    assert_eq!(
        shop.alipay.close(&flow).await,
        Outcome::Done(Closed::Confirmed)
    );
    assert_eq!(shop.alipay.query(&flow).await, Outcome::Done(Trade::Closed));
    assert_eq!(
        shop.alipay.close(&flow).await,
        Outcome::Done(Closed::NotAllowed)
    );
    let again = shop.alipay.pay(&shop.request("C1", Way::AliQr)).await;
    let Outcome::Refused(refusal) = again else {
        panic!("{again:?}")
    };
    assert_eq!(
        (refusal.kind, refusal.code.as_str()),
        (RefusalKind::Final, "ACQ.TRADE_HAS_CLOSE")
    );
}

/// Shows F02, F05.
#[tokio::test]
async fn a_paid_flow_cannot_be_closed_nor_made_payable_again() {
    let shop = Shop::open().await;
    shop.paid("P1", "R1", 1).await;
    let flow = FlowNo::new("P1");
    assert_eq!(
        shop.alipay.close(&flow).await,
        Outcome::Done(Closed::NotAllowed)
    );
    let again = shop.alipay.pay(&shop.request("P1", Way::AliQr)).await;
    let Outcome::Refused(refusal) = again else {
        panic!("{again:?}")
    };
    assert_eq!(refusal.kind, RefusalKind::AlreadyPaid);
}

#[tokio::test]
async fn asking_for_the_same_code_again_is_safe_and_another_amount_is_refused() {
    let shop = Shop::open().await;
    let request = shop.request("Q1", Way::AliQr);
    for _ in 0..2 {
        let outcome = shop.alipay.pay(&request).await;
        assert!(
            matches!(outcome, Outcome::Done(Offer::Action(Action::QrCode { .. }))),
            "{outcome:?}"
        );
    }
    let mut other = request.clone();
    other.amount = fen(1);
    let outcome = shop.alipay.pay(&other).await;
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.kind, RefusalKind::Final);
    let mut late = shop.request("Q2", Way::AliQr);
    late.expires_at = Timestamp::from_millis(0);
    let outcome = shop.alipay.pay(&late).await;
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.kind, RefusalKind::Final);
}

#[tokio::test]
async fn a_refund_happens_once_however_often_it_is_sent() {
    let shop = Shop::open().await;
    let part = shop.paid("R1", "RF1", 888).await;
    assert_eq!(
        shop.alipay.query_refund(&part).await,
        Outcome::Done(Refunded::NotFound)
    );
    assert_eq!(
        shop.alipay.refund(&part).await,
        Outcome::Done(Refunded::Succeeded)
    );
    // The same again moves nothing, which is a reason to ask.
    assert_eq!(
        shop.alipay.refund(&part).await,
        Outcome::Done(Refunded::Processing)
    );
    assert_eq!(
        shop.alipay.query_refund(&part).await,
        Outcome::Done(Refunded::Succeeded)
    );
    let rest = RefundRequest {
        refund_no: RefundNo::new("RF2"),
        amount: fen(8_000),
        ..part.clone()
    };
    assert_eq!(
        shop.alipay.refund(&rest).await,
        Outcome::Done(Refunded::Succeeded)
    );
    assert_eq!(
        shop.alipay.query_refund(&rest).await,
        Outcome::Done(Refunded::Succeeded)
    );
    // Closed at Alipay by now, and paid all the same.
    let outcome = shop.alipay.query(&part.flow_no).await;
    assert!(
        matches!(outcome, Outcome::Done(Trade::Paid(_))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn refunds_that_cannot_be_are_refused_or_asked_for() {
    let shop = Shop::open().await;
    let part = shop.paid("R3", "RF3", 888).await;
    assert_eq!(
        shop.alipay.refund(&part).await,
        Outcome::Done(Refunded::Succeeded)
    );
    let too_much = RefundRequest {
        refund_no: RefundNo::new("RF4"),
        amount: fen(8_001),
        ..part.clone()
    };
    let outcome = shop.alipay.refund(&too_much).await;
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.kind, RefusalKind::Final);
    assert_eq!(refusal.code, "ACQ.REASON_TRADE_REFUND_FEE_ERR");
    // The number of a refund of another amount: never success, never "did not happen".
    let other = RefundRequest {
        amount: fen(1),
        ..part.clone()
    };
    assert_eq!(
        shop.alipay.refund(&other).await,
        Outcome::Done(Refunded::Processing)
    );
    let outcome = shop.alipay.query_refund(&other).await;
    assert!(matches!(&outcome, Outcome::Unknown(cause) if cause.kind == CauseKind::Mismatch));
    let nowhere = RefundRequest {
        trade_no: "2024072422001400000000009999".into(),
        ..part
    };
    let outcome = shop.alipay.refund(&nowhere).await;
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (refusal.kind, refusal.code.as_str()),
        (RefusalKind::Final, "ACQ.TRADE_NOT_EXIST")
    );
    assert_eq!(
        shop.alipay.query_refund(&nowhere).await,
        Outcome::Done(Refunded::NotFound)
    );
}

#[tokio::test]
async fn a_wrong_private_key_fails_payments_and_leaves_refunds_for_later() {
    let shop = Shop::open().await;
    let part = shop.paid("K1", "RF5", 888).await;
    let stranger = shop.with(Settings {
        app_private_key: key("alipay_private_key_pkcs8_base64").into(),
        ..shop.settings()
    });
    let outcome = stranger.pay(&shop.request("K2", Way::AliQr)).await;
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(
        (refusal.kind, refusal.code.as_str()),
        (RefusalKind::Final, "isv.invalid-signature")
    );
    let outcome = stranger.refund(&part).await;
    let Outcome::Refused(refusal) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(refusal.kind, RefusalKind::Later);
}

#[tokio::test]
async fn an_application_that_alipay_does_not_know_is_answered_unsigned_and_believed_nothing() {
    let shop = Shop::open().await;
    let unknown = shop.with(Settings {
        app_id: "2021999999999999".into(),
        ..shop.settings()
    });
    let outcome = unknown.pay(&shop.request("U1", Way::AliQr)).await;
    let Outcome::Unknown(cause) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(cause.kind, CauseKind::BadSignature);
    assert!(
        cause.detail.contains("isv.invalid-app-id"),
        "{}",
        cause.detail
    );
}

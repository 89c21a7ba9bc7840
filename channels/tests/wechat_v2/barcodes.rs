//! Payments by the payer's code, and taking them back.

use super::shop::{MCHID, Shop, fen};
use cashier::channel::{Channel, Closed, Offer, Outcome, RefusalKind, Reversed, Trade};
use cashier::id::FlowNo;
use channels::wechat_v2::Settings;
use sandbox::Behaviour;

#[tokio::test]
async fn a_code_pays_at_once() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0001", Behaviour::Pay);
    let offer = shop.wechat.pay(&request).await;
    let Outcome::Done(Offer::Trade(Trade::Paid(payment))) = offer else {
        panic!("{offer:?}")
    };
    assert_eq!(payment.amount, fen(8_888));
    assert_eq!(payment.trade_no, shop.trade("BAR0001").unwrap().trade_no);
    let queried = shop.wechat.query(&request.flow_no).await;
    assert_eq!(queried, Outcome::Done(Trade::Paid(payment)));
}

#[tokio::test]
async fn a_payer_who_is_asked_for_the_password_pays_later() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0002", Behaviour::AskPassword);
    let waiting = Outcome::Done(Offer::Trade(Trade::Waiting));
    assert_eq!(shop.wechat.pay(&request).await, waiting);
    let queried = shop.wechat.query(&request.flow_no).await;
    assert_eq!(queried, Outcome::Done(Trade::Waiting));
    shop.pay("BAR0002");
    let queried = shop.wechat.query(&request.flow_no).await;
    assert!(
        matches!(queried, Outcome::Done(Trade::Paid(_))),
        "{queried:?}"
    );
}

#[tokio::test]
async fn a_code_that_is_refused_is_refused_for_good() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0003", Behaviour::Refuse);
    let Outcome::Refused(refusal) = shop.wechat.pay(&request).await else {
        panic!()
    };
    assert_eq!(refusal.kind, RefusalKind::Final);
    let queried = shop.wechat.query(&request.flow_no).await;
    assert_eq!(queried, Outcome::Done(Trade::Closed));
}

#[tokio::test]
async fn a_channel_that_does_not_know_is_asked() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0004", Behaviour::Silent);
    assert!(matches!(
        shop.wechat.pay(&request).await,
        Outcome::Unknown(_)
    ));
    let queried = shop.wechat.query(&request.flow_no).await;
    assert_eq!(queried, Outcome::Done(Trade::Waiting));
}

#[tokio::test]
async fn what_was_taken_back_is_closed_whether_it_was_paid_or_not() {
    let shop = Shop::open().await;
    for (number, behaviour) in [
        ("BAR0005", Behaviour::Pay),
        ("BAR0006", Behaviour::AskPassword),
        ("BAR0007", Behaviour::Silent),
    ] {
        let request = shop.scanned(number, behaviour);
        shop.wechat.pay(&request).await;
        let flow = request.flow_no;
        for _ in 0..2 {
            let reversed = shop.wechat.reverse(&flow).await;
            assert_eq!(reversed, Outcome::Done(Reversed::Confirmed), "{number}");
        }
        assert_eq!(
            shop.wechat.query(&flow).await,
            Outcome::Done(Trade::Closed),
            "{number}"
        );
        assert_eq!(shop.trade(number).unwrap().state, "REVOKED", "{number}");
        assert!(
            shop.sandbox.sandbox().pay(number, Some(MCHID)).is_err(),
            "{number}"
        );
    }
}

#[tokio::test]
async fn a_reversal_that_is_not_over_is_to_be_called_again() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0008", Behaviour::AskPassword);
    shop.wechat.pay(&request).await;
    let flow = request.flow_no;
    for code in ["SYSTEMERROR", "USERPAYING", "ORDERREVERSED"] {
        shop.refuse("v2/reverse", code);
        let reversed = shop.wechat.reverse(&flow).await;
        assert_eq!(reversed, Outcome::Done(Reversed::Again), "{code}");
    }
    assert_eq!(
        shop.wechat.query(&flow).await,
        Outcome::Done(Trade::Waiting)
    );
    let reversed = shop.wechat.reverse(&flow).await;
    assert_eq!(reversed, Outcome::Done(Reversed::Confirmed));
}

#[tokio::test]
async fn nothing_is_taken_back_where_there_is_nothing() {
    let shop = Shop::open().await;
    let reversed = shop.wechat.reverse(&FlowNo::new("BAR0009")).await;
    assert_eq!(reversed, Outcome::Done(Reversed::NotFound));
}

#[tokio::test]
async fn a_code_that_is_sent_twice_pays_once() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0010", Behaviour::Pay);
    shop.fault("v2/micropay", "timeout_after");
    assert!(matches!(
        shop.impatient().pay(&request).await,
        Outcome::Unknown(_)
    ));
    let Outcome::Refused(refusal) = shop.wechat.pay(&request).await else {
        panic!()
    };
    assert_eq!(refusal.kind, RefusalKind::AlreadyPaid);
    let paid = shop.wechat.query(&request.flow_no).await;
    assert!(matches!(paid, Outcome::Done(Trade::Paid(_))), "{paid:?}");
}

#[tokio::test]
async fn a_barcode_payment_cannot_be_closed_but_only_taken_back() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0011", Behaviour::AskPassword);
    shop.wechat.pay(&request).await;
    let closed = shop.wechat.close(&request.flow_no).await;
    assert_ne!(closed, Outcome::Done(Closed::Confirmed));
    assert_ne!(closed, Outcome::Done(Closed::NotFound));
}

/// Shows F58.
#[tokio::test]
async fn without_the_certificate_nothing_is_known_of_a_reversal() {
    let shop = Shop::open().await;
    let request = shop.scanned("BAR0012", Behaviour::AskPassword);
    shop.wechat.pay(&request).await;
    let plain = shop.with(Settings {
        base_url: shop.sandbox.url(),
        ..shop.settings()
    });
    let reversed = plain.reverse(&request.flow_no).await;
    assert!(matches!(reversed, Outcome::Unknown(_)), "{reversed:?}");
    let queried = plain.query(&request.flow_no).await;
    assert_eq!(queried, Outcome::Done(Trade::Waiting));
}

//! Paying by the code that the payer shows, and taking it back.

use super::shop::{MCHID, Shop, fen};
use cashier::channel::{
    CauseKind, Channel, Offer, Outcome, PayRequest, RefusalKind, Reversed, Trade,
};
use cashier::id::FlowNo;
use cashier::way::Way;
use channels::wechat::Settings;
use sandbox::{Behaviour, Channel as At};

fn shown(shop: &Shop, number: &str, behaviour: Behaviour) -> PayRequest {
    let auth_code = shop.sandbox.sandbox().show_barcode(At::Wechat, behaviour);
    PayRequest {
        auth_code: Some(auth_code),
        payer: None,
        ..shop.request(number, Way::WxBar)
    }
}

#[tokio::test]
async fn a_payer_who_need_not_do_anything_has_paid_with_the_answer() {
    let shop = Shop::open().await;
    let request = shown(&shop, "BARPAID1", Behaviour::Pay);
    let paid = shop.wechat.pay(&request).await;
    let Outcome::Done(Offer::Trade(Trade::Paid(payment))) = paid else {
        panic!("{paid:?}")
    };
    assert_eq!(payment.amount, fen(8_888));
    assert_eq!(payment.trade_no, shop.trade("BARPAID1").unwrap().trade_no);
    let asked = shop.wechat.query(&request.flow_no).await;
    assert_eq!(asked, Outcome::Done(Trade::Paid(payment)));
}

#[tokio::test]
async fn a_payer_who_is_asked_for_the_password_is_waited_for() {
    let shop = Shop::open().await;
    let request = shown(&shop, "BARWAIT1", Behaviour::AskPassword);
    let waiting = shop.wechat.pay(&request).await;
    assert_eq!(waiting, Outcome::Done(Offer::Trade(Trade::Waiting)));
    let asked = shop.wechat.query(&request.flow_no).await;
    assert_eq!(asked, Outcome::Done(Trade::Waiting));
    shop.pay("BARWAIT1");
    let asked = shop.wechat.query(&request.flow_no).await;
    assert!(matches!(asked, Outcome::Done(Trade::Paid(_))), "{asked:?}");
}

#[tokio::test]
async fn a_refusal_is_final_for_its_number_and_silence_is_no_refusal() {
    let shop = Shop::open().await;
    let request = shown(&shop, "BARNO001", Behaviour::Refuse);
    let refused = shop.wechat.pay(&request);
    let Outcome::Refused(refusal) = refused.await else {
        panic!()
    };
    assert_eq!(refusal.kind, RefusalKind::Final);
    let silent = shown(&shop, "BARQUIET", Behaviour::Silent);
    let outcome = shop.wechat.pay(&silent).await;
    let Outcome::Unknown(cause) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(cause.kind, CauseKind::ChannelError);
    shop.pay("BARQUIET");
    let asked = shop.wechat.query(&silent.flow_no).await;
    assert!(matches!(asked, Outcome::Done(Trade::Paid(_))), "{asked:?}");
}

#[tokio::test]
async fn what_was_taken_back_is_closed_whether_it_was_paid_or_not() {
    let shop = Shop::open().await;
    for (number, behaviour) in [
        ("BARBACK1", Behaviour::AskPassword),
        ("BARBACK2", Behaviour::Pay),
    ] {
        let request = shown(&shop, number, behaviour);
        shop.wechat.pay(&request).await;
        shop.pass(20);
        for _ in 0..2 {
            let back = shop.wechat.reverse(&request.flow_no).await;
            assert_eq!(back, Outcome::Done(Reversed::Confirmed), "{number}");
        }
        let asked = shop.wechat.query(&request.flow_no).await;
        assert_eq!(asked, Outcome::Done(Trade::Closed), "{number}");
    }
    let late = shop.sandbox.sandbox().pay("BARBACK1", Some(MCHID));
    assert!(late.is_err(), "nobody can pay any more");
}

#[tokio::test]
async fn a_reversal_that_did_not_happen_is_not_taken_for_one() {
    let shop = Shop::open().await;
    let never = shop.wechat.reverse(&FlowNo::new("BARNEVER")).await;
    assert_eq!(never, Outcome::Done(Reversed::NotFound));
    let request = shown(&shop, "BARBUSY1", Behaviour::AskPassword);
    shop.wechat.pay(&request).await;
    shop.pass(20);
    shop.fault("wechat.reverse", "too_early");
    let busy = shop.wechat.reverse(&request.flow_no).await;
    assert_eq!(busy, Outcome::Done(Reversed::Again));
    let asked = shop.wechat.query(&request.flow_no).await;
    assert_eq!(asked, Outcome::Done(Trade::Waiting));
}

#[tokio::test]
async fn without_the_setting_or_the_code_nothing_is_sent() {
    let shop = Shop::open().await;
    let without = shop.with(Settings {
        codepay: false,
        ..shop.settings()
    });
    let request = shown(&shop, "BARLACK1", Behaviour::Pay);
    let outcome = without.pay(&request).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    let outcome = shop.wechat.pay(&shop.request("BARLACK1", Way::WxBar)).await;
    assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
    assert_eq!(shop.trade("BARLACK1"), None);
}

/// Shows F55, F57, F58.
#[tokio::test]
async fn each_fault_leaves_the_payment_unknown_and_a_query_settles_it() {
    let shop = Shop::open().await;
    for (number, fault, expected, carried_out) in [
        ("BARFLT01", "timeout_before", CauseKind::Timeout, false),
        ("BARFLT02", "timeout_after", CauseKind::Timeout, true),
        ("BARFLT03", "http_500", CauseKind::ChannelError, false),
        ("BARFLT04", "garbage", CauseKind::BadSignature, true),
        ("BARFLT05", "bad_signature", CauseKind::BadSignature, true),
        ("BARFLT06", "signtest", CauseKind::BadSignature, true),
        ("BARFLT07", "system_error", CauseKind::ChannelError, false),
        ("BARFLT08", "rate_limited", CauseKind::ChannelError, false),
        (
            "BARFLT09",
            "rate_limited_after",
            CauseKind::ChannelError,
            true,
        ),
    ] {
        shop.fault("wechat.codepay", fault);
        let request = shown(&shop, number, Behaviour::Pay);
        let outcome = shop.impatient().pay(&request).await;
        let Outcome::Unknown(cause) = outcome else {
            panic!("{fault}: {outcome:?}")
        };
        assert_eq!(cause.kind, expected, "{fault}");
        let asked = shop.wechat.query(&request.flow_no).await;
        let is_paid = matches!(asked, Outcome::Done(Trade::Paid(_)));
        assert_eq!(is_paid, carried_out, "{fault}: {asked:?}");
    }
}

/// The counter waits five seconds, whatever the account's own patience is.
#[tokio::test]
async fn nobody_stands_at_the_counter_for_longer_than_five_seconds() {
    let shop = Shop::open().await;
    shop.fault_for("wechat.codepay", "timeout_after", 30_000);
    let patient = shop.with(Settings {
        deadline: std::time::Duration::from_secs(30),
        ..shop.settings()
    });
    let began = tokio::time::Instant::now();
    let request = shown(&shop, "BARSLOW1", Behaviour::Pay);
    let outcome = patient.pay(&request).await;
    assert!(matches!(outcome, Outcome::Unknown(_)), "{outcome:?}");
    assert!(began.elapsed() < std::time::Duration::from_secs(8));
}

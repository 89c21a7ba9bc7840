//! Platform certificates, the public key, and the change from one to the other.

use super::shop::{MCHID, Shop};
use cashier::channel::{
    CauseKind, Channel, NoticeFact, NoticeRefusal, Offer, Outcome, RawNotice, Trade,
};
use cashier::id::FlowNo;
use cashier::way::Way;
use channels::wechat::{Answers, Settings, Wechat};
use sandbox::{KeyMode, Rotation};
use std::sync::Arc;

/// An account that knows nothing but its APIv3 key.
fn by_certificates(shop: &Shop) -> Wechat {
    shop.with(Settings {
        platform_keys: Vec::new(),
        platform_certificates: true,
        ..shop.settings()
    })
}

async fn shop_in(mode: KeyMode) -> Shop {
    let shop = Shop::open().await;
    let sandbox = shop.sandbox.sandbox();
    sandbox.set_wechat_keys(MCHID, mode, 500).unwrap();
    shop
}

#[tokio::test]
async fn the_first_certificate_is_fetched_when_it_is_needed() {
    let shop = shop_in(KeyMode::Certificates).await;
    let wechat = by_certificates(&shop);
    let made = wechat.pay(&shop.request("CERT0001", Way::WxNative)).await;
    assert!(matches!(made, Outcome::Done(Offer::Action(_))), "{made:?}");
}

#[tokio::test]
async fn an_answer_under_a_key_that_stays_unknown_is_not_believed() {
    let shop = shop_in(KeyMode::Certificates).await;
    let made = shop
        .wechat
        .pay(&shop.request("CERT0002", Way::WxNative))
        .await;
    let Outcome::Unknown(cause) = made else {
        panic!("{made:?}")
    };
    assert_eq!(cause.kind, CauseKind::BadSignature);
    let settings = Settings {
        platform_keys: Vec::new(),
        platform_certificates: true,
        apiv3_key: "0".repeat(32).into(),
        ..shop.settings()
    };
    let wrong_key = shop.with(settings);
    let made = wrong_key
        .pay(&shop.request("CERT0003", Way::WxNative))
        .await;
    assert!(matches!(made, Outcome::Unknown(_)), "{made:?}");
}

#[tokio::test]
async fn a_list_of_certificates_that_is_not_well_signed_brings_none() {
    let shop = shop_in(KeyMode::Certificates).await;
    for fault in ["bad_signature", "signtest", "garbage", "http_500"] {
        // One for the download that keeps certificates fresh, one for the answer's.
        shop.fault_times("wechat.certificates", fault, 2);
        let wechat = by_certificates(&shop);
        let made = wechat.pay(&shop.request("CERT0004", Way::WxNative)).await;
        let Outcome::Unknown(cause) = made else {
            panic!("{fault}: {made:?}")
        };
        assert_eq!(cause.kind, CauseKind::BadSignature, "{fault}");
        shop.sandbox.sandbox().faults().clear();
    }
}

#[tokio::test]
async fn no_payment_is_lost_or_refused_while_the_certificate_changes_under_load() {
    let shop = shop_in(KeyMode::Certificates).await;
    let wechat = Arc::new(by_certificates(&shop));
    let steps = [
        Rotation::Announce,
        Rotation::Turns,
        Rotation::Sign,
        Rotation::Retire,
        Rotation::Sudden,
    ];
    for (round, step) in steps.into_iter().enumerate() {
        let mut calls = tokio::task::JoinSet::new();
        for number in 0..20 {
            let request = shop.request(&format!("LOAD{round}N{number:03}"), Way::WxNative);
            let wechat = wechat.clone();
            calls.spawn(async move {
                let made = wechat.pay(&request).await;
                (made, wechat.query(&request.flow_no).await)
            });
        }
        let sandbox = shop.sandbox.sandbox().clone();
        let rotating = tokio::task::spawn_blocking(move || sandbox.rotate_wechat(MCHID, step));
        while let Some(done) = calls.join_next().await {
            let (made, asked) = done.unwrap();
            assert!(matches!(made, Outcome::Done(Offer::Action(_))), "{made:?}");
            assert_eq!(asked, Outcome::Done(Trade::Waiting), "{step:?}");
        }
        rotating.await.unwrap().unwrap();
    }
}

/// Shows that success is only said about what could be checked.
#[tokio::test]
async fn a_notice_under_an_unknown_certificate_is_believed_when_it_comes_again() {
    let mut shop = shop_in(KeyMode::Certificates).await;
    let wechat = by_certificates(&shop);
    let made = wechat.pay(&shop.request("CERT0005", Way::WxNative)).await;
    let Outcome::Done(Offer::Action(action)) = made else {
        panic!("{made:?}")
    };
    let sandbox = shop.sandbox.sandbox().clone();
    sandbox.rotate_wechat(MCHID, Rotation::Sudden).unwrap();
    // Nobody downloaded anything for a while.
    let wechat = by_certificates(&shop);
    shop.scan(&action).unwrap();
    shop.pay("CERT0005");
    let (headers, body) = shop.notice().await;
    let raw = RawNotice {
        headers: &headers,
        body: &body,
    };
    let first = wechat.open_notice(raw).unwrap_err();
    assert!(matches!(first, NoticeRefusal::NotNow(_)), "{first:?}");
    let open = async {
        loop {
            match wechat.open_notice(raw) {
                Err(NoticeRefusal::NotNow(_)) => tokio::task::yield_now().await,
                opened => break opened,
            }
        }
    };
    let again = tokio::time::timeout(std::time::Duration::from_secs(10), open).await;
    let notice = again.expect("the certificate never came").unwrap();
    assert!(
        matches!(
            &notice.fact,
            NoticeFact::Trade {
                trade: Trade::Paid(_),
                ..
            }
        ),
        "{notice:?}"
    );
}

#[tokio::test]
async fn while_wechat_changes_over_each_side_may_be_asked_for_and_both_are_believed() {
    let mut shop = shop_in(KeyMode::Migrating).await;
    for answers in [Answers::PublicKey, Answers::Certificate] {
        let wechat = shop.with(Settings {
            platform_certificates: true,
            answers,
            ..shop.settings()
        });
        for round in 0..6 {
            let number = format!("GREY{answers:?}{round}");
            let made = wechat.pay(&shop.request(&number, Way::WxNative)).await;
            let Outcome::Done(Offer::Action(action)) = made else {
                panic!("{made:?}")
            };
            shop.scan(&action).unwrap();
            shop.pay(&number);
            let (headers, body) = shop.notice().await;
            let raw = RawNotice {
                headers: &headers,
                body: &body,
            };
            let opened = wechat.open_notice(raw);
            let later = matches!(opened, Err(NoticeRefusal::NotNow(_)));
            assert!(opened.is_ok() || later, "{opened:?}");
            let asked = wechat.query(&FlowNo::new(&number)).await;
            assert!(matches!(asked, Outcome::Done(Trade::Paid(_))));
        }
    }
}

//! Certificate mode against the sandbox, and certificates that change on the way.

use super::shop::Shop;
use cashier::channel::{Channel, NoticeFact, NoticeRefusal, Outcome, RawNotice, Trade};
use cashier::way::Way;
use serde_json::json;
use std::time::Duration;

const APP_ID: &str = "2021000000000002";

#[tokio::test]
async fn an_application_in_certificate_mode_pays_as_every_other() {
    let shop = Shop::open().await;
    let alipay = shop.with(shop.certified(APP_ID).await);
    for (number, way) in [("C1", Way::AliQr), ("C2", Way::AliPc), ("C3", Way::AliApp)] {
        let request = shop.request(number, way);
        let outcome = alipay.pay(&request).await;
        let Outcome::Done(cashier::channel::Offer::Action(action)) = outcome else {
            panic!("{way}: {outcome:?}")
        };
        shop.scan(&action).await;
        shop.pay(number).await;
        let queried = alipay.query(&request.flow_no).await;
        assert!(
            matches!(queried, Outcome::Done(Trade::Paid(_))),
            "{way}: {queried:?}"
        );
    }
}

#[tokio::test]
async fn a_certificate_that_alipay_changes_loses_no_answer() {
    let shop = Shop::open().await;
    let alipay = shop.with(shop.certified(APP_ID).await);
    for (nth, key) in ["new", "same", "new"].into_iter().enumerate() {
        let number = format!("C4{nth}");
        let renewed = format!("alipay/{APP_ID}/certificate");
        shop.control(&renewed, json!({ "key": key })).await;
        let request = shop.request(&number, Way::AliQr);
        let outcome = alipay.pay(&request).await;
        assert!(matches!(&outcome, Outcome::Done(_)), "{key}: {outcome:?}");
    }
}

#[tokio::test]
async fn a_notice_with_a_certificate_that_is_not_known_yet_is_taken_when_it_comes_again() {
    for notice_cert_sn in ["signed", "unsigned"] {
        let mut shop = Shop::open().await;
        shop.control("alipay", json!({ "notice_cert_sn": notice_cert_sn }))
            .await;
        let alipay = shop.with(shop.certified(APP_ID).await);
        let request = shop.request("C5", Way::AliQr);
        let outcome = alipay.pay(&request).await;
        let Outcome::Done(cashier::channel::Offer::Action(action)) = outcome else {
            panic!("{outcome:?}")
        };
        shop.scan(&action).await;
        let renewed = format!("alipay/{APP_ID}/certificate");
        shop.control(&renewed, json!({ "key": "new" })).await;
        shop.pay("C5").await;
        let body = shop.notice().await;
        let open = || {
            alipay.open_notice(RawNotice {
                headers: &[],
                body: &body,
            })
        };
        let refused = open().unwrap_err();
        assert!(matches!(refused, NoticeRefusal::NotNow(_)), "{refused:?}");
        let learning = async {
            loop {
                match open() {
                    Ok(notice) => break notice,
                    Err(NoticeRefusal::NotNow(_)) => tokio::task::yield_now().await,
                    Err(other) => panic!("{other:?}"),
                }
            }
        };
        let notice = tokio::time::timeout(Duration::from_secs(10), learning)
            .await
            .unwrap();
        assert!(
            matches!(notice.fact, NoticeFact::Trade { .. }),
            "{:?}",
            notice.fact
        );
    }
}

#[tokio::test]
async fn a_certificate_that_cannot_be_had_leaves_the_answer_unknown_until_it_can() {
    let shop = Shop::open().await;
    let alipay = shop.with(shop.certified(APP_ID).await);
    let request = shop.request("C6", Way::AliQr);
    let renewed = format!("alipay/{APP_ID}/certificate");
    shop.control(&renewed, json!({ "key": "new" })).await;
    shop.fault("alipay.open.app.alipaycert.download", "http_500")
        .await;
    let outcome = alipay.pay(&request).await;
    assert!(matches!(&outcome, Outcome::Unknown(_)), "{outcome:?}");
    // Not asked for again at once.
    let outcome = alipay.pay(&request).await;
    assert!(matches!(&outcome, Outcome::Unknown(_)), "{outcome:?}");
    shop.pass(11).await;
    let outcome = alipay.pay(&request).await;
    assert!(matches!(&outcome, Outcome::Done(_)), "{outcome:?}");
}

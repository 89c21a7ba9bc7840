//! A service provider acts for a merchant who has authorised it.

use super::shop::{APP_ID, Shop, key};
use cashier::channel::{
    Channel, NoticeFact, NoticeRefusal, Offer, Outcome, PayRequest, RawNotice, RefundRequest,
    Refunded, RefusalKind, Trade,
};
use cashier::id::RefundNo;
use cashier::way::Way;
use channels::alipay::{Alipay, Settings};
use serde_json::json;

const MERCHANT: &str = "2088000000000077";

/// The provider's adapter for that merchant.
async fn provider(shop: &Shop) -> (Alipay, Settings) {
    let merchant = json!({ "seller_id": MERCHANT, "auth_app_id": "2021000000000077" });
    let made = shop
        .control(&format!("alipay/{APP_ID}/merchants"), merchant)
        .await;
    let settings = Settings {
        seller_id: MERCHANT.to_owned(),
        app_auth_token: Some(made["app_auth_token"].as_str().unwrap().into()),
        ..shop.settings()
    };
    (shop.with(settings.clone()), settings)
}

#[tokio::test]
async fn every_way_pays_the_merchant_and_a_refund_gives_it_back() {
    let mut shop = Shop::open().await;
    let (alipay, _) = provider(&shop).await;
    let known = shop.known_payer("P5", "2088000000000002");
    for request in [
        shop.request("P1", Way::AliPc),
        shop.request("P2", Way::AliWap),
        shop.request("P3", Way::AliApp),
        shop.request("P4", Way::AliQr),
        known,
    ] {
        let (way, number) = (request.way, request.flow_no.to_string());
        let outcome = alipay.pay(&request).await;
        let Outcome::Done(Offer::Action(action)) = outcome else {
            panic!("{way}: {outcome:?}")
        };
        shop.scan(&action).await;
        shop.pay(&number).await;
        let outcome = alipay.query(&request.flow_no).await;
        let Outcome::Done(Trade::Paid(payment)) = outcome else {
            panic!("{way}: {outcome:?}")
        };
        assert_eq!(
            shop.ledger(&number).unwrap()["seller_id"],
            MERCHANT,
            "{way}"
        );
        let body = shop.notice().await;
        let raw = RawNotice {
            headers: &[],
            body: &body,
        };
        let fact = alipay.open_notice(raw).unwrap().fact;
        assert!(matches!(fact, NoticeFact::Trade { .. }), "{way}: {fact:?}");
        // The same application for itself, or for another merchant: not its notice.
        let refused = shop.alipay.open_notice(raw).unwrap_err();
        assert!(
            matches!(refused, NoticeRefusal::Identity { .. }),
            "{way}: {refused:?}"
        );
        let refund = RefundRequest {
            refund_no: RefundNo::new(format!("R{number}")),
            flow_no: request.flow_no,
            trade_no: payment.trade_no,
            amount: payment.amount,
            total: payment.amount,
            reason: None,
            notify_url: String::new(),
        };
        assert_eq!(
            alipay.refund(&refund).await,
            Outcome::Done(Refunded::Succeeded),
            "{way}"
        );
        // Its notice.
        shop.notice().await;
    }
    let request = shop.scanned_code("P6", "pay").await;
    let outcome = alipay.pay(&request).await;
    assert!(
        matches!(&outcome, Outcome::Done(Offer::Trade(Trade::Paid(_)))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn without_its_authorisation_nothing_is_paid() {
    let shop = Shop::open().await;
    let (_, settings) = provider(&shop).await;
    let stranger = shop.with(Settings {
        app_auth_token: Some("202411BBnobody".into()),
        ..settings
    });
    let request: PayRequest = shop.request("P7", Way::AliQr);
    let outcome = stranger.pay(&request).await;
    assert!(
        matches!(&outcome, Outcome::Refused(no) if no.kind == RefusalKind::Final),
        "{outcome:?}"
    );
    assert!(!format!("{outcome:?}").contains(&key("app_private_key_pkcs8_base64")));
}

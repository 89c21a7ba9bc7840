//! A service provider acts for a merchant who has authorised it.

use super::shop::{APP_ID, Shop, key};
use cashier::channel::{
    BillRow, Bills, CauseKind, Channel, Closed, NoticeFact, NoticeRefusal, Offer, Outcome,
    PayRequest, RawNotice, RefundRequest, Refunded, RefusalKind, Reversed, Trade,
};
use cashier::id::{FlowNo, RefundNo};
use cashier::time::Day;
use cashier::way::Way;
use channels::alipay::{Alipay, Settings};
use serde_json::json;

const MERCHANT: &str = "2088000000000077";
const OTHER: &str = "2088000000000078";

const TWO_DAYS: u64 = 48 * 3600;

/// The provider's adapter for a merchant.
async fn provider(shop: &Shop) -> (Alipay, Settings) {
    acting_for(shop, MERCHANT, "2021000000000077").await
}

async fn acting_for(shop: &Shop, seller_id: &str, auth_app_id: &str) -> (Alipay, Settings) {
    let merchant = json!({ "seller_id": seller_id, "auth_app_id": auth_app_id });
    let made = shop
        .control(&format!("alipay/{APP_ID}/merchants"), merchant)
        .await;
    let settings = Settings {
        seller_id: seller_id.to_owned(),
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
        let asked = alipay.query_refund(&refund).await;
        assert_eq!(asked, Outcome::Done(Refunded::Succeeded), "{way}");
        let body = shop.notice().await;
        let raw = RawNotice {
            headers: &[],
            body: &body,
        };
        let fact = alipay.open_notice(raw).unwrap().fact;
        assert!(matches!(fact, NoticeFact::Refund { .. }), "{way}: {fact:?}");
        let refused = shop.alipay.open_notice(raw).unwrap_err();
        assert!(matches!(refused, NoticeRefusal::Identity { .. }), "{way}");
    }
    let request = shop.scanned_code("P6", "pay").await;
    let outcome = alipay.pay(&request).await;
    assert!(
        matches!(&outcome, Outcome::Done(Offer::Trade(Trade::Paid(_)))),
        "{outcome:?}"
    );
}

#[tokio::test]
async fn a_flow_is_closed_and_taken_back_for_its_merchant_and_for_nobody_else() {
    let shop = Shop::open().await;
    let (alipay, _) = provider(&shop).await;
    let (other, _) = acting_for(&shop, OTHER, "2021000000000078").await;
    let unpaid = shop.known_payer("P8", "2088000000000002");
    let made = alipay.pay(&unpaid).await;
    assert!(matches!(made, Outcome::Done(_)), "{made:?}");
    assert_eq!(
        other.query(&unpaid.flow_no).await,
        Outcome::Done(Trade::NotFound)
    );
    assert_eq!(
        other.close(&unpaid.flow_no).await,
        Outcome::Done(Closed::NotFound)
    );
    assert_eq!(
        alipay.close(&unpaid.flow_no).await,
        Outcome::Done(Closed::Confirmed)
    );
    let request = shop.scanned_code("P9", "pay").await;
    let outcome = alipay.pay(&request).await;
    assert!(
        matches!(&outcome, Outcome::Done(Offer::Trade(Trade::Paid(_)))),
        "{outcome:?}"
    );
    assert_eq!(
        other.reverse(&request.flow_no).await,
        Outcome::Done(Reversed::NotFound)
    );
    assert_eq!(
        alipay.reverse(&request.flow_no).await,
        Outcome::Done(Reversed::Confirmed)
    );
    let queried = alipay.query(&request.flow_no).await;
    assert!(
        matches!(&queried, Outcome::Done(Trade::Paid(payment)) if payment.returned),
        "{queried:?}"
    );
}

#[tokio::test]
async fn a_merchants_bill_has_its_own_rows_and_another_merchants_is_refused() {
    let shop = Shop::open().await;
    let (alipay, _) = provider(&shop).await;
    let (other, settings) = acting_for(&shop, OTHER, "2021000000000078").await;
    let day = Day::of(shop.now()).unwrap();
    for (number, seller) in [("P10", &alipay), ("P11", &other)] {
        let request = shop.scanned_code(number, "pay").await;
        let outcome = seller.pay(&request).await;
        assert!(matches!(outcome, Outcome::Done(_)), "{outcome:?}");
    }
    shop.pass(TWO_DAYS).await;
    for (number, seller) in [("P10", &alipay), ("P11", &other)] {
        let Outcome::Done(Some(bill)) = seller.bill(day).await else {
            panic!("{number}")
        };
        let flows: Vec<FlowNo> = bill
            .map(|row| match row.unwrap() {
                BillRow::Paid { flow_no, .. } | BillRow::Refunded { flow_no, .. } => flow_no,
            })
            .collect();
        assert_eq!(flows, [FlowNo::new(number)]);
    }
    // The authorisation of one merchant, entered for another.
    let mistaken = shop.with(Settings {
        seller_id: MERCHANT.to_owned(),
        ..settings
    });
    let outcome = mistaken.bill(day).await;
    let Outcome::Unknown(cause) = outcome else {
        panic!("{:?}", outcome.map(|bill| bill.is_some()))
    };
    assert_eq!(cause.kind, CauseKind::Unreadable, "{}", cause.detail);
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

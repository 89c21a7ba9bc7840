//! A service provider that collects for a sub-merchant.

use super::shop::{OPENID, Shop};
use cashier::channel::{
    Action, BillRow, CauseKind, Channel, Closed, NoticeFact, NoticeRefusal, Offer, Outcome,
    RawNotice, Refunded, Reversed, Trade,
};
use cashier::id::{FlowNo, RefundNo};
use cashier::time::Day;
use cashier::way::Way;
use channels::wechat_v2::{Settings, SubMerchant, WechatV2};
use sandbox::Behaviour;
use serde_json::json;

const SUB: &str = "1900000109";
const OTHER: &str = "1900000110";
const SUB_APPID: &str = "wxsub678efh567hg678";

const TWO_DAYS: i64 = 2 * 24 * 3600;

async fn open() -> (Shop, WechatV2) {
    let registration = json!({ "sub_merchants": [
        { "sub_mch_id": SUB, "sub_appid": SUB_APPID }, { "sub_mch_id": OTHER },
    ] });
    let shop = Shop::open_with(sandbox::Settings::default(), registration, &["SUCCESS"]).await;
    let provider = shop.with(Settings {
        sub_merchant: Some(SubMerchant {
            mch_id: SUB.to_owned(),
            appid: Some(SUB_APPID.to_owned()),
        }),
        ..shop.settings()
    });
    (shop, provider)
}

#[tokio::test]
async fn every_call_is_made_for_the_sub_merchant() {
    let (mut shop, provider) = open().await;
    for (number, way) in [
        ("SUB0001", Way::WxNative),
        ("SUB0002", Way::WxJsapi),
        ("SUB0003", Way::WxApp),
        ("SUB0005", Way::WxH5),
        ("SUB0006", Way::WxLite),
    ] {
        let offer = provider.pay(&shop.request(number, way)).await;
        let Outcome::Done(Offer::Action(action)) = offer else {
            panic!("{way}: {offer:?}")
        };
        if let Action::App { params, .. } = &action {
            assert_eq!(params.as_ref().unwrap()["partnerid"], SUB);
        }
        assert_eq!(shop.scan(&action).unwrap(), number, "{way}");
    }
    shop.pay("SUB0002");
    let flow_no = FlowNo::new("SUB0002");
    let queried = provider.query(&flow_no).await;
    let Outcome::Done(Trade::Paid(payment)) = queried else {
        panic!("{queried:?}")
    };
    assert_eq!(payment.payer.as_deref(), Some(OPENID));
    let body = shop.notice().await;
    let notice = provider
        .open_notice(RawNotice {
            headers: &[],
            body: &body,
        })
        .unwrap();
    let trade = Trade::Paid(payment.clone());
    assert_eq!(
        notice.fact,
        NoticeFact::Trade {
            flow_no: flow_no.clone(),
            trade
        }
    );
    let closed = provider.close(&FlowNo::new("SUB0001")).await;
    assert_eq!(closed, Outcome::Done(Closed::Confirmed));
    let refund = cashier::channel::RefundRequest {
        refund_no: RefundNo::new("SUBR1"),
        flow_no,
        trade_no: payment.trade_no,
        amount: payment.amount,
        total: payment.amount,
        reason: None,
        notify_url: "https://pay.example.com/notify/sub".to_owned(),
    };
    assert_eq!(
        provider.refund(&refund).await,
        Outcome::Done(Refunded::Processing)
    );
    assert_eq!(
        provider.query_refund(&refund).await,
        Outcome::Done(Refunded::Processing)
    );
    let bar = shop.scanned("SUB0004", Behaviour::Pay);
    let offer = provider.pay(&bar).await;
    assert!(
        matches!(offer, Outcome::Done(Offer::Trade(Trade::Paid(_)))),
        "{offer:?}"
    );
    let reversed = provider.reverse(&bar.flow_no).await;
    assert_eq!(reversed, Outcome::Done(Reversed::Confirmed));
}

fn acting_for_another(shop: &Shop) -> WechatV2 {
    shop.with(Settings {
        sub_merchant: Some(SubMerchant {
            mch_id: OTHER.to_owned(),
            appid: None,
        }),
        ..shop.settings()
    })
}

#[tokio::test]
async fn another_sub_merchants_flow_is_neither_found_nor_closed_nor_taken_back() {
    let (shop, provider) = open().await;
    provider.pay(&shop.request("SUB0007", Way::WxNative)).await;
    let flow_no = FlowNo::new("SUB0007");
    let other = acting_for_another(&shop);
    let queried = other.query(&flow_no).await;
    assert_eq!(queried, Outcome::Done(Trade::NotFound));
    let closed = other.close(&flow_no).await;
    assert_eq!(closed, Outcome::Done(Closed::NotFound));
    let reversed = other.reverse(&flow_no).await;
    assert_eq!(reversed, Outcome::Done(Reversed::NotFound));
}

#[tokio::test]
async fn both_notices_are_believed_for_the_sub_merchant_and_for_nobody_else() {
    let (mut shop, provider) = open().await;
    let other = acting_for_another(&shop);
    let request = shop.request("SUB0008", Way::WxNative);
    let Outcome::Done(Offer::Action(action)) = provider.pay(&request).await else {
        panic!()
    };
    shop.scan(&action).unwrap();
    shop.pay("SUB0008");
    let body = shop.notice().await;
    let raw = RawNotice {
        headers: &[],
        body: &body,
    };
    assert!(provider.open_notice(raw).is_ok());
    let refused = other.open_notice(raw).unwrap_err();
    assert!(
        matches!(refused, NoticeRefusal::Identity { .. }),
        "{refused:?}"
    );
    let Outcome::Done(Trade::Paid(payment)) = provider.query(&request.flow_no).await else {
        panic!()
    };
    let refund = cashier::channel::RefundRequest {
        refund_no: RefundNo::new("SUBR8"),
        flow_no: request.flow_no.clone(),
        trade_no: payment.trade_no,
        amount: payment.amount,
        total: payment.amount,
        reason: None,
        notify_url: request.notify_url.clone(),
    };
    let given = provider.refund(&refund).await;
    assert_eq!(given, Outcome::Done(Refunded::Processing));
    assert_eq!(
        other.query_refund(&refund).await,
        Outcome::Done(Refunded::NotFound)
    );
    shop.control("refunds/SUBR8", json!({ "state": "SUCCESS" }))
        .await;
    let body = shop.notice().await;
    let raw = RawNotice {
        headers: &[],
        body: &body,
    };
    let fact = provider.open_notice(raw).unwrap().fact;
    assert!(matches!(fact, NoticeFact::Refund { .. }), "{fact:?}");
    // Nobody signs it, so that other names are no news about anybody.
    let refused = other.open_notice(raw).unwrap_err();
    assert!(
        matches!(refused, NoticeRefusal::Unverified(_)),
        "{refused:?}"
    );
}

#[tokio::test]
async fn a_sub_merchants_bill_has_its_own_rows_and_nobody_elses() {
    let (shop, provider) = open().await;
    let other = acting_for_another(&shop);
    let day = Day::of(shop.now()).unwrap();
    for (number, seller) in [("SUB0009", &provider), ("SUB0010", &other)] {
        let request = shop.request(number, Way::WxNative);
        let Outcome::Done(Offer::Action(action)) = seller.pay(&request).await else {
            panic!("{number}")
        };
        shop.scan(&action).unwrap();
        shop.pay(number);
    }
    shop.pass(TWO_DAYS);
    for (number, seller) in [("SUB0009", &provider), ("SUB0010", &other)] {
        let Outcome::Done(Some(bill)) = seller.bills().unwrap().bill(day).await else {
            panic!("{number}")
        };
        let flows: Vec<FlowNo> = bill
            .map(|row| match row.unwrap() {
                BillRow::Paid { flow_no, .. } | BillRow::Refunded { flow_no, .. } => flow_no,
            })
            .collect();
        assert_eq!(flows, [FlowNo::new(number)]);
    }
    // The provider's bill of all its merchants is no merchant's own.
    let whole = shop.wechat.bills().unwrap().bill(day).await;
    let Outcome::Unknown(cause) = whole else {
        panic!("{:?}", whole.map(|bill| bill.is_some()))
    };
    assert_eq!(cause.kind, CauseKind::Unreadable, "{}", cause.detail);
}

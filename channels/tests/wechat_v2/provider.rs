//! A service provider that collects for a sub-merchant.

use super::shop::{OPENID, Shop};
use cashier::channel::{
    Channel, Closed, NoticeFact, Offer, Outcome, RawNotice, Refunded, Reversed, Trade,
};
use cashier::id::{FlowNo, RefundNo};
use cashier::way::Way;
use channels::wechat_v2::{Settings, SubMerchant, WechatV2};
use sandbox::Behaviour;
use serde_json::json;

const SUB: &str = "1900000109";
const SUB_APPID: &str = "wxsub678efh567hg678";

async fn open() -> (Shop, WechatV2) {
    let registration = json!({ "sub_merchants": [{ "sub_mch_id": SUB, "sub_appid": SUB_APPID }] });
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
    ] {
        let offer = provider.pay(&shop.request(number, way)).await;
        let Outcome::Done(Offer::Action(action)) = offer else {
            panic!("{way}: {offer:?}")
        };
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

#[tokio::test]
async fn another_sub_merchants_answers_are_not_ours() {
    let (shop, provider) = open().await;
    provider.pay(&shop.request("SUB0005", Way::WxNative)).await;
    let stranger = shop.with(Settings {
        sub_merchant: Some(SubMerchant {
            mch_id: "1900000110".to_owned(),
            appid: None,
        }),
        ..shop.settings()
    });
    let queried = stranger.query(&FlowNo::new("SUB0005")).await;
    assert!(
        !matches!(queried, Outcome::Done(Trade::Waiting | Trade::Paid(_))),
        "{queried:?}"
    );
}

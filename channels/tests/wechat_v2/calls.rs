//! Ordering, asking and closing when nothing goes wrong, and definite noes.

use super::shop::{OPENID, Shop, fen};
use cashier::channel::{
    Action, CauseKind, Channel, Closed, Offer, Outcome, PayRequest, RefusalKind, Trade,
};
use cashier::id::FlowNo;
use cashier::time::Span;
use cashier::way::Way;
use channels::wechat_v2::{Settings, SignType};

#[tokio::test]
async fn each_way_gives_something_that_the_payer_can_pay() {
    let shop = Shop::open().await;
    for (number, way) in [
        ("NATIVE1", Way::WxNative),
        ("JSAPI1", Way::WxJsapi),
        ("LITE001", Way::WxLite),
        ("APP0001", Way::WxApp),
        ("H500001", Way::WxH5),
    ] {
        let flow = FlowNo::new(number);
        let action = shop.hand_out(number, way).await;
        let waiting = shop.wechat.query(&flow).await;
        assert_eq!(waiting, Outcome::Done(Trade::Waiting), "{way}");
        assert_eq!(shop.scan(&action).unwrap(), number, "{way}");
        shop.pay(number);
        let queried = shop.wechat.query(&flow).await;
        let Outcome::Done(Trade::Paid(payment)) = queried else {
            panic!("{way}: {queried:?}")
        };
        let trade = shop.trade(number).unwrap();
        assert_eq!((payment.amount, trade.amount), (fen(8_888), 8_888), "{way}");
        assert_eq!(payment.trade_no, trade.trade_no, "{way}");
        assert!(
            shop.now().since(payment.paid_at) < Span::minutes(1),
            "{way}"
        );
        assert!(payment.payer.is_some(), "{way}");
        if way == Way::WxJsapi {
            assert_eq!(payment.payer.as_deref(), Some(OPENID));
        }
    }
}

#[tokio::test]
async fn both_methods_of_signing_are_spoken() {
    let shop = Shop::open().await;
    for (number, sign_type) in [
        ("METHOD1", SignType::Md5),
        ("METHOD2", SignType::HmacSha256),
    ] {
        let wechat = shop.with(Settings {
            sign_type,
            ..shop.settings()
        });
        let offer = wechat.pay(&shop.request(number, Way::WxJsapi)).await;
        let Outcome::Done(Offer::Action(action)) = offer else {
            panic!("{offer:?}")
        };
        assert_eq!(shop.scan(&action).unwrap(), number);
        shop.pay(number);
        let queried = wechat.query(&FlowNo::new(number)).await;
        assert!(
            matches!(queried, Outcome::Done(Trade::Paid(_))),
            "{queried:?}"
        );
    }
}

#[tokio::test]
async fn the_same_order_again_gives_something_to_pay_with() {
    let shop = Shop::open().await;
    let request = shop.request("AGAIN1", Way::WxNative);
    for _ in 0..2 {
        let offer = shop.wechat.pay(&request).await;
        let Outcome::Done(Offer::Action(action)) = offer else {
            panic!("{offer:?}")
        };
        assert_eq!(shop.scan(&action).unwrap(), "AGAIN1");
    }
}

#[tokio::test]
async fn the_expiry_of_the_flow_is_the_expiry_at_the_channel() {
    let shop = Shop::open().await;
    let request = shop.request("EXPIRY1", Way::WxNative);
    shop.wechat.pay(&request).await;
    let expires_at = shop.trade("EXPIRY1").unwrap().expires_at.unwrap();
    let expires_at = chrono::DateTime::parse_from_rfc3339(&expires_at).unwrap();
    assert_eq!(expires_at.timestamp(), request.expires_at.seconds());
}

#[tokio::test]
async fn an_order_that_cannot_be_made_is_refused_for_what_it_is() {
    let shop = Shop::open().await;
    let kind = async |request: &PayRequest| match shop.wechat.pay(request).await {
        Outcome::Refused(refusal) => refusal.kind,
        other => panic!("{other:?}"),
    };
    shop.sell("PAID001").await;
    let paid = shop.request("PAID001", Way::WxNative);
    assert_eq!(kind(&paid).await, RefusalKind::AlreadyPaid);
    let closed = shop.request("CLOSED1", Way::WxNative);
    shop.hand_out("CLOSED1", Way::WxNative).await;
    shop.wechat.close(&closed.flow_no).await;
    assert_eq!(kind(&closed).await, RefusalKind::Final);
}

#[tokio::test]
async fn the_same_number_with_other_content_is_no_answer_about_the_first_order() {
    let shop = Shop::open().await;
    let first = shop.request("DIFFER1", Way::WxNative);
    assert!(matches!(shop.wechat.pay(&first).await, Outcome::Done(_)));
    let other = PayRequest {
        amount: fen(9_999),
        ..first
    };
    let outcome = shop.wechat.pay(&other).await;
    let Outcome::Unknown(cause) = outcome else {
        panic!("{outcome:?}")
    };
    assert_eq!(cause.kind, CauseKind::ChannelError);
}

#[tokio::test]
async fn a_flow_that_was_never_ordered_is_not_found_and_not_closed() {
    let shop = Shop::open().await;
    let flow = FlowNo::new("NEVER01");
    assert_eq!(
        shop.wechat.query(&flow).await,
        Outcome::Done(Trade::NotFound)
    );
    assert_eq!(
        shop.wechat.close(&flow).await,
        Outcome::Done(Closed::NotFound)
    );
}

#[tokio::test]
async fn a_closed_flow_is_closed_for_good_and_closing_again_confirms_it() {
    let shop = Shop::open().await;
    let flow = FlowNo::new("CLOSE01");
    let action = shop.hand_out("CLOSE01", Way::WxNative).await;
    for _ in 0..2 {
        assert_eq!(
            shop.wechat.close(&flow).await,
            Outcome::Done(Closed::Confirmed)
        );
    }
    assert_eq!(shop.wechat.query(&flow).await, Outcome::Done(Trade::Closed));
    assert!(shop.scan(&action).is_err());
    shop.sandbox
        .sandbox()
        .force_pay("CLOSE01", Some(super::shop::MCHID))
        .unwrap();
    let late = shop.wechat.query(&flow).await;
    assert!(matches!(late, Outcome::Done(Trade::Paid(_))), "{late:?}");
}

#[tokio::test]
async fn a_paid_flow_cannot_be_closed() {
    let shop = Shop::open().await;
    shop.sell("CLOSE02").await;
    let flow = FlowNo::new("CLOSE02");
    assert_eq!(
        shop.wechat.close(&flow).await,
        Outcome::Done(Closed::NotAllowed)
    );
}

#[tokio::test]
async fn an_h5_address_brings_the_payer_back() {
    let shop = Shop::open().await;
    let Action::Redirect { url } = shop.hand_out("H500002", Way::WxH5).await else {
        panic!()
    };
    let back = "redirect_url=https%3A%2F%2Fshop.example%2Fback%3Forder%3D1%26x%3D%E4%BA%8C";
    assert!(url.contains(back), "{url}");
}

#[tokio::test]
async fn a_mini_program_is_paid_under_its_own_appid_and_asked_about_under_the_usual_one() {
    const LITE: &str = "wxlite00000000001";
    let registration = serde_json::json!({ "other_appids": [LITE] });
    let settings = sandbox::Settings::default();
    let mut shop = Shop::open_with(settings, registration, &["SUCCESS"]).await;
    let wechat = shop.with(Settings {
        lite_appid: Some(LITE.to_owned()),
        ..shop.settings()
    });
    let request = shop.request("LITE0001", Way::WxLite);
    let made = wechat.pay(&request).await;
    let Outcome::Done(Offer::Action(action)) = made else {
        panic!("{made:?}")
    };
    let Action::Jsapi { params } = &action else {
        panic!("{action:?}")
    };
    assert_eq!(params["appId"], LITE);
    shop.scan(&action).unwrap();
    shop.pay("LITE0001");
    let asked = wechat.query(&request.flow_no).await;
    assert!(matches!(asked, Outcome::Done(Trade::Paid(_))), "{asked:?}");
    let body = shop.notice().await;
    let raw = cashier::channel::RawNotice {
        headers: &[],
        body: &body,
    };
    assert!(wechat.open_notice(raw).is_ok());
    // The same account without the mini program does not take it for its own.
    assert!(shop.wechat.open_notice(raw).is_err());
    let unpaid = shop.request("LITE0002", Way::WxLite);
    wechat.pay(&unpaid).await;
    let closed = wechat.close(&unpaid.flow_no).await;
    assert_eq!(closed, Outcome::Done(Closed::Confirmed));
}

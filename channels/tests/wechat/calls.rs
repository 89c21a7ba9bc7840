//! Ordering, asking and closing when nothing goes wrong, and every definite no.

use super::shop::{MCHID, Shop, fen};
use cashier::channel::{
    Action, CauseKind, Channel, Closed, Offer, Outcome, PayRequest, RefusalKind, Trade,
};
use cashier::id::FlowNo;
use cashier::time::{Span, Timestamp};
use cashier::way::Way;

#[tokio::test]
async fn each_way_gives_something_that_the_payer_can_pay() {
    let shop = Shop::open().await;
    for (number, way) in [
        ("NATIVE1", Way::WxNative),
        ("JSAPI1", Way::WxJsapi),
        ("APP0001", Way::WxApp),
        ("H500001", Way::WxH5),
    ] {
        let flow = FlowNo::new(number);
        let action = shop.hand_out(number, way).await;
        assert_eq!(
            shop.wechat.query(&flow).await,
            Outcome::Done(Trade::Waiting),
            "{way}"
        );
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
            assert_eq!(
                payment.payer.as_deref(),
                Some("oUpF8uMuAJO_M2pxb1Q9zNjWeS6o")
            );
        }
    }
}

#[tokio::test]
async fn what_is_handed_out_has_the_form_of_its_way() {
    let shop = Shop::open().await;
    let Action::QrCode { text } = shop.hand_out("NATIVE2", Way::WxNative).await else {
        panic!()
    };
    assert!(text.starts_with("weixin://"), "{text}");
    let Action::Redirect { url } = shop.hand_out("H500002", Way::WxH5).await else {
        panic!()
    };
    let back = "redirect_url=https%3A%2F%2Fshop.example%2Fback%3Forder%3D1%26x%3D%E4%BA%8C";
    assert!(url.contains(back), "{url}");
    let Action::Jsapi { params } = shop.hand_out("JSAPI2", Way::WxJsapi).await else {
        panic!()
    };
    let names: Vec<&str> = params.keys().map(String::as_str).collect();
    assert_eq!(
        names,
        [
            "appId",
            "nonceStr",
            "package",
            "paySign",
            "signType",
            "timeStamp"
        ]
    );
}

#[tokio::test]
async fn the_same_order_again_gives_a_new_code_and_the_old_one_is_dead() {
    let shop = Shop::open().await;
    let request = shop.request("AGAIN1", Way::WxNative);
    let Outcome::Done(Offer::Action(first)) = shop.wechat.pay(&request).await else {
        panic!()
    };
    let Outcome::Done(Offer::Action(second)) = shop.wechat.pay(&request).await else {
        panic!()
    };
    assert_ne!(first, second);
    assert!(shop.scan(&first).is_err());
    assert_eq!(shop.scan(&second).unwrap(), "AGAIN1");
}

#[tokio::test]
async fn the_expiry_of_the_flow_is_the_expiry_at_the_channel() {
    let shop = Shop::open().await;
    let request = shop.request("EXPIRY1", Way::WxNative);
    let Outcome::Done(Offer::Action(action)) = shop.wechat.pay(&request).await else {
        panic!()
    };
    let expires_at = shop.trade("EXPIRY1").unwrap().expires_at.unwrap();
    let expires_at = chrono::DateTime::parse_from_rfc3339(&expires_at)
        .unwrap()
        .timestamp();
    assert_eq!(expires_at, request.expires_at.seconds());
    shop.pass(15 * 60 + 1);
    let late = shop
        .scan(&action)
        .map(|_| shop.sandbox.sandbox().pay("EXPIRY1", Some(MCHID)));
    assert!(!matches!(late, Ok(Ok(_))), "{late:?}");
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
    let malformed = shop.request("a number with blanks", Way::WxNative);
    assert_eq!(kind(&malformed).await, RefusalKind::Final);
    let past = PayRequest {
        expires_at: Timestamp::from_millis(0),
        ..shop.request("PAST001", Way::WxNative)
    };
    assert_eq!(kind(&past).await, RefusalKind::Final);
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
    assert!(cause.detail.contains("INVALID_REQUEST"), "{}", cause.detail);
}

#[tokio::test]
async fn a_request_that_lacks_what_its_way_needs_is_not_sent() {
    let shop = Shop::open().await;
    let jsapi = PayRequest {
        payer: None,
        auth_code: None,
        ..shop.request("LACKS01", Way::WxJsapi)
    };
    let h5 = PayRequest {
        client_ip: None,
        ..shop.request("LACKS02", Way::WxH5)
    };
    let alipay = shop.request("LACKS03", Way::AliQr);
    for request in [jsapi, h5, alipay] {
        let outcome = shop.wechat.pay(&request).await;
        assert!(matches!(outcome, Outcome::NotSent(_)), "{outcome:?}");
        assert_eq!(shop.trade(request.flow_no.as_str()), None);
    }
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
    assert_eq!(
        shop.wechat.close(&flow).await,
        Outcome::Done(Closed::Confirmed)
    );
    assert_eq!(
        shop.wechat.close(&flow).await,
        Outcome::Done(Closed::Confirmed)
    );
    assert_eq!(shop.wechat.query(&flow).await, Outcome::Done(Trade::Closed));
    assert!(shop.scan(&action).is_err());
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
    assert!(matches!(
        shop.wechat.query(&flow).await,
        Outcome::Done(Trade::Paid(_))
    ));
}

#[tokio::test]
async fn money_that_comes_after_the_close_is_seen() {
    let shop = Shop::open().await;
    let flow = FlowNo::new("LATE001");
    shop.hand_out("LATE001", Way::WxNative).await;
    assert_eq!(
        shop.wechat.close(&flow).await,
        Outcome::Done(Closed::Confirmed)
    );
    shop.sandbox
        .sandbox()
        .force_pay("LATE001", Some(MCHID))
        .unwrap();
    assert!(matches!(
        shop.wechat.query(&flow).await,
        Outcome::Done(Trade::Paid(_))
    ));
}

#[tokio::test]
async fn too_early_to_close_is_not_a_close() {
    let shop = Shop::open().await;
    shop.hand_out("EARLY01", Way::WxNative).await;
    shop.fault("wechat.close", "too_early");
    let flow = FlowNo::new("EARLY01");
    assert_eq!(
        shop.wechat.close(&flow).await,
        Outcome::Done(Closed::TooEarly)
    );
    assert_eq!(
        shop.wechat.query(&flow).await,
        Outcome::Done(Trade::Waiting)
    );
}

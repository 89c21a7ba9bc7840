//! A service provider collects for the merchant below it: every call is made in the names
//! of both, and what is told about another merchant is not ours.

use super::shop::{MCHID, Shop, fen};
use cashier::channel::{
    Action, BillRow, CauseKind, Channel, Closed, NoticeFact, NoticeRefusal, Offer, Outcome,
    PayRequest, RawNotice, RefundRequest, Refunded, Reversed, Trade,
};
use cashier::id::{FlowNo, RefundNo};
use cashier::time::Day;
use cashier::way::Way;
use channels::wechat::{Settings, SubMerchant, Wechat};
use sandbox::{Behaviour, Channel as At, WechatApp};

const SUB: &str = "1900000109";
const OTHER: &str = "1900000110";
const SUB_APPID: &str = "wxsub678efh567hg678";

const TWO_DAYS: i64 = 2 * 24 * 3600;

/// A provider with two merchants below it, the first with this application.
async fn provider(sub_appid: Option<&str>) -> (Shop, Wechat) {
    let shop = Shop::open().await;
    for (sub_mchid, sub_appid) in [(SUB, sub_appid), (OTHER, None)] {
        let sub = sandbox::SubMerchant {
            sub_mchid: sub_mchid.to_owned(),
            sub_appid: sub_appid.map(str::to_owned),
        };
        let sandbox = shop.sandbox.sandbox();
        sandbox.link_sub_merchant(MCHID, sub).unwrap();
    }
    let wechat = acting_for(&shop, SUB, sub_appid);
    (shop, wechat)
}

fn acting_for(shop: &Shop, sub: &str, appid: Option<&str>) -> Wechat {
    shop.with(Settings {
        sub_merchant: Some(SubMerchant {
            mchid: sub.to_owned(),
            appid: appid.map(str::to_owned),
        }),
        ..shop.settings()
    })
}

async fn handed_out(wechat: &Wechat, request: &PayRequest) -> Action {
    match wechat.pay(request).await {
        Outcome::Done(Offer::Action(action)) => action,
        other => panic!("{}: {other:?}", request.way),
    }
}

fn shown(shop: &Shop, number: &str, behaviour: Behaviour) -> PayRequest {
    let auth_code = shop.sandbox.sandbox().show_barcode(At::Wechat, behaviour);
    PayRequest {
        auth_code: Some(auth_code),
        payer: None,
        ..shop.request(number, Way::WxBar)
    }
}

#[tokio::test]
async fn every_way_is_paid_told_and_given_back_in_the_names_of_both() {
    for sub_appid in [None, Some(SUB_APPID)] {
        let (mut shop, wechat) = provider(sub_appid).await;
        let other = acting_for(&shop, OTHER, None);
        for (number, way) in [
            ("PARTNER1", Way::WxNative),
            ("PARTNER2", Way::WxJsapi),
            ("PARTNER3", Way::WxApp),
            ("PARTNER4", Way::WxH5),
            ("PARTNER5", Way::WxLite),
        ] {
            let request = shop.request(number, way);
            let action = handed_out(&wechat, &request).await;
            if let Action::App { params, .. } = &action {
                assert_eq!(params.as_ref().unwrap()["partnerid"], SUB);
            }
            shop.scan(&action).unwrap();
            shop.sandbox.sandbox().pay(number, None).unwrap();
            let asked = wechat.query(&request.flow_no).await;
            let Outcome::Done(Trade::Paid(payment)) = asked else {
                panic!("{way}: {asked:?}")
            };
            let (headers, body) = shop.notice().await;
            let raw = RawNotice {
                headers: &headers,
                body: &body,
            };
            let opened = wechat.open_notice(raw).unwrap();
            assert!(matches!(opened.fact, NoticeFact::Trade { .. }), "{way}");
            for stranger in [&other, &shop.wechat] {
                let refused = stranger.open_notice(raw).unwrap_err();
                assert!(matches!(refused, NoticeRefusal::Identity { .. }), "{way}");
            }
            let refund = RefundRequest {
                refund_no: RefundNo::new(format!("R{number}")),
                flow_no: request.flow_no.clone(),
                trade_no: payment.trade_no,
                amount: fen(100),
                total: payment.amount,
                reason: None,
                notify_url: request.notify_url.clone(),
            };
            let given = wechat.refund(&refund).await;
            assert_eq!(given, Outcome::Done(Refunded::Processing), "{way}");
            let known = wechat.query_refund(&refund).await;
            assert_eq!(known, Outcome::Done(Refunded::Processing), "{way}");
            let unknown = other.query_refund(&refund).await;
            assert_eq!(unknown, Outcome::Done(Refunded::NotFound), "{way}");
        }
    }
}

#[tokio::test]
async fn the_end_of_a_refund_is_told_to_the_provider_of_that_merchant_only() {
    let (mut shop, wechat) = provider(None).await;
    let request = shop.request("PARTNER6", Way::WxNative);
    shop.scan(&handed_out(&wechat, &request).await).unwrap();
    shop.sandbox.sandbox().pay("PARTNER6", None).unwrap();
    shop.notice().await;
    let Outcome::Done(Trade::Paid(payment)) = wechat.query(&request.flow_no).await else {
        panic!()
    };
    let refund = RefundRequest {
        refund_no: RefundNo::new("RPARTNER6"),
        flow_no: request.flow_no.clone(),
        trade_no: payment.trade_no,
        amount: fen(100),
        total: payment.amount,
        reason: None,
        notify_url: request.notify_url.clone(),
    };
    wechat.refund(&refund).await;
    let settled = serde_json::json!({ "state": "SUCCESS" });
    shop.control("refunds/RPARTNER6", settled).await;
    let (headers, body) = shop.notice().await;
    let raw = RawNotice {
        headers: &headers,
        body: &body,
    };
    let fact = wechat.open_notice(raw).unwrap().fact;
    let NoticeFact::Refund { refunded, .. } = fact else {
        panic!("{fact:?}")
    };
    assert_eq!(refunded, Some(Refunded::Succeeded));
    for stranger in [&acting_for(&shop, OTHER, None), &shop.wechat] {
        let refused = stranger.open_notice(raw).unwrap_err();
        assert!(matches!(refused, NoticeRefusal::Identity { .. }));
    }
}

#[tokio::test]
async fn a_payment_by_code_is_taken_and_taken_back_in_the_names_of_both() {
    for sub_appid in [None, Some(SUB_APPID)] {
        let (shop, wechat) = provider(sub_appid).await;
        let other = acting_for(&shop, OTHER, None);
        for (number, behaviour, expected) in [
            ("PBAR0001", Behaviour::Pay, None),
            ("PBAR0002", Behaviour::AskPassword, Some(Trade::Waiting)),
        ] {
            let request = shown(&shop, number, behaviour);
            let offer = wechat.pay(&request).await;
            let Outcome::Done(Offer::Trade(trade)) = offer else {
                panic!("{number}: {offer:?}")
            };
            match expected {
                Some(expected) => assert_eq!(trade, expected),
                None => assert!(matches!(trade, Trade::Paid(_)), "{trade:?}"),
            }
            shop.pass(20);
            let foreign = other.reverse(&request.flow_no).await;
            assert_eq!(foreign, Outcome::Done(Reversed::NotFound), "{number}");
            let back = wechat.reverse(&request.flow_no).await;
            assert_eq!(back, Outcome::Done(Reversed::Confirmed), "{number}");
            let asked = wechat.query(&request.flow_no).await;
            assert_eq!(asked, Outcome::Done(Trade::Closed), "{number}");
        }
    }
}

#[tokio::test]
async fn a_mini_program_of_the_merchant_below_is_paid_under_its_own_appid() {
    const LITE: &str = "wxlite00000000001";
    let (shop, _) = provider(Some(LITE)).await;
    let wechat = shop.with(Settings {
        lite_appid: Some(LITE.to_owned()),
        sub_merchant: Some(SubMerchant {
            mchid: SUB.to_owned(),
            appid: Some(LITE.to_owned()),
        }),
        ..shop.settings()
    });
    let request = shop.request("PLITE001", Way::WxLite);
    let action = handed_out(&wechat, &request).await;
    let Action::Jsapi { params } = &action else {
        panic!("{action:?}")
    };
    assert_eq!(params["appId"], LITE);
    assert_eq!(shop.scan(&action).unwrap(), "PLITE001");
    // The provider's own mini program, where the merchant below has none.
    let (shop, _) = provider(None).await;
    let app = WechatApp {
        appid: LITE.to_owned(),
        secret: None,
        oauth_domain: None,
    };
    shop.sandbox.sandbox().bind_wechat_app(MCHID, app).unwrap();
    let wechat = shop.with(Settings {
        lite_appid: Some(LITE.to_owned()),
        sub_merchant: Some(SubMerchant {
            mchid: SUB.to_owned(),
            appid: None,
        }),
        ..shop.settings()
    });
    let request = shop.request("PLITE002", Way::WxLite);
    let action = handed_out(&wechat, &request).await;
    shop.scan(&action).unwrap();
    shop.sandbox.sandbox().pay("PLITE002", None).unwrap();
    let asked = wechat.query(&request.flow_no).await;
    assert!(matches!(asked, Outcome::Done(Trade::Paid(_))), "{asked:?}");
}

#[tokio::test]
async fn another_merchants_flow_is_neither_found_nor_closed_nor_ordered() {
    let (shop, wechat) = provider(None).await;
    let unpaid = shop.request("PARTNER9", Way::WxNative);
    handed_out(&wechat, &unpaid).await;
    let other = acting_for(&shop, OTHER, None);
    let asked = other.query(&unpaid.flow_no).await;
    assert_eq!(asked, Outcome::Done(Trade::NotFound));
    let closed = other.close(&unpaid.flow_no).await;
    assert_eq!(closed, Outcome::Done(Closed::NotFound));
    let closed = wechat.close(&unpaid.flow_no).await;
    assert_eq!(closed, Outcome::Done(Closed::Confirmed));
    let stranger = acting_for(&shop, "1900000111", None);
    let request = shop.request("PARTNER8", Way::WxNative);
    let refused = stranger.pay(&request).await;
    assert!(matches!(refused, Outcome::Refused(_)), "{refused:?}");
}

#[tokio::test]
async fn the_bill_of_a_merchant_below_has_its_own_rows_and_nobody_elses() {
    let (shop, wechat) = provider(None).await;
    let other = acting_for(&shop, OTHER, None);
    let day = Day::of(shop.now()).unwrap();
    for (number, seller) in [("PBILL001", &wechat), ("PBILL002", &other)] {
        let action = handed_out(seller, &shop.request(number, Way::WxNative)).await;
        shop.scan(&action).unwrap();
        shop.sandbox.sandbox().pay(number, None).unwrap();
    }
    shop.pass(TWO_DAYS);
    for (number, seller) in [("PBILL001", &wechat), ("PBILL002", &other)] {
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

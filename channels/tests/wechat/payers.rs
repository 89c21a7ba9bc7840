//! Who pays: inside WeChat and in a mini program.

use super::shop::{APPID, MCHID, Shop};
use cashier::channel::{Action, Channel, Offer, Outcome, RawNotice, RefusalKind, Trade};
use cashier::way::Way;
use channels::wechat::{Settings, Wechat};
use sandbox::WechatApp;

fn bind(shop: &Shop, appid: &str, secret: Option<&str>) {
    let app = WechatApp {
        appid: appid.to_owned(),
        secret: secret.map(Into::into),
        oauth_domain: None,
    };
    let sandbox = shop.sandbox.sandbox();
    sandbox.bind_wechat_app(MCHID, app).unwrap();
}

fn knowing(shop: &Shop) -> Wechat {
    bind(shop, APPID, Some("s3cret"));
    shop.with(Settings {
        app_secret: Some("s3cret".into()),
        ..shop.settings()
    })
}

/// The payer's browser inside WeChat goes there, and comes back with a code.
async fn code(shop: &Shop, asked_at: &str) -> String {
    let back = shop.inside_wechat(asked_at).await;
    let url = url::Url::parse(&back).unwrap();
    let of = |name: &str| {
        let found = url.query_pairs().find(|(key, _)| key == name);
        found.unwrap().1.into_owned()
    };
    assert_eq!(of("state"), "s1");
    of("code")
}

#[tokio::test]
async fn a_payer_inside_wechat_is_known_by_a_code_that_is_good_once() {
    let shop = Shop::open().await;
    let wechat = knowing(&shop);
    shop.sandbox
        .sandbox()
        .set_wechat_payer(APPID, "oPAYER0000000000000000000001");
    let payers = wechat.payers().unwrap();
    let code = code(
        &shop,
        &payers.asked_at("https://pay.example.com/back?a=1", "s1"),
    )
    .await;
    assert_eq!(payers.code_field(), "code");
    let openid = payers.payer(&code).await;
    assert_eq!(
        openid,
        Outcome::Done("oPAYER0000000000000000000001".to_owned())
    );
    let again = payers.payer(&code).await;
    let Outcome::Refused(refusal) = again else {
        panic!("{again:?}")
    };
    assert_eq!(refusal.kind, RefusalKind::Final);
    assert!(shop.wechat.payers().is_none(), "no secret, no payers");
}

#[tokio::test]
async fn a_mini_program_is_paid_under_its_own_appid() {
    const LITE: &str = "wxlite00000000001";
    let mut shop = Shop::open().await;
    bind(&shop, LITE, None);
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
    let (headers, body) = shop.notice().await;
    let raw = RawNotice {
        headers: &headers,
        body: &body,
    };
    assert!(wechat.open_notice(raw).is_ok());
    // The same account without the mini program does not take it for its own.
    assert!(shop.wechat.open_notice(raw).is_err());
}

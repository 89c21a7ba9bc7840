//! WeChat Pay under APIv3: calls for a merchant below have paths of their own
//! (`/v3/pay/partner/`, where the document has them), and `sub_mchid` in the body or the query.

use crate::wire::{Sent, Wire, value};
use crate::{Always, Stopped, wechats_calls};
use channels::wechat::{Account, Answers, PlatformKey, Settings, SubMerchant, Wechat};
use std::sync::Arc;

const SUB: &str = "1900000109";

/// The calls in the order in which [`wechats_calls`] makes them.
const CALLS: [&str; 12] = [
    "POST /v3/pay/partner/transactions/native",
    "POST /v3/pay/partner/transactions/jsapi",
    "POST /v3/pay/partner/transactions/jsapi",
    "POST /v3/pay/partner/transactions/app",
    "POST /v3/pay/partner/transactions/h5",
    "POST /v3/pay/partner/transactions/codepay",
    "GET /v3/pay/partner/transactions/out-trade-no/ACT0001",
    "POST /v3/pay/partner/transactions/out-trade-no/ACT0001/close",
    "POST /v3/pay/partner/transactions/out-trade-no/ACT0001/reverse",
    "POST /v3/refund/domestic/refunds",
    "GET /v3/refund/domestic/refunds/RACT0001",
    "GET /v3/bill/tradebill",
];

fn adapter(url: &str) -> Wechat {
    let settings = Settings {
        mchid: key("/mchid"),
        appid: key("/appid"),
        serial_no: key("/merchant/serial_no"),
        merchant_certificate: None,
        merchant_private_key: key("/merchant/private_key_pkcs8_pem").into(),
        apiv3_key: key("/apiv3_key").into(),
        platform_keys: vec![PlatformKey {
            id: key("/wechatpay_public_key/id"),
            pem: key("/wechatpay_public_key/public_key_spki_pem"),
        }],
        platform_certificates: false,
        answers: Answers::PublicKey,
        lite_appid: None,
        codepay: true,
        app_secret: None,
        sub_merchant: Some(SubMerchant {
            mchid: SUB.to_owned(),
            appid: None,
        }),
        base_url: url.to_owned(),
        open_url: Settings::OPEN_URL.to_owned(),
        sns_url: Settings::SNS_URL.to_owned(),
        deadline: Settings::DEADLINE,
    };
    let account = Account::new(settings).unwrap();
    Wechat::new(account, Arc::new(Stopped), Arc::new(Always)).unwrap()
}

#[tokio::test]
async fn every_call_under_apiv3_names_the_merchant_below() {
    let mut wire = Wire::open().await;
    let wechat = adapter(&wire.url);
    let sent = wechats_calls(&wechat, &mut wire, CALLS).await;
    for sent in &sent {
        assert_eq!(named(sent).as_deref(), Some(SUB), "{}", sent.call);
    }
}

/// The merchant that is named: in the query of a question, else in the body.
fn named(sent: &Sent) -> Option<String> {
    if sent.call.starts_with("GET ") {
        return value(&sent.query, "sub_mchid").map(str::to_owned);
    }
    let body: serde_json::Value = serde_json::from_str(&sent.body).unwrap();
    body["sub_mchid"].as_str().map(str::to_owned)
}

pub fn key(pointer: &str) -> String {
    let keys: serde_json::Value =
        serde_json::from_str(include_str!("../../fixtures/wechat/00_keys.json")).unwrap();
    keys.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

//! WeChat Pay under APIv2: `sub_mch_id` is a field of every message, a bill's too.

use crate::wechat::key;
use crate::wire::Wire;
use crate::{Always, Stopped, wechats_calls};
use channels::wechat_v2::{Account, Settings, SignType, SubMerchant, WechatV2};
use std::sync::Arc;

const SUB: &str = "1900000109";

/// The calls in the order in which [`wechats_calls`] makes them.
const CALLS: [&str; 12] = [
    "POST /pay/unifiedorder",
    "POST /pay/unifiedorder",
    "POST /pay/unifiedorder",
    "POST /pay/unifiedorder",
    "POST /pay/unifiedorder",
    "POST /pay/micropay",
    "POST /pay/orderquery",
    "POST /pay/closeorder",
    "POST /secapi/pay/reverse",
    "POST /secapi/pay/refund",
    "POST /pay/refundquery",
    "POST /pay/downloadbill",
];

fn adapter(url: &str) -> WechatV2 {
    let settings = Settings {
        mch_id: key("/mchid"),
        appid: key("/appid"),
        lite_appid: None,
        sub_merchant: Some(SubMerchant {
            mch_id: SUB.to_owned(),
            appid: None,
        }),
        apiv2_key: key("/apiv2_key").into(),
        sign_type: SignType::HmacSha256,
        merchant_certificate: key("/merchant/cert_pem"),
        merchant_private_key: key("/merchant/private_key_pkcs8_pem").into(),
        app_secret: None,
        open_url: Settings::OPEN_URL.to_owned(),
        sns_url: Settings::SNS_URL.to_owned(),
        base_url: url.to_owned(),
        authority: None,
        deadline: Settings::DEADLINE,
    };
    let account = Account::new(settings).unwrap();
    WechatV2::new(account, Arc::new(Stopped), Arc::new(Always)).unwrap()
}

#[tokio::test]
async fn every_call_under_apiv2_names_the_merchant_below() {
    let mut wire = Wire::open().await;
    let wechat = adapter(&wire.url);
    let sent = wechats_calls(&wechat, &mut wire, CALLS).await;
    let named = format!("<sub_mch_id>{SUB}</sub_mch_id>");
    for sent in &sent {
        assert!(sent.body.contains(&named), "{}: {}", sent.call, sent.body);
    }
}

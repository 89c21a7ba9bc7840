//! WeChat Pay under APIv2: the same sheet, which comes at once and signed by nobody.

use crate::wechat::key;
use crate::{Always, At, Made, Served, Stopped, wechat};
use cashier::channel::Bills;
use channels::wechat_v2::{Account, Settings, SignType, WechatV2};
use std::sync::Arc;

pub struct Day;

impl At for Day {
    const NAME: &'static str = "WeChat Pay, APIv2";

    fn bill(trades: u32) -> Made {
        wechat::Day::bill(trades)
    }

    fn answers(_: &str, made: Made) -> Vec<Served> {
        vec![Served::File(made.file)]
    }

    fn adapter(url: &str) -> impl Bills {
        let settings = Settings {
            mch_id: key("/mchid"),
            appid: key("/appid"),
            lite_appid: None,
            sub_merchant: None,
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
}

//! WeChat Pay under APIv3: a sheet in gzip, whose hash a signed answer tells.

use crate::{Always, At, Made, NOW, Served, Stopped};
use aws_lc_rs::digest::{Context, SHA1_FOR_LEGACY_USE_ONLY};
use aws_lc_rs::rand::SystemRandom;
use aws_lc_rs::signature::{RSA_PKCS1_SHA256, RsaKeyPair};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::channel::Bills;
use channels::wechat::{Account, Answers, PlatformKey, Settings, Wechat};
use flate2::Compression;
use flate2::write::GzEncoder;
use std::io::Write;
use std::sync::Arc;

const COLUMNS: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,\
    交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,\
    充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,费率备注";

const SUMS: &str = "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,\
    申请退款总金额";

pub struct Day;

impl At for Day {
    const NAME: &'static str = "WeChat Pay, APIv3";

    fn bill(trades: u32) -> Made {
        let mut packed = GzEncoder::new(tempfile::tempfile().unwrap(), Compression::fast());
        let mut hash = Context::new(&SHA1_FOR_LEGACY_USE_ONLY);
        let mut length = 0;
        let mut write = |text: &str| {
            length += text.len() as u64;
            hash.update(text.as_bytes());
            packed.write_all(text.as_bytes()).unwrap();
        };
        write(&format!("\u{feff}{COLUMNS}\r\n"));
        let (appid, mchid) = (key("/appid"), key("/mchid"));
        for number in 0..trades {
            write(&format!(
                "`2024-07-24 10:00:05,`{appid},`{mchid},`0,`,`4200{number:024},`FLOW{number:024},\
                 `oUpF8uMuAJO_M2pxb1Q9zNjWeS6o,`NATIVE,`SUCCESS,`OTHERS,`CNY,`0.01,`0.00,`0,`0,\
                 `0.00,`0.00,`,`,`茶,`,`0.00000,`0.60%,`0.01,`0.00,`\r\n"
            ));
        }
        let total = format!("{}.{:02}", trades / 100, trades % 100);
        write(&format!("{SUMS}\r\n"));
        write(&format!(
            "`{trades},`{total},`0.00,`0.00,`0.00000,`{total},`0.00\r\n"
        ));
        Made {
            file: packed.finish().unwrap(),
            hash: hex::encode(hash.finish()),
            length,
        }
    }

    /// The answer to the question for the address, then the download.
    fn answers(url: &str, made: Made) -> Vec<Served> {
        let answer = format!(
            r#"{{"hash_type":"SHA1","hash_value":"{}","download_url":"{url}/v3/billdownload/file?token=T"}}"#,
            made.hash
        );
        vec![
            Served::Text(signed(&answer), answer),
            Served::File(made.file),
        ]
    }

    fn adapter(url: &str) -> impl Bills {
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
            codepay: false,
            app_secret: None,
            sub_merchant: None,
            base_url: url.to_owned(),
            open_url: Settings::OPEN_URL.to_owned(),
            sns_url: Settings::SNS_URL.to_owned(),
            deadline: Settings::DEADLINE,
        };
        let account = Account::new(settings).unwrap();
        Wechat::new(account, Arc::new(Stopped), Arc::new(Always)).unwrap()
    }
}

/// The headers that sign a body.
fn signed(body: &str) -> Vec<(&'static str, String)> {
    let pem = key("/wechatpay_public_key/private_key_pkcs8_pem");
    let base64: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    let private = RsaKeyPair::from_pkcs8(&STANDARD.decode(base64).unwrap()).unwrap();
    let timestamp = NOW.seconds().to_string();
    let text = format!("{timestamp}\nN1\n{body}\n");
    let mut signature = vec![0; private.public_modulus_len()];
    private
        .sign(
            &RSA_PKCS1_SHA256,
            &SystemRandom::new(),
            text.as_bytes(),
            &mut signature,
        )
        .unwrap();
    vec![
        ("Wechatpay-Timestamp", timestamp),
        ("Wechatpay-Nonce", "N1".to_owned()),
        ("Wechatpay-Serial", key("/wechatpay_public_key/id")),
        ("Wechatpay-Signature", STANDARD.encode(signature)),
    ]
}

pub fn key(pointer: &str) -> String {
    let keys: serde_json::Value =
        serde_json::from_str(include_str!("../../fixtures/wechat/00_keys.json")).unwrap();
    keys.pointer(pointer).unwrap().as_str().unwrap().to_owned()
}

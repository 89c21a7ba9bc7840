//! The demo's merchant: keys of its own, accounts at the sandbox, and the import
//! file that tells the gateway of them.

use super::Fault;
use super::folder::Folder;
use crate::accounts::OPS_PREFIX;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use cashier::time::Entropy;
use sandbox::{AlipayApp, WechatMerchant};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde_json::json;
use std::path::PathBuf;

/// The file of the master key.
pub(super) const MASTER_KEY: &str = "master.key";
/// The Alipay account's id.
pub(super) const ALIPAY: &str = "demo_alipay";
/// The WeChat Pay account's id.
pub(super) const WECHAT: &str = "demo_wechat";

/// The demo's operator.
const OPERATOR: &str = "demo";

const API_KEY: &str = "api.key";
const OPS_KEY: &str = "ops.key";
const WEBHOOK_SECRET: &str = "webhook.secret";
const ALIPAY_KEY: &str = "alipay_app_private.key";
const ALIPAY_PUBLIC_KEY: &str = "alipay_public.pem";
const WECHAT_KEY: &str = "wechat_merchant_private.key";
const WECHAT_APIV3_KEY: &str = "wechat_apiv3.key";
const WECHAT_APP_SECRET: &str = "wechat_app.secret";
const WECHAT_PUBLIC_KEY: &str = "wechat_public.pem";
const IMPORT: &str = "accounts.toml";

const APP_ID: &str = "9021000100000001";
const SELLER_ID: &str = "2088000000000001";
const MCHID: &str = "1900000001";
const APPID: &str = "wx0123456789abcdef";
const SERIAL_NO: &str = "1DDE55AD98ED71D6EDD4A4A16996DE7B47773A8C";

/// The demo's merchant.
pub(super) struct Merchant {
    /// Its API key.
    pub(super) api_key: SecretString,
    /// The key of an operator.
    pub(super) ops_key: SecretString,
    /// What its events are signed with.
    pub(super) webhook_secret: SecretString,
    alipay_public: String,
    wechat_public: String,
    apiv3_key: SecretString,
}

impl Merchant {
    /// The merchant of a folder, with keys that were made the first time.
    pub(super) fn kept(folder: &Folder, entropy: &dyn Entropy) -> Result<Merchant, Fault> {
        let hex = |bytes: usize| Zeroizing::new(hex::encode(random(entropy, bytes)));
        let base64 = || Zeroizing::new(STANDARD.encode(random(entropy, 32)));
        folder.secret(MASTER_KEY, || Ok(base64()))?;
        // The sandbox takes any secret of an official account.
        folder.secret(WECHAT_APP_SECRET, || Ok(hex(16)))?;
        let api_key = || Ok(Zeroizing::new(format!("till_test_{}", *hex(24))));
        let ops_key = || Ok(Zeroizing::new(format!("{OPS_PREFIX}{}", *hex(24))));
        let webhook_secret = || Ok(Zeroizing::new(format!("whsec_{}", *base64())));
        Ok(Merchant {
            api_key: folder.secret(API_KEY, api_key)?,
            ops_key: folder.secret(OPS_KEY, ops_key)?,
            webhook_secret: folder.secret(WEBHOOK_SECRET, webhook_secret)?,
            alipay_public: public_key(&folder.secret(ALIPAY_KEY, private_key)?)?,
            wechat_public: public_key(&folder.secret(WECHAT_KEY, private_key)?)?,
            apiv3_key: folder.secret(WECHAT_APIV3_KEY, || Ok(hex(16)))?,
        })
    }

    /// Registers the accounts at the sandbox and writes the import file.
    pub(super) fn register(
        &self,
        folder: &Folder,
        running: &sandbox::Running,
        shop_url: &str,
    ) -> Result<PathBuf, Fault> {
        let alipay = running.sandbox().register_alipay(AlipayApp {
            app_id: APP_ID.to_owned(),
            seller_id: SELLER_ID.to_owned(),
            app_public_key_pem: self.alipay_public.clone(),
        })?;
        let wechat = running.sandbox().register_wechat(WechatMerchant {
            mchid: MCHID.to_owned(),
            appid: APPID.to_owned(),
            serial_no: SERIAL_NO.to_owned(),
            merchant_public_key_pem: self.wechat_public.clone(),
            apiv3_key: self.apiv3_key.clone(),
        })?;
        folder.write(ALIPAY_PUBLIC_KEY, &alipay)?;
        folder.write(WECHAT_PUBLIC_KEY, &wechat.public_key_pem)?;
        let file = import_file(&running.url(), &wechat.public_key_id, shop_url);
        folder.write(IMPORT, &toml::to_string_pretty(&file)?)?;
        Ok(folder.path(IMPORT))
    }
}

fn import_file(sandbox: &str, platform_key: &str, shop: &str) -> serde_json::Value {
    let alipay = json!({
        "id": ALIPAY,
        "channel": "alipay",
        "ways": ["ALI_PC", "ALI_WAP", "ALI_APP", "ALI_QR", "ALI_BAR", "ALI_JSAPI"],
        "app_id": APP_ID,
        "seller_id": SELLER_ID,
        "app_private_key_file": ALIPAY_KEY,
        "alipay_public_key_file": ALIPAY_PUBLIC_KEY,
        "base_url": sandbox,
    });
    let wechat = json!({
        "id": WECHAT,
        "channel": "wechat",
        "protocol": "v3",
        "ways": ["WX_NATIVE", "WX_H5", "WX_JSAPI", "WX_APP", "WX_BAR", "WX_LITE"],
        "mchid": MCHID,
        "appid": APPID,
        "serial_no": SERIAL_NO,
        "merchant_private_key_file": WECHAT_KEY,
        "apiv3_key_file": WECHAT_APIV3_KEY,
        "app_secret_file": WECHAT_APP_SECRET,
        "codepay": true,
        "platform_keys": [{ "id": platform_key, "file": WECHAT_PUBLIC_KEY }],
        "base_url": sandbox,
    });
    let app = json!({
        "id": "demo_shop",
        "name": "Demo Shop 演示商店",
        "accounts": [ALIPAY, WECHAT],
        "policy": { "switch": "overlap", "late_payment": "refund", "flow_minutes": 15 },
        "api_keys": [{ "key_file": API_KEY }],
        "webhook": { "url": format!("{shop}/webhook"), "secret_files": [WEBHOOK_SECRET] },
    });
    let merchant = json!({
        "id": "demo",
        "name": "Demo Merchant",
        "accounts": [alipay, wechat],
        "apps": [app],
    });
    json!({
        "merchants": [merchant],
        "operators": [{ "name": OPERATOR, "key_file": OPS_KEY }],
    })
}

fn random(entropy: &dyn Entropy, bytes: usize) -> Zeroizing<Vec<u8>> {
    let mut random = Zeroizing::new(Vec::with_capacity(bytes + 16));
    while random.len() < bytes {
        random.extend_from_slice(&entropy.bytes());
    }
    random.truncate(bytes);
    random
}

/// A new RSA key: PKCS#8 in base64, as the channels' own tools print it.
fn private_key() -> Result<Zeroizing<String>, Fault> {
    let pair = KeyPair::generate(KeySize::Rsa2048)?;
    let der = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair)?;
    Ok(Zeroizing::new(STANDARD.encode(der.as_ref())))
}

/// The public half: SubjectPublicKeyInfo in base64.
fn public_key(private: &SecretString) -> Result<String, Fault> {
    let der = Zeroizing::new(STANDARD.decode(private.expose_secret())?);
    let pair = KeyPair::from_pkcs8(&der)?;
    let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key())?;
    Ok(STANDARD.encode(public.as_ref()))
}

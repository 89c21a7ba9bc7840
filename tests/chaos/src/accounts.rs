//! The merchant's accounts: a key of its own, registered at the sandbox, and the
//! import file that tells Till of them.

use crate::channels::Channels;
use aws_lc_rs::encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der};
use aws_lc_rs::rsa::{KeyPair, KeySize};
use aws_lc_rs::signature::KeyPair as _;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde_json::json;
use std::fs;
use std::path::{Path, PathBuf};

/// The Alipay account's id at Till.
pub const ALIPAY: &str = "chaos_alipay";
/// The WeChat Pay account's id at Till.
pub const WECHAT: &str = "chaos_wechat";
/// The master key that seals the credentials.
pub const MASTER_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=";

/// The Alipay app.
pub const APP_ID: &str = "2021000000000001";
/// The WeChat Pay merchant.
pub const MCHID: &str = "1900000001";

const SELLER_ID: &str = "2088000000000001";
const APPID: &str = "wx0000000000000001";
const SERIAL_NO: &str = "5157F09EFDC096DE15EBE81A47057A7232F1B8E1";

/// What the merchant's own program needs to know.
#[derive(Clone, Debug)]
pub struct Secrets {
    /// The API key.
    pub api_key: String,
    /// The webhook's secret.
    pub webhook: String,
}

impl Secrets {
    /// New ones.
    ///
    /// # Panics
    /// When the system has no randomness.
    pub fn generate() -> Secrets {
        Secrets {
            api_key: format!("till_test_{}", hex::encode(random::<24>())),
            webhook: format!("whsec_{}", STANDARD.encode(random::<32>())),
        }
    }
}

/// Registers both accounts at the sandbox and writes the import file.
///
/// # Panics
/// When the sandbox or the file system refuses.
pub async fn write(
    folder: &Path,
    channels: &Channels,
    secrets: &Secrets,
    webhook_url: &str,
) -> PathBuf {
    let pair = KeyPair::generate(KeySize::Rsa2048).unwrap();
    let private: Pkcs8V1Der<'_> = pair.as_der().unwrap();
    let public: PublicKeyX509Der<'_> = pair.public_key().as_der().unwrap();
    let public = STANDARD.encode(public.as_ref());
    let apiv3_key = hex::encode(random::<16>());
    let alipay = channels
        .register(&json!({
            "channel": "alipay", "app_id": APP_ID, "seller_id": SELLER_ID,
            "app_public_key_pem": public,
        }))
        .await;
    let wechat = channels
        .register(&json!({
            "channel": "wechat", "mchid": MCHID, "appid": APPID, "serial_no": SERIAL_NO,
            "merchant_public_key_pem": public, "apiv3_key": apiv3_key,
        }))
        .await;
    let (url, api_key, secret) = (channels.url(), &secrets.api_key, &secrets.webhook);
    let accounts = format!(
        r#"[[merchants]]
id = "chaos"
name = "Chaos"

[[merchants.accounts]]
id = "{ALIPAY}"
channel = "alipay"
ways = ["ALI_PC", "ALI_WAP", "ALI_APP", "ALI_QR", "ALI_BAR"]
app_id = "{APP_ID}"
seller_id = "{SELLER_ID}"
app_private_key_file = "merchant.key"
alipay_public_key_file = "alipay.pem"
base_url = "{url}"

[[merchants.accounts]]
id = "{WECHAT}"
channel = "wechat"
protocol = "v3"
ways = ["WX_NATIVE", "WX_H5", "WX_JSAPI", "WX_APP", "WX_BAR"]
codepay = true
mchid = "{MCHID}"
appid = "{APPID}"
serial_no = "{SERIAL_NO}"
merchant_private_key_file = "merchant.key"
apiv3_key_file = "apiv3.key"
platform_keys = [{{ id = {key_id}, file = "wechat.pem" }}]
base_url = "{url}"

[[merchants.apps]]
id = "chaos_web"
name = "Chaos"
accounts = ["{ALIPAY}", "{WECHAT}"]
policy = {{ switch = "overlap", late_payment = "refund", flow_minutes = 2 }}
api_keys = [{{ key = "{api_key}" }}]
webhook = {{ url = "{webhook_url}", secrets = ["{secret}"] }}
"#,
        key_id = wechat["public_key_id"],
    );
    let text = |value: &serde_json::Value| value.as_str().unwrap().to_owned();
    for (name, content) in [
        ("merchant.key", STANDARD.encode(private.as_ref())),
        ("apiv3.key", apiv3_key),
        ("alipay.pem", text(&alipay["alipay_public_key_pem"])),
        ("wechat.pem", text(&wechat["public_key_pem"])),
        ("accounts.toml", accounts),
    ] {
        fs::write(folder.join(name), content).unwrap();
    }
    folder.join("accounts.toml")
}

fn random<const N: usize>() -> [u8; N] {
    let mut bytes = [0; N];
    aws_lc_rs::rand::fill(&mut bytes).unwrap();
    bytes
}

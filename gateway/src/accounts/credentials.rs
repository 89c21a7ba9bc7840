//! A channel account's credentials: as they are sealed in the database, and as
//! the adapter that they make.

use super::{Owner, Seal};
use cashier::channel::Channel;
use cashier::id::AccountId;
use cashier::time::{Clock, Entropy};
use cashier::way::ChannelKind;
use channels::{alipay, wechat, wechat_v2};
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::sync::Arc;
use std::time::Duration;

/// The end of the address of Alipay's gateway.
const ALIPAY_PATH: &str = "gateway.do";

/// What is needed to speak as one account at a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credentials {
    /// An Alipay application. What was not there in earlier versions is left out of
    /// the text where it is not used.
    Alipay {
        /// The application's number.
        app_id: String,
        /// The seller's number.
        seller_id: String,
        /// The application's private key.
        #[serde(serialize_with = "exposed")]
        app_private_key: SecretString,
        /// Alipay's public key, in key mode.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        alipay_public_key: Option<String>,
        /// The certificates, in certificate mode.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        certificates: Option<AlipayCertificates>,
        /// A service provider's authorisation by the merchant.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "exposed_if_any"
        )]
        app_auth_token: Option<SecretString>,
        /// How payers are named.
        #[serde(default, skip_serializing_if = "is_default")]
        payer_id: AlipayPayerId,
        /// The mini program in which payments are opened.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        op_app_id: Option<String>,
        /// The contracts that differ from the usual ones.
        #[serde(default, skip_serializing_if = "is_default")]
        product_codes: Box<AlipayProductCodes>,
        /// Where Alipay is.
        base_url: String,
    },
    /// A WeChat Pay merchant, APIv3.
    Wechat {
        /// The merchant's number.
        mchid: String,
        /// The application's id.
        appid: String,
        /// The serial number of the merchant's certificate.
        serial_no: String,
        /// The private key of that certificate.
        #[serde(serialize_with = "exposed")]
        merchant_private_key: SecretString,
        /// The APIv3 key.
        #[serde(serialize_with = "exposed")]
        apiv3_key: SecretString,
        /// The keys that WeChat signs with.
        platform_keys: Vec<PlatformKey>,
        /// Where WeChat Pay is.
        base_url: String,
        /// What goes beyond paying, refunding and asking.
        #[serde(default)]
        more: WechatMore,
    },
    /// A WeChat Pay merchant, APIv2.
    WechatV2 {
        /// The merchant's number; the provider's, if there is a sub-merchant.
        mchid: String,
        /// The application's id.
        appid: String,
        /// The merchant for whom a service provider collects.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sub_mchid: Option<String>,
        /// That merchant's own application.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        sub_appid: Option<String>,
        /// The APIv2 key.
        #[serde(serialize_with = "exposed")]
        apiv2_key: SecretString,
        /// How messages are signed.
        sign_type: SignType,
        /// The merchant's certificate.
        merchant_certificate: String,
        /// The private key of that certificate.
        #[serde(serialize_with = "exposed")]
        merchant_private_key: SecretString,
        /// Where WeChat Pay is.
        base_url: String,
        /// The secret of the application under which payers are known.
        #[serde(
            default,
            skip_serializing_if = "Option::is_none",
            serialize_with = "exposed_if_any"
        )]
        app_secret: Option<SecretString>,
        /// The authority that is trusted in place of the public ones.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        ca_certificate: Option<String>,
    },
}

/// How messages of WeChat Pay APIv2 are signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum SignType {
    /// The older one.
    #[serde(rename = "MD5")]
    Md5,
    /// The better one.
    #[default]
    #[serde(rename = "HMAC-SHA256")]
    HmacSha256,
}

/// An Alipay application's certificates: the content of the three files.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlipayCertificates {
    /// Of the application's own key.
    pub app_cert: String,
    /// That Alipay signs with at first.
    pub alipay_cert: String,
    /// The roots.
    pub root_cert: String,
}

/// How Alipay names the payers of an application.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AlipayPayerId {
    /// By `user_id`.
    #[default]
    UserId,
    /// By `open_id`.
    OpenId,
}

/// The `product_code` of each kind of payment, where it is not the usual one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlipayProductCodes {
    /// `ALI_PC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// `ALI_WAP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wap: Option<String>,
    /// `ALI_APP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// `ALI_QR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precreate: Option<String>,
    /// `ALI_BAR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bar: Option<String>,
    /// `ALI_JSAPI`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jsapi: Option<String>,
}

/// What an account at WeChat Pay may have besides: each of it needs a contract or a
/// setting at WeChat's own.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct WechatMore {
    /// Whether platform certificates are downloaded.
    pub platform_certificates: bool,
    /// What answers shall be signed with.
    pub answers_signed_by: AnswersSignedBy,
    /// The mini program's id.
    pub lite_appid: Option<String>,
    /// Whether `WX_BAR` is paid under APIv3.
    pub codepay: bool,
    /// The merchant's certificate.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub merchant_certificate: Option<String>,
    /// The official account's secret.
    #[serde(serialize_with = "exposed_if_any")]
    pub app_secret: Option<SecretString>,
    /// The number of the merchant below a service provider.
    pub sub_mchid: Option<String>,
    /// Its application.
    pub sub_appid: Option<String>,
}

/// A kind of WeChat Pay's keys.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AnswersSignedBy {
    /// WeChat Pay's public key, if there is one.
    #[default]
    PublicKey,
    /// A platform certificate.
    Certificate,
}

/// A key that WeChat signs with.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlatformKey {
    /// Its name in `Wechatpay-Serial`.
    pub id: String,
    /// The public key or certificate.
    pub pem: String,
}

/// What an adapter needs from the program around it.
#[derive(Clone)]
pub struct Surroundings {
    /// How long one call may take.
    pub deadline: Duration,
    /// The real time, which the channels compare with their own.
    pub wall: Arc<dyn Clock>,
    /// For nonces.
    pub entropy: Arc<dyn Entropy>,
}

impl Credentials {
    /// Where Alipay is when nothing else is said.
    pub const ALIPAY_URL: &'static str = "https://openapi.alipay.com";
    /// Where WeChat Pay is when nothing else is said.
    pub const WECHAT_URL: &'static str = wechat::Settings::BASE_URL;

    /// The channel.
    pub fn kind(&self) -> ChannelKind {
        match self {
            Credentials::Alipay { .. } => ChannelKind::Alipay,
            Credentials::Wechat { .. } | Credentials::WechatV2 { .. } => ChannelKind::Wechat,
        }
    }

    /// Where the channel is.
    pub fn base_url(&self) -> &str {
        match self {
            Credentials::Alipay { base_url, .. }
            | Credentials::Wechat { base_url, .. }
            | Credentials::WechatV2 { base_url, .. } => base_url,
        }
    }

    /// The authority that is trusted in place of the public ones, in PEM.
    pub fn authority(&self) -> Option<&str> {
        match self {
            Credentials::WechatV2 { ca_certificate, .. } => ca_certificate.as_deref(),
            Credentials::Alipay { .. } | Credentials::Wechat { .. } => None,
        }
    }

    /// The text that is sealed.
    ///
    /// # Errors
    /// Never in practice: every field is text.
    pub fn to_json(&self) -> Result<Zeroizing<String>, serde_json::Error> {
        serde_json::to_string(self).map(Zeroizing::new)
    }

    /// Reads what was sealed.
    ///
    /// # Errors
    /// It was sealed by another version. Holds no content.
    pub fn from_json(json: &SecretString) -> Result<Credentials, String> {
        serde_json::from_str(json.expose_secret()).map_err(|error| {
            format!(
                "line {} column {} is not as this version writes it: import it again",
                error.line(),
                error.column()
            )
        })
    }

    /// Opens and reads what was sealed for this account.
    ///
    /// # Errors
    /// In words that say what to do. Holds no content.
    pub fn open(seal: &Seal, id: &AccountId, sealed: &str) -> Result<Credentials, String> {
        let opened = seal
            .open(&Owner::Account(id.as_str()), sealed)
            .map_err(|fault| format!("its sealed credentials: {fault}"))?;
        Credentials::from_json(&opened).map_err(|problem| format!("its credentials: {problem}"))
    }

    /// The adapter. Keys are read and checked here, once.
    ///
    /// # Errors
    /// In words that name the field and say how to mend it.
    pub fn adapter(self, around: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        match self {
            Credentials::Alipay {
                app_id,
                seller_id,
                app_private_key,
                alipay_public_key,
                certificates,
                app_auth_token,
                payer_id,
                op_app_id,
                product_codes,
                base_url,
            } => {
                let settings = alipay::Settings {
                    app_id,
                    seller_id,
                    app_private_key,
                    mode: mode(alipay_public_key, certificates)?,
                    app_auth_token,
                    payer_id: payer_id.into(),
                    op_app_id,
                    gateway_url: gateway_url(&base_url),
                    product_codes: (*product_codes).into(),
                    deadline: around.deadline,
                };
                alipay::Account::new(settings)
                    .and_then(|account| alipay::Alipay::new(account, around.wall.clone()))
                    .map(|adapter| Arc::new(adapter) as Arc<dyn Channel>)
                    .map_err(|fault| fault.to_string())
            }
            Credentials::Wechat {
                mchid,
                appid,
                serial_no,
                merchant_private_key,
                apiv3_key,
                platform_keys,
                base_url,
                more,
            } => {
                let platform_keys = platform_keys
                    .into_iter()
                    .map(|PlatformKey { id, pem }| wechat::PlatformKey { id, pem })
                    .collect();
                let settings = wechat::Settings {
                    mchid,
                    appid,
                    serial_no,
                    merchant_private_key,
                    merchant_certificate: more.merchant_certificate,
                    apiv3_key,
                    platform_keys,
                    platform_certificates: more.platform_certificates,
                    answers: match more.answers_signed_by {
                        AnswersSignedBy::PublicKey => wechat::Answers::PublicKey,
                        AnswersSignedBy::Certificate => wechat::Answers::Certificate,
                    },
                    lite_appid: more.lite_appid,
                    codepay: more.codepay,
                    app_secret: more.app_secret,
                    sub_merchant: more.sub_mchid.map(|mchid| wechat::SubMerchant {
                        mchid,
                        appid: more.sub_appid,
                    }),
                    open_url: beside(&base_url, wechat::Settings::OPEN_URL),
                    sns_url: beside(&base_url, wechat::Settings::SNS_URL),
                    base_url,
                    deadline: around.deadline,
                };
                wechat::Account::new(settings)
                    .and_then(|account| {
                        wechat::Wechat::new(account, around.wall.clone(), around.entropy.clone())
                    })
                    .map(|adapter| Arc::new(adapter) as Arc<dyn Channel>)
                    .map_err(|fault| fault.to_string())
            }
            Credentials::WechatV2 {
                mchid,
                appid,
                sub_mchid,
                sub_appid,
                apiv2_key,
                sign_type,
                merchant_certificate,
                merchant_private_key,
                base_url,
                app_secret,
                ca_certificate,
            } => {
                let settings = wechat_v2::Settings {
                    mch_id: mchid,
                    appid,
                    sub_merchant: sub_merchant(sub_mchid, sub_appid)?,
                    apiv2_key,
                    sign_type: sign_type.into(),
                    merchant_certificate,
                    merchant_private_key,
                    app_secret,
                    open_url: beside(&base_url, wechat_v2::Settings::OPEN_URL),
                    sns_url: beside(&base_url, wechat_v2::Settings::SNS_URL),
                    base_url,
                    authority: ca_certificate,
                    deadline: around.deadline,
                };
                wechat_v2::Account::new(settings)
                    .and_then(|account| {
                        let (wall, entropy) = (around.wall.clone(), around.entropy.clone());
                        wechat_v2::WechatV2::new(account, wall, entropy)
                    })
                    .map(|adapter| Arc::new(adapter) as Arc<dyn Channel>)
                    .map_err(|fault| fault.to_string())
            }
        }
    }
}

impl From<SignType> for wechat_v2::SignType {
    fn from(sign_type: SignType) -> wechat_v2::SignType {
        match sign_type {
            SignType::Md5 => wechat_v2::SignType::Md5,
            SignType::HmacSha256 => wechat_v2::SignType::HmacSha256,
        }
    }
}

/// One of the two modes.
fn mode(
    alipay_public_key: Option<String>,
    certificates: Option<AlipayCertificates>,
) -> Result<alipay::Mode, String> {
    match (alipay_public_key, certificates) {
        (Some(alipay_public_key), None) => Ok(alipay::Mode::PublicKey { alipay_public_key }),
        (None, Some(files)) => Ok(alipay::Mode::Certificates {
            app_cert: files.app_cert,
            alipay_cert: files.alipay_cert,
            root_cert: files.root_cert,
        }),
        _ => Err("give alipay_public_key or the three certificates, and not both".to_owned()),
    }
}

impl From<AlipayPayerId> for alipay::PayerId {
    fn from(payer_id: AlipayPayerId) -> alipay::PayerId {
        match payer_id {
            AlipayPayerId::UserId => alipay::PayerId::UserId,
            AlipayPayerId::OpenId => alipay::PayerId::OpenId,
        }
    }
}

/// The merchant for whom is collected, if it is another one.
fn sub_merchant(
    mch_id: Option<String>,
    appid: Option<String>,
) -> Result<Option<wechat_v2::SubMerchant>, String> {
    match (mch_id, appid) {
        (Some(mch_id), appid) => Ok(Some(wechat_v2::SubMerchant { mch_id, appid })),
        (None, None) => Ok(None),
        (None, Some(_)) => Err("sub_appid goes with sub_mchid: give both or neither".to_owned()),
    }
}

impl From<AlipayProductCodes> for alipay::ProductCodes {
    fn from(codes: AlipayProductCodes) -> alipay::ProductCodes {
        let usual = alipay::ProductCodes::default();
        alipay::ProductCodes {
            page: codes.page.unwrap_or(usual.page),
            wap: codes.wap.unwrap_or(usual.wap),
            app: codes.app.unwrap_or(usual.app),
            precreate: codes.precreate.unwrap_or(usual.precreate),
            bar: codes.bar.unwrap_or(usual.bar),
            jsapi: codes.jsapi.unwrap_or(usual.jsapi),
        }
    }
}

fn is_default<T: Default + PartialEq>(value: &T) -> bool {
    *value == T::default()
}

/// People copy Alipay's address with or without its path; both are right.
fn gateway_url(base_url: &str) -> String {
    let base = base_url.trim_end_matches('/');
    if base.ends_with(ALIPAY_PATH) {
        base.to_owned()
    } else {
        format!("{base}/{ALIPAY_PATH}")
    }
}

/// WeChat's other hosts; a sandbox is all of them.
fn beside(base_url: &str, own: &str) -> String {
    if base_url.trim_end_matches('/') == Credentials::WECHAT_URL {
        own.to_owned()
    } else {
        base_url.to_owned()
    }
}

fn exposed_if_any<S: Serializer>(secret: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    match secret {
        Some(secret) => to.serialize_some(secret.expose_secret()),
        None => to.serialize_none(),
    }
}

/// Only for the text that is sealed at once.
fn exposed<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(secret.expose_secret())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alipays_address_may_be_given_with_and_without_its_path() {
        let whole = "https://openapi.alipay.com/gateway.do";
        for given in [
            "https://openapi.alipay.com",
            "https://openapi.alipay.com/",
            whole,
        ] {
            assert_eq!(gateway_url(given), whole);
        }
    }

    #[test]
    fn what_is_sealed_is_read_again_and_never_printed() {
        let credentials = Credentials::Wechat {
            mchid: "1900000001".to_owned(),
            appid: "wx1".to_owned(),
            serial_no: "0".repeat(40),
            merchant_private_key: SecretString::from("CANARY-ONE"),
            apiv3_key: SecretString::from("CANARY-TWO"),
            platform_keys: vec![PlatformKey {
                id: "PUB_KEY_ID_1".into(),
                pem: "PEM".into(),
            }],
            base_url: Credentials::WECHAT_URL.to_owned(),
            more: WechatMore {
                app_secret: Some(SecretString::from("CANARY-THREE")),
                ..WechatMore::default()
            },
        };
        assert!(!format!("{credentials:?}").contains("CANARY"));
        let json = credentials.to_json().unwrap();
        for secret in ["CANARY-ONE", "CANARY-TWO", "CANARY-THREE"] {
            assert!(json.contains(secret));
        }
        let read = Credentials::from_json(&SecretString::from(json.as_str())).unwrap();
        assert_eq!(*read.to_json().unwrap(), *json);
    }
    #[test]
    fn an_account_of_apiv2_is_read_again_with_and_without_a_sub_merchant() {
        for sub_mchid in [None, Some("1900000109".to_owned())] {
            let credentials = Credentials::WechatV2 {
                mchid: "1900000001".to_owned(),
                appid: "wx1".to_owned(),
                sub_appid: sub_mchid.as_ref().map(|_| "wx2".to_owned()),
                sub_mchid,
                apiv2_key: SecretString::from("CANARY-ONE"),
                sign_type: SignType::default(),
                merchant_certificate: "PEM".to_owned(),
                merchant_private_key: SecretString::from("CANARY-TWO"),
                base_url: Credentials::WECHAT_URL.to_owned(),
                app_secret: Some(SecretString::from("CANARY-THREE")),
                ca_certificate: None,
            };
            assert!(!format!("{credentials:?}").contains("CANARY"));
            let json = credentials.to_json().unwrap();
            assert!(json.contains("HMAC-SHA256"));
            let read = Credentials::from_json(&SecretString::from(json.as_str())).unwrap();
            assert_eq!(*read.to_json().unwrap(), *json);
        }
    }

    #[test]
    fn what_an_earlier_version_sealed_is_read_and_stays_as_it_is() {
        let json = r#"{"channel":"alipay","app_id":"1","seller_id":"2","app_private_key":"CANARY","alipay_public_key":"PEM","base_url":"https://openapi.alipay.com"}"#;
        let read = Credentials::from_json(&SecretString::from(json)).unwrap();
        assert_eq!(*read.to_json().unwrap(), json);
    }

    #[test]
    fn all_that_an_alipay_account_may_have_is_sealed_and_never_printed() {
        let json = r#"{"channel":"alipay","app_id":"1","seller_id":"2","app_private_key":"CANARY","certificates":{"app_cert":"A","alipay_cert":"B","root_cert":"C"},"app_auth_token":"CANARY-TOKEN","payer_id":"open_id","op_app_id":"3","product_codes":{"bar":"OFFLINE_PAYMENT"},"base_url":"https://openapi.alipay.com"}"#;
        let read = Credentials::from_json(&SecretString::from(json)).unwrap();
        assert_eq!(*read.to_json().unwrap(), json);
        assert!(!format!("{read:?}").contains("CANARY"));
    }

    #[test]
    fn what_an_older_version_sealed_is_read_with_nothing_more() {
        let sealed = r#"{"channel":"wechat","mchid":"1900000001","appid":"wx1","serial_no":"1",
            "merchant_private_key":"k","apiv3_key":"k","platform_keys":[],"base_url":"u"}"#;
        let read = Credentials::from_json(&SecretString::from(sealed)).unwrap();
        let Credentials::Wechat { more, .. } = read else {
            panic!()
        };
        assert!(!more.codepay && more.app_secret.is_none() && more.sub_mchid.is_none());
    }

    #[test]
    fn a_sandbox_stands_for_all_of_wechats_hosts() {
        let open = wechat::Settings::OPEN_URL;
        assert_eq!(beside(Credentials::WECHAT_URL, open), open);
        assert_eq!(beside("http://127.0.0.1:1", open), "http://127.0.0.1:1");
    }
}

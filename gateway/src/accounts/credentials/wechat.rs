//! A WeChat Pay merchant's credentials for APIv3.

use super::Surroundings;
use super::hosts::beside;
use super::secret::{exposed, exposed_if_any};
use cashier::channel::Channel;
use channels::wechat;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is needed to speak as one merchant in APIv3.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatCredentials {
    /// The merchant's number.
    pub mchid: String,
    /// The application's id.
    pub appid: String,
    /// The serial number of the merchant's certificate.
    pub serial_no: String,
    /// The private key of that certificate.
    #[serde(serialize_with = "exposed")]
    pub merchant_private_key: SecretString,
    /// The APIv3 key.
    #[serde(serialize_with = "exposed")]
    pub apiv3_key: SecretString,
    /// The keys that WeChat signs with.
    pub platform_keys: Vec<PlatformKey>,
    /// Where WeChat Pay is.
    pub base_url: String,
    /// What goes beyond paying, refunding and asking.
    #[serde(default)]
    pub more: WechatMore,
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

impl WechatCredentials {
    /// The adapter.
    ///
    /// # Errors
    /// In words that name the field and say how to mend it.
    pub(super) fn adapter(self, around: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        let more = self.more;
        let settings = wechat::Settings {
            mchid: self.mchid,
            appid: self.appid,
            serial_no: self.serial_no,
            merchant_private_key: self.merchant_private_key,
            merchant_certificate: more.merchant_certificate,
            apiv3_key: self.apiv3_key,
            platform_keys: self.platform_keys.into_iter().map(Into::into).collect(),
            platform_certificates: more.platform_certificates,
            answers: more.answers_signed_by.into(),
            lite_appid: more.lite_appid,
            codepay: more.codepay,
            app_secret: more.app_secret,
            sub_merchant: more.sub_mchid.map(|mchid| wechat::SubMerchant {
                mchid,
                appid: more.sub_appid,
            }),
            open_url: beside(&self.base_url, wechat::Settings::OPEN_URL),
            sns_url: beside(&self.base_url, wechat::Settings::SNS_URL),
            base_url: self.base_url,
            deadline: around.deadline,
        };
        wechat::Account::new(settings)
            .and_then(|account| {
                wechat::Wechat::new(account, around.wall.clone(), around.entropy.clone())
            })
            .map(|adapter| Arc::new(adapter) as Arc<dyn Channel>)
            .map_err(|fault| fault.to_string())
    }
}

impl From<PlatformKey> for wechat::PlatformKey {
    fn from(PlatformKey { id, pem }: PlatformKey) -> wechat::PlatformKey {
        wechat::PlatformKey { id, pem }
    }
}

impl From<AnswersSignedBy> for wechat::Answers {
    fn from(answers: AnswersSignedBy) -> wechat::Answers {
        match answers {
            AnswersSignedBy::PublicKey => wechat::Answers::PublicKey,
            AnswersSignedBy::Certificate => wechat::Answers::Certificate,
        }
    }
}

//! A WeChat Pay merchant's credentials for APIv2.

use super::Surroundings;
use super::hosts::beside;
use super::secret::{exposed, exposed_if_any};
use cashier::channel::Channel;
use channels::wechat_v2;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is needed to speak as one merchant in APIv2.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatV2Credentials {
    /// The merchant's number; the provider's, if there is a sub-merchant.
    pub mchid: String,
    /// The application's id.
    pub appid: String,
    /// The mini program's id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lite_appid: Option<String>,
    /// The merchant for whom a service provider collects.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_mchid: Option<String>,
    /// That merchant's own application.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sub_appid: Option<String>,
    /// The APIv2 key.
    #[serde(serialize_with = "exposed")]
    pub apiv2_key: SecretString,
    /// How messages are signed.
    pub sign_type: SignType,
    /// The merchant's certificate.
    pub merchant_certificate: String,
    /// The private key of that certificate.
    #[serde(serialize_with = "exposed")]
    pub merchant_private_key: SecretString,
    /// Where WeChat Pay is.
    pub base_url: String,
    /// The secret of the application under which payers are known.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed_if_any"
    )]
    pub app_secret: Option<SecretString>,
    /// The authority that is trusted in place of the public ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub ca_certificate: Option<String>,
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

impl WechatV2Credentials {
    /// The adapter.
    ///
    /// # Errors
    /// In words that name the field and say how to mend it.
    pub(super) fn adapter(self, around: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        let settings = wechat_v2::Settings {
            mch_id: self.mchid,
            appid: self.appid,
            lite_appid: self.lite_appid,
            sub_merchant: sub_merchant(self.sub_mchid, self.sub_appid)?,
            apiv2_key: self.apiv2_key,
            sign_type: self.sign_type.into(),
            merchant_certificate: self.merchant_certificate,
            merchant_private_key: self.merchant_private_key,
            app_secret: self.app_secret,
            open_url: beside(&self.base_url, wechat_v2::Settings::OPEN_URL),
            sns_url: beside(&self.base_url, wechat_v2::Settings::SNS_URL),
            base_url: self.base_url,
            authority: self.ca_certificate,
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

impl From<SignType> for wechat_v2::SignType {
    fn from(sign_type: SignType) -> wechat_v2::SignType {
        match sign_type {
            SignType::Md5 => wechat_v2::SignType::Md5,
            SignType::HmacSha256 => wechat_v2::SignType::HmacSha256,
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

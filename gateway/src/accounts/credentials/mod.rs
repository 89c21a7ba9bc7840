//! A channel account's credentials: as they are sealed in the database, and as
//! the adapter that they make.

mod alipay;
mod hosts;
mod product_codes;
mod secret;
mod surroundings;
#[cfg(test)]
mod tests;
mod wechat;
mod wechat_v2;

pub use alipay::{AlipayCertificates, AlipayCredentials, AlipayPayerId};
pub use product_codes::AlipayProductCodes;
pub use surroundings::Surroundings;
pub use wechat::{AnswersSignedBy, PlatformKey, WechatCredentials, WechatMore};
pub use wechat_v2::{SignType, WechatV2Credentials};

use super::{Owner, Seal};
use cashier::channel::Channel;
use cashier::id::AccountId;
use cashier::way::ChannelKind;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// What is needed to speak as one account at a channel.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(tag = "channel", rename_all = "snake_case")]
pub enum Credentials {
    /// An Alipay application.
    Alipay(AlipayCredentials),
    /// A WeChat Pay merchant, APIv3.
    Wechat(WechatCredentials),
    /// A WeChat Pay merchant, APIv2.
    WechatV2(WechatV2Credentials),
}

impl Credentials {
    /// Where Alipay is when nothing else is said.
    pub const ALIPAY_URL: &'static str = "https://openapi.alipay.com";
    /// Where WeChat Pay is when nothing else is said.
    pub const WECHAT_URL: &'static str = channels::wechat::Settings::BASE_URL;

    /// The channel.
    pub fn kind(&self) -> ChannelKind {
        match self {
            Credentials::Alipay(_) => ChannelKind::Alipay,
            Credentials::Wechat(_) | Credentials::WechatV2(_) => ChannelKind::Wechat,
        }
    }

    /// Where the channel is.
    pub fn base_url(&self) -> &str {
        match self {
            Credentials::Alipay(own) => &own.base_url,
            Credentials::Wechat(own) => &own.base_url,
            Credentials::WechatV2(own) => &own.base_url,
        }
    }

    /// The authority that is trusted in place of the public ones, in PEM.
    pub fn authority(&self) -> Option<&str> {
        match self {
            Credentials::WechatV2(own) => own.ca_certificate.as_deref(),
            Credentials::Alipay(_) | Credentials::Wechat(_) => None,
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
            Credentials::Alipay(own) => own.adapter(around),
            Credentials::Wechat(own) => own.adapter(around),
            Credentials::WechatV2(own) => own.adapter(around),
        }
    }
}

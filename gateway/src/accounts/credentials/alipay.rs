//! An Alipay application's credentials.

use super::secret::{exposed, exposed_if_any, is_default};
use super::{AlipayProductCodes, Surroundings};
use cashier::channel::Channel;
use channels::alipay;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// The end of the address of Alipay's gateway.
const ALIPAY_PATH: &str = "gateway.do";

/// What is needed to speak as one Alipay application. What was not there in earlier
/// versions is left out of the text where it is not used.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlipayCredentials {
    /// The application's number.
    pub app_id: String,
    /// The seller's number.
    pub seller_id: String,
    /// The application's private key.
    #[serde(serialize_with = "exposed")]
    pub app_private_key: SecretString,
    /// Alipay's public key, in key mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub alipay_public_key: Option<String>,
    /// The certificates, in certificate mode.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub certificates: Option<AlipayCertificates>,
    /// A service provider's authorisation by the merchant.
    #[serde(
        default,
        skip_serializing_if = "Option::is_none",
        serialize_with = "exposed_if_any"
    )]
    pub app_auth_token: Option<SecretString>,
    /// How payers are named.
    #[serde(default, skip_serializing_if = "is_default")]
    pub payer_id: AlipayPayerId,
    /// The mini program in which payments are opened.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub op_app_id: Option<String>,
    /// The contracts that differ from the usual ones.
    #[serde(default, skip_serializing_if = "is_default")]
    pub product_codes: Box<AlipayProductCodes>,
    /// Where Alipay is.
    pub base_url: String,
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

impl AlipayCredentials {
    /// The adapter.
    ///
    /// # Errors
    /// In words that name the field and say how to mend it.
    pub(super) fn adapter(self, around: &Surroundings) -> Result<Arc<dyn Channel>, String> {
        let settings = alipay::Settings {
            app_id: self.app_id,
            seller_id: self.seller_id,
            app_private_key: self.app_private_key,
            mode: mode(self.alipay_public_key, self.certificates)?,
            app_auth_token: self.app_auth_token,
            payer_id: self.payer_id.into(),
            op_app_id: self.op_app_id,
            gateway_url: gateway_url(&self.base_url),
            product_codes: (*self.product_codes).into(),
            deadline: around.deadline,
        };
        alipay::Account::new(settings)
            .and_then(|account| alipay::Alipay::new(account, around.wall.clone()))
            .map(|adapter| Arc::new(adapter) as Arc<dyn Channel>)
            .map_err(|fault| fault.to_string())
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

/// People copy Alipay's address with or without its path; both are right.
fn gateway_url(base_url: &str) -> String {
    let base = base_url.trim_end_matches('/');
    if base.ends_with(ALIPAY_PATH) {
        base.to_owned()
    } else {
        format!("{base}/{ALIPAY_PATH}")
    }
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
}

//! An Alipay application's credentials, read and checked once.
//!
//! A mistake that people make with them is found here, before the first payer
//! finds it, and its message says how to mend it.

use super::certificate::CertificateFault;
use super::settings::{Mode, PayerId, ProductCodes, Settings};
use super::trust::{Certificates, Trust};
use crate::key::{KeyFault, SigningKey, VerifyingKey};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use std::sync::Arc;
use std::time::Duration;

/// The page on which a payer inside Alipay becomes known.
const AUTHORIZE_PATH: &str = "/oauth2/publicAppAuthorize.htm";

/// The longest `app_auth_token`.
const TOKEN_LIMIT: usize = 40;

/// An Alipay application's credentials, ready to be used. Holds no way to get a
/// key out again.
#[derive(Debug)]
pub struct Account {
    pub(super) app_id: String,
    pub(super) seller_id: String,
    pub(super) signing: SigningKey,
    pub(super) trust: Trust,
    pub(super) app_auth_token: Option<SecretString>,
    pub(super) payer_id: PayerId,
    pub(super) op_app_id: String,
    pub(super) gateway: Url,
    /// Where payers become known.
    pub(super) authorize: Url,
    pub(super) product_codes: ProductCodes,
    pub(super) deadline: Duration,
}

/// Why an account cannot be used, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// `app_id` is not a number.
    #[error(
        "app_id must be the application's number of at most 32 digits, as the console shows it"
    )]
    AppId,
    /// `seller_id` is not a number.
    #[error(
        "seller_id must be the seller's number (PID) of at most 28 digits, it begins with 2088"
    )]
    SellerId,
    /// The application's private key.
    #[error("app_private_key: {0}")]
    AppPrivateKey(KeyFault),
    /// Alipay's public key.
    #[error("alipay_public_key: {0}")]
    AlipayPublicKey(KeyFault),
    /// The application's public key stands where Alipay's belongs.
    #[error(
        "alipay_public_key is the application's own public key (应用公钥): requests would work and \
         every answer would be refused. Copy Alipay's public key (支付宝公钥), which the console \
         shows after the application's key has been uploaded"
    )]
    OwnPublicKey,
    /// The application's certificate.
    #[error("app_cert (appCertPublicKey_….crt): {0}")]
    AppCert(CertificateFault),
    /// Alipay's certificate.
    #[error("alipay_cert (alipayCertPublicKey_RSA2.crt): {0}")]
    AlipayCert(CertificateFault),
    /// The root certificates.
    #[error("root_cert (alipayRootCert.crt): {0}")]
    RootCert(CertificateFault),
    /// Certificate and private key are not of one pair.
    #[error(
        "app_cert does not belong to app_private_key: take the pair that was made together, or \
         make a new certificate from this key's request (CSR) in the console"
    )]
    OtherAppCert,
    /// The application's certificate stands where Alipay's belongs.
    #[error(
        "alipay_cert is the application's own certificate: copy alipayCertPublicKey_RSA2.crt, \
         which the console offers beside it"
    )]
    OwnCertificate,
    /// Alipay's certificate and the roots are not of one kind.
    #[error(
        "alipay_cert does not come from root_cert: download both again for this application, and \
         from the same environment (production or sandbox)"
    )]
    ForeignAlipayCert,
    /// Not Alipay's bundle.
    #[error(
        "root_cert holds no root that is signed with RSA: it must be alipayRootCert.crt, unchanged"
    )]
    NoRsaRoot,
    /// The service provider's authorisation.
    #[error(
        "app_auth_token must be the token of at most 40 characters that Alipay answered when the \
         merchant authorised the application"
    )]
    AppAuthToken,
    /// Another application's number.
    #[error("op_app_id must be the mini program's number of at most 32 digits")]
    OpAppId,
    /// The gateway's address.
    #[error(
        "gateway_url must be an absolute http or https address such as \
         https://openapi.alipay.com/gateway.do, without query, password or fragment"
    )]
    GatewayUrl,
    /// No time to answer.
    #[error("deadline must be longer than nothing; 10 seconds is usual")]
    Deadline,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Http(String),
}

impl Account {
    /// Reads and checks an account's settings.
    ///
    /// # Errors
    /// [`AccountFault`] names the setting and says how to mend it.
    pub fn new(settings: Settings) -> Result<Account, AccountFault> {
        let app_id = number(settings.app_id, 32).ok_or(AccountFault::AppId)?;
        let seller_id = number(settings.seller_id, 28).ok_or(AccountFault::SellerId)?;
        let signing = SigningKey::read(settings.app_private_key.expose_secret())
            .map_err(AccountFault::AppPrivateKey)?;
        let trust = trust(&settings.mode, &signing)?;
        if settings
            .app_auth_token
            .as_ref()
            .is_some_and(|token| !is_token(token))
        {
            return Err(AccountFault::AppAuthToken);
        }
        let op_app_id = match settings.op_app_id {
            Some(id) => number(id, 32).ok_or(AccountFault::OpAppId)?,
            None => app_id.clone(),
        };
        let gateway = gateway(&settings.gateway_url).ok_or(AccountFault::GatewayUrl)?;
        let authorize = authorize(&gateway).ok_or(AccountFault::GatewayUrl)?;
        if settings.deadline.is_zero() {
            return Err(AccountFault::Deadline);
        }
        Ok(Account {
            app_id,
            seller_id,
            signing,
            trust,
            app_auth_token: settings.app_auth_token,
            payer_id: settings.payer_id,
            op_app_id,
            gateway,
            authorize,
            product_codes: settings.product_codes,
            deadline: settings.deadline,
        })
    }
}

fn trust(mode: &Mode, signing: &SigningKey) -> Result<Trust, AccountFault> {
    match mode {
        Mode::PublicKey { alipay_public_key } => {
            let alipay =
                VerifyingKey::read(alipay_public_key).map_err(AccountFault::AlipayPublicKey)?;
            if signing.is_pair_of(&alipay) {
                return Err(AccountFault::OwnPublicKey);
            }
            Ok(Trust::Key(Arc::new(alipay)))
        }
        Mode::Certificates {
            app_cert,
            alipay_cert,
            root_cert,
        } => Certificates::new(app_cert, alipay_cert, root_cert, signing)
            .map(|certificates| Trust::Certificates(Box::new(certificates))),
    }
}

fn is_token(token: &SecretString) -> bool {
    let token = token.expose_secret();
    (1..=TOKEN_LIMIT).contains(&token.len()) && token.bytes().all(|byte| byte.is_ascii_graphic())
}

/// Alipay has the page on a host beside the gateway's, a sandbox of ours on its own.
fn authorize(gateway: &Url) -> Option<Url> {
    let mut url = gateway.clone();
    url.set_path(AUTHORIZE_PATH);
    let beside = url.host_str().and_then(|host| {
        let rest = host.strip_prefix("openapi")?;
        let is_alipays = rest.ends_with(".alipay.com") || rest.ends_with(".alipaydev.com");
        is_alipays.then(|| format!("openauth{rest}"))
    });
    if let Some(host) = beside {
        url.set_host(Some(&host)).ok()?;
    }
    Some(url)
}

fn number(text: String, longest: usize) -> Option<String> {
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    (digits && text.len() <= longest).then_some(text)
}

fn gateway(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok()?;
    let plain = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.query().is_none()
        && url.fragment().is_none()
        && url.username().is_empty()
        && url.password().is_none();
    plain.then_some(url)
}

#[cfg(test)]
pub(super) mod tests;

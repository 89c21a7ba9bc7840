//! A merchant's credentials for APIv2: what the configuration says, and the checks
//! that it must pass once, before the first call.

use super::seal::NoticeKey;
use super::sign::{SignType, Signer};
use crate::http::Tls;
use crate::key::{KeyFault, SigningKey, VerifyingKey};
use crate::wechat;
use reqwest::Identity;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretString};
use std::time::Duration;
use url::Url;
use x509_cert::Certificate;
use x509_cert::der::{DecodePem, Encode};

/// The length of an APIv2 key, in bytes.
const APIV2_KEY_BYTES: usize = 32;

/// What is needed to speak as one merchant at WeChat Pay in APIv2, as it is written
/// in a configuration or kept in the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The merchant number (商户号); the provider's, if there is a sub-merchant.
    pub mch_id: String,
    /// The application under which the merchant collects.
    pub appid: String,
    /// The mini program under which `WX_LITE` is paid; the usual application, if nothing
    /// is said.
    pub lite_appid: Option<String>,
    /// For whom a service provider (服务商) collects.
    pub sub_merchant: Option<SubMerchant>,
    /// The APIv2 key: 32 characters.
    pub apiv2_key: SecretString,
    /// How messages are signed, in both directions.
    pub sign_type: SignType,
    /// The merchant API certificate (`apiclient_cert.pem`). Refunds and reversals are
    /// not taken without it.
    pub merchant_certificate: String,
    /// The private key of that certificate (`apiclient_key.pem`), as PEM.
    pub merchant_private_key: SecretString,
    /// The secret of the application under which payers are known, if the checkout page
    /// shall learn who opened it inside WeChat.
    pub app_secret: Option<SecretString>,
    /// The address of the page inside WeChat: [`Settings::OPEN_URL`] or a sandbox.
    pub open_url: String,
    /// The address that tells who the payer is: [`Settings::SNS_URL`] or a sandbox.
    pub sns_url: String,
    /// The API's address without a path: [`Settings::BASE_URL`] or a sandbox.
    pub base_url: String,
    /// The certificate, as PEM, of the authority that is trusted in place of the
    /// public ones: a sandbox's.
    pub authority: Option<String>,
    /// How long a call may take in all; see [`Settings::DEADLINE`].
    pub deadline: Duration,
}

/// A merchant for whom a service provider collects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubMerchant {
    /// The sub-merchant's number (子商户号).
    pub mch_id: String,
    /// The sub-merchant's own application, if payers are known under it.
    pub appid: Option<String>,
}

/// What is wrong with an account, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// A merchant number that is none.
    #[error("{0} must be 8 to 32 digits, as the merchant portal shows it (商户号)")]
    MchId(&'static str),
    /// An application's id that is none.
    #[error("{0} must be 1 to 32 letters and digits, as wx… under 产品中心 > AppID账号管理")]
    Appid(&'static str),
    /// `apiv2_key` has another form.
    #[error(
        "apiv2_key must be exactly 32 letters and digits, and is {0} bytes: set it under \
         账户中心 > API安全 > APIv2密钥 (it is neither the APIv3 key nor a certificate)"
    )]
    Apiv2Key(usize),
    /// `merchant_private_key` cannot be used.
    #[error("merchant_private_key (apiclient_key.pem): {0}")]
    PrivateKey(KeyFault),
    /// `merchant_certificate` cannot be read.
    #[error(
        "merchant_certificate (apiclient_cert.pem) cannot be read: give the file that begins with \
         BEGIN CERTIFICATE, unchanged"
    )]
    Certificate,
    /// Certificate and key are not of one pair.
    #[error(
        "merchant_certificate and merchant_private_key do not belong together: take both files \
         out of the same download of the merchant API certificate"
    )]
    Pair,
    /// The certificate of an authority cannot be read.
    #[error("ca_certificate must be one certificate that begins with BEGIN CERTIFICATE")]
    Authority,
    /// `base_url` cannot be used.
    #[error("base_url must be http(s)://host[:port] without a path, for example {base}", base = Settings::BASE_URL)]
    BaseUrl,
    /// `deadline` is nothing.
    #[error("deadline must be longer than nothing; 10 seconds is usual")]
    Deadline,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Http(String),
}

/// A merchant's credentials for APIv2, ready to be used.
#[derive(Debug)]
pub struct Account {
    pub(super) mch_id: String,
    pub(super) appid: String,
    pub(super) lite_appid: Option<String>,
    pub(super) sub_merchant: Option<SubMerchant>,
    pub(super) signer: Signer,
    pub(super) notice_key: NoticeKey,
    pub(super) tls: Tls,
    pub(super) app_secret: Option<SecretString>,
    pub(super) open_url: Url,
    pub(super) sns_url: Url,
    pub(super) base_url: Url,
    pub(super) deadline: Duration,
}

impl Settings {
    /// WeChat Pay's own API.
    pub const BASE_URL: &'static str = "https://api.mch.weixin.qq.com";

    /// WeChat's own pages inside the wallet.
    pub const OPEN_URL: &'static str = wechat::Settings::OPEN_URL;

    /// Where WeChat tells who a payer is.
    pub const SNS_URL: &'static str = wechat::Settings::SNS_URL;

    /// How long a call may take if nothing else is wanted.
    pub const DEADLINE: Duration = Duration::from_secs(10);
}

impl Account {
    /// Reads and checks an account's settings.
    ///
    /// # Errors
    /// [`AccountFault`] names the setting and says how to mend it.
    pub fn new(settings: Settings) -> Result<Account, AccountFault> {
        check_names(&settings)?;
        check(!settings.deadline.is_zero(), AccountFault::Deadline)?;
        let key = settings.apiv2_key.expose_secret();
        let plain = key.bytes().all(|byte| byte.is_ascii_alphanumeric());
        let key_fault = AccountFault::Apiv2Key(key.len());
        check(plain && key.len() == APIV2_KEY_BYTES, key_fault.clone())?;
        Ok(Account {
            base_url: base_url(&settings.base_url)?,
            open_url: base_url(&settings.open_url)?,
            sns_url: base_url(&settings.sns_url)?,
            tls: Tls {
                identity: Some(identity(&settings)?),
                authority: authority(settings.authority.as_deref())?,
            },
            notice_key: NoticeKey::new(&settings.apiv2_key).ok_or(key_fault)?,
            signer: Signer::new(settings.apiv2_key, settings.sign_type),
            mch_id: settings.mch_id,
            appid: settings.appid,
            lite_appid: settings.lite_appid,
            sub_merchant: settings.sub_merchant,
            app_secret: settings.app_secret,
            deadline: settings.deadline,
        })
    }
}

fn check(holds: bool, fault: AccountFault) -> Result<(), AccountFault> {
    if holds { Ok(()) } else { Err(fault) }
}

fn check_names(settings: &Settings) -> Result<(), AccountFault> {
    check(is_mch_id(&settings.mch_id), AccountFault::MchId("mchid"))?;
    check(is_appid(&settings.appid), AccountFault::Appid("appid"))?;
    let lite = settings.lite_appid.as_deref();
    let lite_fault = AccountFault::Appid("lite_appid");
    check(lite.is_none_or(is_appid), lite_fault)?;
    let Some(sub) = &settings.sub_merchant else {
        return Ok(());
    };
    check(is_mch_id(&sub.mch_id), AccountFault::MchId("sub_mchid"))?;
    let appid = sub.appid.as_deref();
    check(appid.is_none_or(is_appid), AccountFault::Appid("sub_appid"))
}

fn is_mch_id(text: &str) -> bool {
    (8..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_appid(text: &str) -> bool {
    (1..=32).contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

fn base_url(text: &str) -> Result<Url, AccountFault> {
    let url = Url::parse(text).map_err(|_| AccountFault::BaseUrl)?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    check(bare, AccountFault::BaseUrl).map(|()| url)
}

/// The client certificate with its key, of which it has been made sure that they
/// belong together.
fn identity(settings: &Settings) -> Result<Identity, AccountFault> {
    // One-line settings write line feeds as two characters.
    let lines = |text: &str| text.replace("\\n", "\n");
    let key = settings.merchant_private_key.expose_secret();
    let pair = SigningKey::read(key).map_err(AccountFault::PrivateKey)?;
    let pem = lines(&settings.merchant_certificate);
    let public = public_key(pem.trim()).ok_or(AccountFault::Certificate)?;
    check(pair.is_pair_of(&public), AccountFault::Pair)?;
    let both = Zeroizing::new([pem.trim(), "\n", &lines(key)].concat());
    // What is left is a key that is not PEM.
    Identity::from_pem(both.as_bytes()).map_err(|_| AccountFault::PrivateKey(KeyFault::NotRsa))
}

fn authority(pem: Option<&str>) -> Result<Option<reqwest::Certificate>, AccountFault> {
    let Some(pem) = pem else { return Ok(None) };
    let der = Certificate::from_pem(pem.replace("\\n", "\n").trim())
        .and_then(|certificate| certificate.to_der())
        .map_err(|_| AccountFault::Authority)?;
    reqwest::Certificate::from_der(&der)
        .map(Some)
        .map_err(|_| AccountFault::Authority)
}

fn public_key(pem: &str) -> Option<VerifyingKey> {
    let certificate = Certificate::from_pem(pem).ok()?.tbs_certificate;
    let spki = certificate.subject_public_key_info.to_der().ok()?;
    VerifyingKey::from_spki_der(&spki).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat_v2::fixture;

    fn fault(change: impl FnOnce(&mut Settings)) -> AccountFault {
        let mut settings = fixture::settings();
        change(&mut settings);
        Account::new(settings).unwrap_err()
    }

    fn key(pointer: &str) -> String {
        let keys = fixture::read("00_keys.json");
        keys.pointer(pointer).unwrap().as_str().unwrap().to_owned()
    }

    #[test]
    fn the_vectors_account_is_good_and_prints_no_secret() {
        let settings = fixture::settings();
        let secret = settings.apiv2_key.expose_secret().to_owned();
        assert!(!format!("{settings:?}").contains(&secret));
        let account = Account::new(settings).unwrap();
        assert!(!format!("{account:?}").contains(&secret));
    }

    #[test]
    fn a_key_on_one_line_is_as_good() {
        let mut settings = fixture::settings();
        settings.merchant_certificate = settings.merchant_certificate.replace('\n', "\\n");
        let key = settings.merchant_private_key.expose_secret();
        settings.merchant_private_key = key.replace('\n', "\\n").into();
        assert!(Account::new(settings).is_ok());
    }

    #[test]
    fn each_mistake_is_named() {
        let sub = |mch_id: &str, appid: &str| {
            Some(SubMerchant {
                mch_id: mch_id.to_owned(),
                appid: Some(appid.to_owned()),
            })
        };
        let cases = [
            (fault(|s| s.mch_id = "19000091x1".into()), "mchid"),
            (fault(|s| s.appid = String::new()), "appid"),
            (fault(|s| s.lite_appid = Some("wx 1".into())), "lite_appid"),
            (fault(|s| s.sub_merchant = sub("1", "wx1")), "sub_mchid"),
            (
                fault(|s| s.sub_merchant = sub("1900000109", "wx 1")),
                "sub_appid",
            ),
            (fault(|s| s.apiv2_key = "short".into()), "is 5 bytes"),
            (
                fault(|s| s.apiv2_key = "一".repeat(11).into()),
                "is 33 bytes",
            ),
            (fault(|s| s.merchant_private_key = "".into()), "empty"),
            (
                fault(|s| s.merchant_private_key = key("/merchant/cert_pem").into()),
                "a private key belongs here",
            ),
            (
                fault(|s| s.merchant_certificate = key("/merchant/public_key_spki_pem")),
                "BEGIN CERTIFICATE",
            ),
            (
                fault(|s| s.merchant_certificate = key("/platform_cert_1/cert_pem")),
                "do not belong together",
            ),
            (
                fault(|s| s.authority = Some("PEM".into())),
                "ca_certificate",
            ),
            (
                fault(|s| s.base_url = "https://x.example/pay".into()),
                "base_url",
            ),
            (fault(|s| s.deadline = Duration::ZERO), "deadline"),
        ];
        for (fault, words) in cases {
            assert!(fault.to_string().contains(words), "{fault} lacks {words}");
        }
    }
}

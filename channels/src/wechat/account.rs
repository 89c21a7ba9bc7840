//! A merchant's credentials at WeChat Pay: what the configuration says, and the
//! checks that it must pass once, before the first call.

use super::names::Names;
use super::seal::ResourceKey;
use super::sign::Signer;
use super::verify::PlatformKeys;
use super::x509::{self, SERIAL_DIGITS};
use crate::key::{KeyFault, SigningKey, VerifyingKey};
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;
use std::time::Duration;
use url::Url;

/// What the id of a WeChat Pay public key begins with.
const PUBLIC_KEY_ID: &str = "PUB_KEY_ID_";

/// The length of an APIv3 key, in bytes.
const APIV3_KEY_BYTES: usize = 32;

/// What is needed to speak as one merchant at WeChat Pay, as it is written in a
/// configuration or kept in the database.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The merchant number (商户号).
    pub mchid: String,
    /// The application under which the merchant collects.
    pub appid: String,
    /// The serial number of the merchant API certificate: 40 hexadecimal digits in
    /// capitals.
    pub serial_no: String,
    /// The private key of that certificate (`apiclient_key.pem`), PKCS#8 or PKCS#1.
    pub merchant_private_key: SecretString,
    /// The certificate itself (`apiclient_cert.pem`), to see whether the two belong
    /// together; not needed for anything else.
    pub merchant_certificate: Option<String>,
    /// The APIv3 key: 32 characters.
    pub apiv3_key: SecretString,
    /// The keys that WeChat may sign with; at least one, unless certificates are
    /// downloaded.
    pub platform_keys: Vec<PlatformKey>,
    /// Whether WeChat's platform certificates are downloaded and kept fresh (平台证书).
    /// Merchants who never had one cannot.
    pub platform_certificates: bool,
    /// What answers shall be signed with while WeChat changes over from certificates to
    /// the public key.
    pub answers: Answers,
    /// The mini program under which `WX_LITE` is paid; `None`: under `appid`.
    pub lite_appid: Option<String>,
    /// Whether `WX_BAR` is paid under APIv3 (codepay). Tencent does not give it to
    /// everybody.
    pub codepay: bool,
    /// The secret of the official account (AppSecret), with which payers are told apart.
    pub app_secret: Option<SecretString>,
    /// The merchant below, when the account is a service provider's (服务商); `mchid` and
    /// `appid` are then the provider's.
    pub sub_merchant: Option<SubMerchant>,
    /// The API's address without a path: [`Settings::BASE_URL`] or a sandbox.
    pub base_url: String,
    /// Where a payer's browser becomes known: [`Settings::OPEN_URL`] or a sandbox.
    pub open_url: String,
    /// Where a payer's code is changed into an openid: [`Settings::SNS_URL`] or a
    /// sandbox.
    pub sns_url: String,
    /// How long a call may take in all; see [`Settings::DEADLINE`].
    pub deadline: Duration,
}

/// A merchant below a service provider (特约商户).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SubMerchant {
    /// Its merchant number.
    pub mchid: String,
    /// Its own application, if payers are known to that and not to the provider's.
    pub appid: Option<String>,
}

/// The kind of key that answers shall be signed with. Notices are signed with what
/// WeChat chooses, so both kinds are verified all the same.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Answers {
    /// The WeChat Pay public key, if one is given; else a platform certificate.
    #[default]
    PublicKey,
    /// A platform certificate, also when a public key is given already.
    Certificate,
}

/// A key that WeChat signs with.
#[derive(Clone, Debug)]
pub struct PlatformKey {
    /// What `Wechatpay-Serial` says: `PUB_KEY_ID_` and digits, or the serial number
    /// of a platform certificate (40 hexadecimal digits in capitals).
    pub id: String,
    /// The public key (`pub_key.pem`) or the platform certificate.
    pub pem: String,
}

/// What is wrong with an account, and how to mend it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum AccountFault {
    /// `mchid` is not a merchant number.
    #[error("mchid must be 8 to 32 digits, as the merchant portal shows it (商户号)")]
    Mchid,
    /// `appid` is not an application's id.
    #[error("appid must be 1 to 32 letters and digits, as wx… under 产品中心 > AppID账号管理")]
    Appid,
    /// `lite_appid` is not an application's id.
    #[error("lite_appid must be 1 to 32 letters and digits, the mini program's AppID")]
    LiteAppid,
    /// `sub_mchid` is not a merchant number.
    #[error("sub_mchid must be 8 to 32 digits: the number of the merchant below (特约商户号)")]
    SubMchid,
    /// `sub_appid` is not an application's id.
    #[error("sub_appid must be 1 to 32 letters and digits, the AppID of the merchant below")]
    SubAppid,
    /// `app_secret` is empty.
    #[error(
        "app_secret is empty: copy the AppSecret from the official account's settings, or leave it out"
    )]
    AppSecret,
    /// Answers signed with a certificate are wanted, and none can be had.
    #[error(
        "answers_signed_by is certificate, and there is none: set platform_certificates, or add \
         a platform certificate to platform_keys"
    )]
    NoCertificate,
    /// `serial_no` is not a certificate's serial number.
    #[error(
        "serial_no must be 40 hexadecimal digits in capitals, leading zeros included, and is {0} \
         characters: copy it from 账户中心 > API安全 > 商户API证书, or from \
         `openssl x509 -in apiclient_cert.pem -noout -serial`"
    )]
    Serial(usize),
    /// `merchant_private_key` cannot be used.
    #[error("merchant_private_key (apiclient_key.pem): {0}")]
    PrivateKey(KeyFault),
    /// `merchant_certificate` cannot be read.
    #[error(
        "merchant_certificate (apiclient_cert.pem) cannot be read: give the file that begins with \
         BEGIN CERTIFICATE, unchanged"
    )]
    OwnCertificate,
    /// Certificate and key are not of one pair.
    #[error(
        "merchant_certificate and merchant_private_key do not belong together: take both files \
         out of the same download of the merchant API certificate"
    )]
    OwnPair,
    /// `serial_no` is another certificate's.
    #[error("serial_no is another certificate's: that of merchant_certificate is {0}")]
    OwnSerial(String),
    /// `apiv3_key` has another length.
    #[error(
        "apiv3_key must be exactly 32 letters and digits, and is {0} bytes: set it under \
         账户中心 > API安全 > APIv3密钥 (it is neither the APIv2 key nor a certificate)"
    )]
    Apiv3Key(usize),
    /// No key to verify with.
    #[error(
        "platform_keys is empty: add the WeChat Pay public key (pub_key.pem with its \
         PUB_KEY_ID_…) or a platform certificate with its serial number, or set \
         platform_certificates to download them"
    )]
    NoPlatformKey,
    /// Two platform keys with one id.
    #[error("platform key {0} is given twice: leave one out")]
    TwoPlatformKeys(String),
    /// A platform key's id has neither form.
    #[error(
        "platform key id {0:?} must be PUB_KEY_ID_ and digits (public key), or 40 hexadecimal \
         digits in capitals (platform certificate)"
    )]
    PlatformKeyId(String),
    /// A platform key cannot be used.
    #[error("platform key {id}: {fault}")]
    PlatformKey {
        /// Its id.
        id: String,
        /// What is wrong with it.
        fault: KeyFault,
    },
    /// An id of one kind with a key of the other.
    #[error(
        "platform key {0}: a PUB_KEY_ID_… goes with `BEGIN PUBLIC KEY` and a serial number with \
         `BEGIN CERTIFICATE`; give the one that belongs to the id"
    )]
    PlatformKeyKind(String),
    /// A certificate that cannot be read.
    #[error("platform key {0}: the certificate cannot be read; download it again")]
    Certificate(String),
    /// A certificate under another's serial number.
    #[error("platform key {id}: the certificate's serial number is {serial}; use that as the id")]
    CertificateSerial {
        /// The id that was given.
        id: String,
        /// The serial number inside.
        serial: String,
    },
    /// The merchant's own public key where WeChat's belongs.
    #[error(
        "platform key {0} is the merchant's own public key: WeChat Pay's public key belongs here \
         (账户中心 > API安全 > 微信支付公钥)"
    )]
    OwnKey(String),
    /// An address cannot be used.
    #[error("{0} must be http(s)://host[:port] without a path, for example {base}", base = Settings::BASE_URL)]
    BaseUrl(&'static str),
    /// `deadline` is nothing.
    #[error("deadline must be longer than nothing; 10 seconds is usual")]
    Deadline,
    /// The HTTP client could not be set up.
    #[error("the HTTP client could not be set up: {0}")]
    Http(String),
}

/// A merchant's credentials at WeChat Pay, ready to be used. Holds no way to get a
/// key out again.
#[derive(Debug)]
pub struct Account {
    pub(super) names: Names,
    pub(super) signer: Signer,
    pub(super) platform: PlatformKeys,
    pub(super) resource_key: ResourceKey,
    pub(super) base_url: Url,
    pub(super) open_url: Url,
    pub(super) sns_url: Url,
    pub(super) deadline: Duration,
    pub(super) downloads_certificates: bool,
    pub(super) codepay: bool,
    pub(super) app_secret: Option<SecretString>,
    /// The WeChat Pay public key that answers shall be signed with, if any shall.
    pub(super) public_key_id: Option<String>,
}

impl Settings {
    /// WeChat Pay's own API.
    pub const BASE_URL: &'static str = "https://api.mch.weixin.qq.com";

    /// Where WeChat sees payers' browsers.
    pub const OPEN_URL: &'static str = "https://open.weixin.qq.com";

    /// Where WeChat names payers.
    pub const SNS_URL: &'static str = "https://api.weixin.qq.com";

    /// How long a call may take if nothing else is wanted.
    pub const DEADLINE: Duration = Duration::from_secs(10);

    fn check_names(&self) -> Result<(), AccountFault> {
        let is_mchid = |text: &str| is_within(text, 8, |c| c.is_ascii_digit());
        let is_appid = |text: &str| is_within(text, 1, |c| c.is_ascii_alphanumeric());
        let lite = self.lite_appid.as_deref();
        let sub = self.sub_merchant.as_ref();
        let sub_appid = sub.and_then(|sub| sub.appid.as_deref());
        let secret = self.app_secret.as_ref();
        check(is_mchid(&self.mchid), AccountFault::Mchid)?;
        check(is_appid(&self.appid), AccountFault::Appid)?;
        check(lite.is_none_or(is_appid), AccountFault::LiteAppid)?;
        check(
            sub.is_none_or(|sub| is_mchid(&sub.mchid)),
            AccountFault::SubMchid,
        )?;
        check(sub_appid.is_none_or(is_appid), AccountFault::SubAppid)?;
        check(
            secret.is_none_or(|secret| !secret.expose_secret().is_empty()),
            AccountFault::AppSecret,
        )
    }
}

impl Account {
    /// Reads and checks an account's settings.
    ///
    /// # Errors
    /// [`AccountFault`] names the setting and says how to mend it.
    pub fn new(settings: Settings) -> Result<Account, AccountFault> {
        settings.check_names()?;
        let serial_no = &settings.serial_no;
        check(
            is_serial(serial_no),
            AccountFault::Serial(serial_no.chars().count()),
        )?;
        check(!settings.deadline.is_zero(), AccountFault::Deadline)?;
        let resource_key = resource_key(&settings.apiv3_key)?;
        let key = SigningKey::read(settings.merchant_private_key.expose_secret())
            .map_err(AccountFault::PrivateKey)?;
        if let Some(pem) = &settings.merchant_certificate {
            x509::check_own(pem, serial_no, &key)?;
        }
        let platform = platform_keys(&settings, &key)?;
        let public_key_id = public_key_id(&settings, &platform)?;
        Ok(Account {
            signer: Signer::new(&settings.mchid, serial_no, key),
            platform,
            resource_key,
            base_url: base_url("base_url", &settings.base_url)?,
            open_url: base_url("open_url", &settings.open_url)?,
            sns_url: base_url("sns_url", &settings.sns_url)?,
            deadline: settings.deadline,
            downloads_certificates: settings.platform_certificates,
            codepay: settings.codepay,
            app_secret: settings.app_secret,
            public_key_id,
            names: Names {
                mchid: settings.mchid,
                appid: settings.appid,
                lite_appid: settings.lite_appid,
                sub: settings.sub_merchant,
            },
        })
    }
}

/// The public key that answers are asked to be signed with.
fn public_key_id(
    settings: &Settings,
    platform: &PlatformKeys,
) -> Result<Option<String>, AccountFault> {
    let known = |public: bool| platform.ids().find(|id| is_public_key_id(id) == public);
    match settings.answers {
        Answers::PublicKey => Ok(known(true).map(str::to_owned)),
        Answers::Certificate => check(
            settings.platform_certificates || known(false).is_some(),
            AccountFault::NoCertificate,
        )
        .map(|()| None),
    }
}

fn check(holds: bool, fault: AccountFault) -> Result<(), AccountFault> {
    if holds { Ok(()) } else { Err(fault) }
}

/// `least` to 32 characters, each of which is allowed.
fn is_within(text: &str, least: usize, allowed: impl Fn(char) -> bool) -> bool {
    (least..=32).contains(&text.len()) && text.chars().all(allowed)
}

fn is_serial(text: &str) -> bool {
    text.len() == SERIAL_DIGITS && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'A'..=b'F'))
}

fn is_public_key_id(text: &str) -> bool {
    text.strip_prefix(PUBLIC_KEY_ID)
        .is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|b| b.is_ascii_digit()))
}

/// The scheme, host and port; a path would have to be signed and is not WeChat's.
fn base_url(field: &'static str, text: &str) -> Result<Url, AccountFault> {
    let url = Url::parse(text).map_err(|_| AccountFault::BaseUrl(field))?;
    let bare = matches!(url.scheme(), "http" | "https")
        && url.has_host()
        && url.username().is_empty()
        && url.password().is_none()
        && url.path() == "/"
        && url.query().is_none()
        && url.fragment().is_none();
    check(bare, AccountFault::BaseUrl(field)).map(|()| url)
}

fn resource_key(apiv3_key: &SecretString) -> Result<ResourceKey, AccountFault> {
    let bytes = apiv3_key.expose_secret().as_bytes();
    let plain = bytes.len() == APIV3_KEY_BYTES && bytes.iter().all(u8::is_ascii_alphanumeric);
    match ResourceKey::new(bytes) {
        Some(key) if plain => Ok(key),
        _ => Err(AccountFault::Apiv3Key(bytes.len())),
    }
}

fn platform_keys(settings: &Settings, own: &SigningKey) -> Result<PlatformKeys, AccountFault> {
    check(
        settings.platform_certificates || !settings.platform_keys.is_empty(),
        AccountFault::NoPlatformKey,
    )?;
    let mut keys = BTreeMap::new();
    for platform in &settings.platform_keys {
        let key = platform.read()?;
        check(
            !own.is_pair_of(&key),
            AccountFault::OwnKey(platform.id.clone()),
        )?;
        let before = keys.insert(platform.id.clone(), key);
        check(
            before.is_none(),
            AccountFault::TwoPlatformKeys(platform.id.clone()),
        )?;
    }
    Ok(PlatformKeys::new(keys))
}

impl PlatformKey {
    fn read(&self) -> Result<VerifyingKey, AccountFault> {
        let is_certificate = self.pem.contains("-----BEGIN CERTIFICATE-----");
        if is_public_key_id(&self.id) {
            check(
                !is_certificate,
                AccountFault::PlatformKeyKind(self.id.clone()),
            )?;
            return VerifyingKey::read(&self.pem).map_err(|fault| self.fault(fault));
        }
        check(
            is_serial(&self.id),
            AccountFault::PlatformKeyId(self.id.clone()),
        )?;
        check(
            is_certificate || !self.pem.contains("-----BEGIN PUBLIC KEY-----"),
            AccountFault::PlatformKeyKind(self.id.clone()),
        )?;
        self.read_certificate()
    }

    /// Reads a platform certificate, whose serial number has to be the id.
    pub(super) fn read_certificate(&self) -> Result<VerifyingKey, AccountFault> {
        let read = x509::Read::from_pem(&self.pem)
            .ok_or_else(|| AccountFault::Certificate(self.id.clone()))?;
        if read.serial != self.id {
            return Err(AccountFault::CertificateSerial {
                id: self.id.clone(),
                serial: read.serial,
            });
        }
        VerifyingKey::from_spki_der(&read.spki).map_err(|fault| self.fault(fault))
    }

    fn fault(&self, fault: KeyFault) -> AccountFault {
        AccountFault::PlatformKey {
            id: self.id.clone(),
            fault,
        }
    }
}

#[cfg(test)]
mod tests;

//! Who may call: the Alipay apps and WeChat Pay merchants that were registered, with their keys.
//!
//! Registering is idempotent: the channel's key pair for an account is made at the first
//! registration and kept. Registering again with another public key of the merchant replaces
//! that key, as the channels' consoles do.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::key::{KeyError, SigningKey, VerifyingKey};
use crate::wechat::{PlatformKey, Portal, SavedPortal, WechatApp};

/// An application on Alipay's open platform, in key mode (RSA2).
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlipayApp {
    /// `app_id`, 16 digits in practice.
    pub app_id: String,
    /// The seller's account, `2088…`.
    pub seller_id: String,
    /// 应用公钥: the merchant's public key, PEM or bare base64.
    pub app_public_key_pem: String,
}

/// A WeChat Pay merchant that speaks APIv3.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatMerchant {
    /// `mchid`.
    pub mchid: String,
    /// The appid bound to this merchant.
    pub appid: String,
    /// Serial number of the merchant API certificate, 40 hex digits.
    pub serial_no: String,
    /// Public key of the merchant API certificate, PEM or bare base64.
    pub merchant_public_key_pem: String,
    /// APIv3 key, 32 ASCII characters.
    pub apiv3_key: SecretString,
}

/// What a WeChat Pay merchant copies from the portal to verify answers and notices.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WechatPlatform {
    /// `PUB_KEY_ID_…`.
    pub public_key_id: String,
    /// 微信支付公钥, SPKI PEM.
    pub public_key_pem: String,
}

/// Why an account could not be registered.
#[derive(Debug, thiserror::Error)]
pub enum RegisterError {
    /// A field is empty or of the wrong form.
    #[error("{field}: {problem}")]
    Field {
        /// The field's own name.
        field: &'static str,
        /// What is wrong and what to give instead.
        problem: &'static str,
    },
    /// The merchant's key cannot be used, or a new one cannot be made.
    #[error("{field}: {source}")]
    Key {
        /// The field's own name.
        field: &'static str,
        /// What is wrong with the key.
        #[source]
        source: KeyError,
    },
}

/// A registered Alipay app: the merchant's key that verifies, Alipay's key that signs.
#[derive(Debug)]
pub struct AlipayAccount {
    /// As registered.
    pub app: AlipayApp,
    /// Verifies the merchant's requests.
    pub merchant_key: VerifyingKey,
    /// Signs answers, notices and `return_url` for this app.
    pub channel_key: Arc<SigningKey>,
}

/// A registered WeChat Pay merchant: the merchant's key that verifies, WeChat's key that signs.
#[derive(Debug)]
pub struct WechatAccount {
    /// As registered.
    pub merchant: WechatMerchant,
    /// Verifies the merchant's requests and client parameters.
    pub merchant_key: VerifyingKey,
    /// Signs answers and notices for this merchant.
    pub channel_key: Arc<SigningKey>,
    /// `PUB_KEY_ID_…` of `channel_key`.
    pub public_key_id: String,
    /// What is set for it besides: appids, sub-merchants, platform certificates.
    pub portal: Arc<Portal>,
}

impl WechatAccount {
    /// The platform public key and its id.
    pub fn public_key(&self) -> PlatformKey {
        PlatformKey {
            id: self.public_key_id.clone(),
            key: self.channel_key.clone(),
        }
    }

    /// Whether the appid is bound to this merchant.
    pub fn has_app(&self, appid: &str) -> bool {
        self.merchant.appid == appid || self.portal.app(appid).is_some()
    }
}

/// All registered accounts.
#[derive(Debug, Default)]
pub struct Accounts {
    alipay: RwLock<BTreeMap<String, Arc<AlipayAccount>>>,
    wechat: RwLock<BTreeMap<String, Arc<WechatAccount>>>,
}

impl Accounts {
    /// The app with this `app_id`.
    pub fn alipay(&self, app_id: &str) -> Option<Arc<AlipayAccount>> {
        self.alipay
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(app_id)
            .cloned()
    }

    /// The merchant with this `mchid`.
    pub fn wechat(&self, mchid: &str) -> Option<Arc<WechatAccount>> {
        self.wechat
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(mchid)
            .cloned()
    }

    /// Every WeChat appid that somebody registered or bound.
    pub fn wechat_appids(&self) -> Vec<String> {
        let merchants = self.wechat.read().unwrap_or_else(PoisonError::into_inner);
        let of = |account: &Arc<WechatAccount>| {
            let mut appids = account.portal.appids();
            appids.push(account.merchant.appid.clone());
            appids
        };
        merchants.values().flat_map(of).collect()
    }

    /// What is set for a WeChat appid that some merchant registered or bound.
    pub fn wechat_app(&self, appid: &str) -> Option<WechatApp> {
        let merchants = self.wechat.read().unwrap_or_else(PoisonError::into_inner);
        let bound = merchants
            .values()
            .find_map(|account| account.portal.app(appid));
        let plain = || WechatApp {
            appid: appid.to_owned(),
            secret: None,
            oauth_domain: None,
        };
        let known = |account: &Arc<WechatAccount>| {
            account.merchant.appid == appid || account.portal.appids().iter().any(|id| id == appid)
        };
        bound.or_else(|| merchants.values().any(known).then(plain))
    }

    /// Registers an app and answers Alipay's public key for it (SPKI PEM).
    pub fn register_alipay(&self, app: AlipayApp) -> Result<String, RegisterError> {
        filled("app_id", &app.app_id)?;
        filled("seller_id", &app.seller_id)?;
        let merchant_key = merchant_key("app_public_key_pem", &app.app_public_key_pem)?;
        let mut apps = self.alipay.write().unwrap_or_else(PoisonError::into_inner);
        let channel_key = match apps.get(&app.app_id) {
            Some(known) => known.channel_key.clone(),
            None => new_key()?,
        };
        let public = public_pem(&channel_key)?;
        let account = AlipayAccount {
            app,
            merchant_key,
            channel_key,
        };
        apps.insert(account.app.app_id.clone(), Arc::new(account));
        Ok(public)
    }

    /// Registers a merchant and answers what it verifies WeChat Pay with.
    pub fn register_wechat(
        &self,
        merchant: WechatMerchant,
    ) -> Result<WechatPlatform, RegisterError> {
        filled("mchid", &merchant.mchid)?;
        filled("appid", &merchant.appid)?;
        filled("serial_no", &merchant.serial_no)?;
        if merchant.apiv3_key.expose_secret().len() != 32 {
            let problem = "the APIv3 key is 32 ASCII letters and digits";
            return Err(RegisterError::Field {
                field: "apiv3_key",
                problem,
            });
        }
        let merchant_key =
            merchant_key("merchant_public_key_pem", &merchant.merchant_public_key_pem)?;
        let mut merchants = self.wechat.write().unwrap_or_else(PoisonError::into_inner);
        let (channel_key, portal) = match merchants.get(&merchant.mchid) {
            Some(known) => (known.channel_key.clone(), known.portal.clone()),
            None => (new_key()?, Arc::default()),
        };
        let public_key_pem = public_pem(&channel_key)?;
        let public_key_id = public_key_id(&merchant.mchid);
        let account = WechatAccount {
            merchant,
            merchant_key,
            channel_key,
            public_key_id: public_key_id.clone(),
            portal,
        };
        merchants.insert(account.merchant.mchid.clone(), Arc::new(account));
        Ok(WechatPlatform {
            public_key_id,
            public_key_pem,
        })
    }

    /// Everything, with private keys, for the state file.
    pub fn save(&self) -> Result<SavedAccounts, KeyError> {
        let apps = self.alipay.read().unwrap_or_else(PoisonError::into_inner);
        let merchants = self.wechat.read().unwrap_or_else(PoisonError::into_inner);
        let mut saved = SavedAccounts::default();
        for account in apps.values() {
            let channel_key = account.channel_key.save()?.expose_secret().to_owned();
            saved.alipay.push(SavedAlipay {
                app: account.app.clone(),
                channel_key,
            });
        }
        for account in merchants.values() {
            let merchant = &account.merchant;
            saved.wechat.push(SavedWechat {
                mchid: merchant.mchid.clone(),
                appid: merchant.appid.clone(),
                serial_no: merchant.serial_no.clone(),
                merchant_public_key_pem: merchant.merchant_public_key_pem.clone(),
                apiv3_key: merchant.apiv3_key.expose_secret().to_owned(),
                portal: account.portal.save()?,
                channel_key: account.channel_key.save()?.expose_secret().to_owned(),
            });
        }
        Ok(saved)
    }

    /// The accounts of a state file.
    pub fn restore(saved: SavedAccounts) -> Result<Self, KeyError> {
        let mut alipay = BTreeMap::new();
        for SavedAlipay { app, channel_key } in saved.alipay {
            let merchant_key = VerifyingKey::parse(&app.app_public_key_pem)?;
            let channel_key = Arc::new(SigningKey::restore(&SecretString::from(channel_key))?);
            let account = AlipayAccount {
                app,
                merchant_key,
                channel_key,
            };
            alipay.insert(account.app.app_id.clone(), Arc::new(account));
        }
        let mut wechat = BTreeMap::new();
        for saved in saved.wechat {
            let merchant_key = VerifyingKey::parse(&saved.merchant_public_key_pem)?;
            let channel_key =
                Arc::new(SigningKey::restore(&SecretString::from(saved.channel_key))?);
            let public_key_id = public_key_id(&saved.mchid);
            let merchant = WechatMerchant {
                mchid: saved.mchid,
                appid: saved.appid,
                serial_no: saved.serial_no,
                merchant_public_key_pem: saved.merchant_public_key_pem,
                apiv3_key: SecretString::from(saved.apiv3_key),
            };
            let account = WechatAccount {
                merchant,
                merchant_key,
                channel_key,
                public_key_id,
                portal: Arc::new(Portal::restore(saved.portal)?),
            };
            wechat.insert(account.merchant.mchid.clone(), Arc::new(account));
        }
        Ok(Self {
            alipay: RwLock::new(alipay),
            wechat: RwLock::new(wechat),
        })
    }
}

/// Accounts as the state file holds them, private keys included: the file is for its owner only.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedAccounts {
    alipay: Vec<SavedAlipay>,
    wechat: Vec<SavedWechat>,
}

#[derive(Serialize, Deserialize)]
struct SavedAlipay {
    app: AlipayApp,
    channel_key: String,
}

#[derive(Serialize, Deserialize)]
struct SavedWechat {
    mchid: String,
    appid: String,
    serial_no: String,
    merchant_public_key_pem: String,
    apiv3_key: String,
    channel_key: String,
    #[serde(default)]
    portal: SavedPortal,
}

fn filled(field: &'static str, value: &str) -> Result<(), RegisterError> {
    if value.is_empty() || value.chars().any(char::is_whitespace) {
        let problem = "give a value without spaces";
        return Err(RegisterError::Field { field, problem });
    }
    Ok(())
}

fn merchant_key(field: &'static str, pem: &str) -> Result<VerifyingKey, RegisterError> {
    VerifyingKey::parse(pem).map_err(|source| RegisterError::Key { field, source })
}

fn new_key() -> Result<Arc<SigningKey>, RegisterError> {
    SigningKey::generate()
        .map(Arc::new)
        .map_err(|source| RegisterError::Key {
            field: "channel key",
            source,
        })
}

fn public_pem(key: &SigningKey) -> Result<String, RegisterError> {
    key.public_pem().map_err(|source| RegisterError::Key {
        field: "channel key",
        source,
    })
}

/// `PUB_KEY_ID_` and digits, as the portal shows it; the same for a merchant for ever.
fn public_key_id(mchid: &str) -> String {
    let digits: String = mchid.chars().filter(char::is_ascii_digit).collect();
    format!("PUB_KEY_ID_01{digits:0>16}2024072400000001")
}

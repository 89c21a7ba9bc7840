//! Who may call: the Alipay apps and WeChat Pay merchants that were registered, with their keys.
//!
//! Registering is idempotent: the channel's key pair for an account is made at the first
//! registration and kept. Registering again with another public key of the merchant replaces
//! that key, as the channels' consoles do.

mod alipay;

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError, RwLock};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

pub use alipay::{AlipayAccount, AlipayApp, AlipayCertificates, AlipaySubMerchant, RenewedKey};

use crate::alipay::{Authority, CertificateError, SavedAuthority};
use crate::key::{KeyError, SigningKey, VerifyingKey};
use crate::wechat::{PlatformKey, Portal, SavedPortal, WechatApp};
use crate::wechat_v2::{SavedV2Accounts, V2Accounts};

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
    /// A certificate cannot be made.
    #[error(transparent)]
    Certificate(#[from] CertificateError),
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
    /// Issues Alipay's certificates, once there are any.
    authority: RwLock<Option<Arc<Authority>>>,
    wechat: RwLock<BTreeMap<String, Arc<WechatAccount>>>,
    wechat_v2: V2Accounts,
}

impl Accounts {
    /// The merchant with this `mchid`.
    pub fn wechat(&self, mchid: &str) -> Option<Arc<WechatAccount>> {
        self.wechat
            .read()
            .unwrap_or_else(PoisonError::into_inner)
            .get(mchid)
            .cloned()
    }

    /// The merchants that speak WeChat Pay's v2.
    pub fn wechat_v2(&self) -> &V2Accounts {
        &self.wechat_v2
    }

    /// Every WeChat appid that somebody registered or bound.
    pub fn wechat_appids(&self) -> Vec<String> {
        let merchants = self.wechat.read().unwrap_or_else(PoisonError::into_inner);
        let of = |account: &Arc<WechatAccount>| {
            let mut appids = account.portal.appids();
            appids.push(account.merchant.appid.clone());
            appids
        };
        let mut appids: Vec<_> = merchants.values().flat_map(of).collect();
        appids.extend(self.wechat_v2.appids());
        appids
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
        let registered = || {
            merchants.values().any(known) || self.wechat_v2.appids().iter().any(|id| id == appid)
        };
        bound.or_else(|| registered().then(plain))
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
        let authority = self
            .authority
            .read()
            .unwrap_or_else(PoisonError::into_inner);
        let mut saved = SavedAccounts {
            authority: authority.as_ref().map(|kept| kept.save()).transpose()?,
            wechat_v2: self.wechat_v2.save()?,
            ..SavedAccounts::default()
        };
        for account in apps.values() {
            saved.alipay.push(alipay::save(account)?);
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
        let authority = saved
            .authority
            .map(Authority::restore)
            .transpose()?
            .map(Arc::new);
        let alipay = alipay::restore(saved.alipay, authority.as_ref())?;
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
            authority: RwLock::new(authority),
            wechat: RwLock::new(wechat),
            wechat_v2: V2Accounts::restore(saved.wechat_v2)?,
        })
    }
}

/// Accounts as the state file holds them, private keys included: the file is for its owner only.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedAccounts {
    alipay: Vec<alipay::SavedAlipay>,
    #[serde(default)]
    authority: Option<SavedAuthority>,
    wechat: Vec<SavedWechat>,
    #[serde(default)]
    wechat_v2: SavedV2Accounts,
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

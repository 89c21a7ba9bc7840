//! Merchants that speak v2: their API key, their certificate, their sub-merchants.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use crate::account::RegisterError;
use crate::authority::{Authority, Identity, SavedAuthority};
use crate::key::KeyError;

/// A WeChat Pay merchant that speaks v2. It may be one that speaks APIv3 too: both then see the
/// same trades.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatV2Merchant {
    /// `mch_id`; a service provider's own.
    pub mch_id: String,
    /// The appid bound to this merchant.
    pub appid: String,
    /// Further appids bound to it: mini programs, apps.
    #[serde(default)]
    pub other_appids: Vec<String>,
    /// APIv2 key, 32 ASCII characters.
    pub api_key: SecretString,
    /// The merchant API certificate that `/secapi/*` is called with, PEM; none, the sandbox issues
    /// one.
    #[serde(default)]
    pub certificate_pem: Option<String>,
    /// Whether `/secapi/*` may be called on the plain port, because what stands in front of it has
    /// checked the certificate.
    #[serde(default)]
    pub certificate_checked_by_proxy: bool,
    /// Where refunds are told that name no `notify_url` of their own, as set in the portal.
    #[serde(default)]
    pub refund_notify_url: Option<String>,
    /// A service provider's sub-merchants; none, this is a direct merchant.
    #[serde(default)]
    pub sub_merchants: Vec<WechatV2SubMerchant>,
}

/// A sub-merchant (特约商户) of a service provider.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatV2SubMerchant {
    /// `sub_mch_id`.
    pub sub_mch_id: String,
    /// The appid bound to the sub-merchant, if it has one.
    #[serde(default)]
    pub sub_appid: Option<String>,
}

/// What a merchant is given.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WechatV2Platform {
    /// The merchant API certificate, PEM.
    pub certificate_pem: String,
    /// Its private key, PKCS#8 PEM, if the sandbox issued the certificate.
    pub private_key_pem: Option<String>,
    /// What the sandbox's https port is verified with, PEM.
    pub ca_certificate_pem: String,
}

/// A registered merchant.
#[derive(Debug)]
pub struct Account {
    /// As registered.
    pub merchant: WechatV2Merchant,
    /// The merchant API certificate, DER.
    pub certificate: Vec<u8>,
    identity: Identity,
}

impl Account {
    fn new(merchant: WechatV2Merchant, identity: Identity) -> Option<Self> {
        Some(Self {
            certificate: der(&identity.certificate_pem)?,
            merchant,
            identity,
        })
    }

    /// The APIv2 key.
    pub fn key(&self) -> &str {
        self.merchant.api_key.expose_secret()
    }

    /// Whether the appid is bound to this merchant.
    pub fn has_app(&self, appid: &str) -> bool {
        let merchant = &self.merchant;
        merchant.appid == appid || merchant.other_appids.iter().any(|other| other == appid)
    }
}

/// All merchants that speak v2, and who issues their certificates.
#[derive(Debug, Default)]
pub struct V2Accounts {
    merchants: RwLock<BTreeMap<String, Arc<Account>>>,
    authority: Mutex<Option<Arc<Authority>>>,
}

impl V2Accounts {
    /// The merchant with this `mch_id`.
    pub fn find(&self, mch_id: &str) -> Option<Arc<Account>> {
        let merchants = self.merchants.read();
        let merchants = merchants.unwrap_or_else(PoisonError::into_inner);
        merchants.get(mch_id).cloned()
    }

    /// Every appid that a merchant or a sub-merchant registered.
    pub fn appids(&self) -> Vec<String> {
        let merchants = self.merchants.read();
        let merchants = merchants.unwrap_or_else(PoisonError::into_inner);
        let of = |account: &Arc<Account>| {
            let merchant = &account.merchant;
            let subs = merchant.sub_merchants.iter();
            let mut appids: Vec<_> = subs.filter_map(|sub| sub.sub_appid.clone()).collect();
            appids.push(merchant.appid.clone());
            appids.extend_from_slice(&merchant.other_appids);
            appids
        };
        merchants.values().flat_map(of).collect()
    }

    /// Registers a merchant. The same merchant again keeps the certificate that was issued to it.
    ///
    /// # Errors
    /// [`RegisterError`] names the field.
    pub fn register(&self, merchant: WechatV2Merchant) -> Result<WechatV2Platform, RegisterError> {
        check(&merchant)?;
        let authority = self.authority().map_err(certificate_refused)?;
        let identity = self.identity(&merchant, &authority)?;
        let platform = WechatV2Platform {
            certificate_pem: identity.certificate_pem.clone(),
            private_key_pem: identity.private_key_pem.clone(),
            ca_certificate_pem: authority.certificate_pem().to_owned(),
        };
        let account = Account::new(merchant, identity).ok_or(RegisterError::Field {
            field: "certificate_pem",
            problem: "give the certificate in PEM, whole",
        })?;
        self.merchants
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(account.merchant.mch_id.clone(), Arc::new(account));
        Ok(platform)
    }

    fn identity(
        &self,
        merchant: &WechatV2Merchant,
        authority: &Authority,
    ) -> Result<Identity, RegisterError> {
        if let Some(certificate_pem) = &merchant.certificate_pem {
            return Ok(Identity {
                certificate_pem: certificate_pem.clone(),
                private_key_pem: None,
            });
        }
        let issued = self
            .find(&merchant.mch_id)
            .map(|known| known.identity.clone());
        match issued.filter(|identity| identity.private_key_pem.is_some()) {
            Some(identity) => Ok(identity),
            None => authority
                .issue_to_merchant(&merchant.mch_id)
                .map_err(certificate_refused),
        }
    }

    /// Who issues certificates here; made when it is first asked for.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn authority(&self) -> Result<Arc<Authority>, KeyError> {
        let mut authority = self
            .authority
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        match &*authority {
            Some(known) => Ok(known.clone()),
            None => Ok(authority.insert(Arc::new(Authority::create()?)).clone()),
        }
    }

    /// Everything, with private keys, for the state file.
    ///
    /// # Errors
    /// [`KeyError::Library`].
    pub fn save(&self) -> Result<SavedV2Accounts, KeyError> {
        let merchants = self.merchants.read();
        let merchants = merchants.unwrap_or_else(PoisonError::into_inner);
        let authority = self
            .authority
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        let authority = authority.as_ref().map(|authority| authority.save());
        Ok(SavedV2Accounts {
            merchants: merchants.values().map(|account| saved(account)).collect(),
            authority: authority.transpose()?,
        })
    }

    /// The accounts of a state file.
    ///
    /// # Errors
    /// [`KeyError`] when a certificate or a key cannot be read.
    pub fn restore(saved: SavedV2Accounts) -> Result<Self, KeyError> {
        let authority = saved.authority.map(Authority::restore).transpose()?;
        let accounts = saved.merchants.into_iter().map(|saved| {
            let account = restored(saved).ok_or(KeyError::Text)?;
            Ok((account.merchant.mch_id.clone(), Arc::new(account)))
        });
        Ok(Self {
            merchants: RwLock::new(accounts.collect::<Result<_, KeyError>>()?),
            authority: Mutex::new(authority.map(Arc::new)),
        })
    }
}

/// What the state file holds: readable by its owner only.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedV2Accounts {
    merchants: Vec<SavedMerchant>,
    authority: Option<SavedAuthority>,
}

#[derive(Serialize, Deserialize)]
struct SavedMerchant {
    mch_id: String,
    appid: String,
    #[serde(default)]
    other_appids: Vec<String>,
    api_key: String,
    certificate_checked_by_proxy: bool,
    refund_notify_url: Option<String>,
    sub_merchants: Vec<WechatV2SubMerchant>,
    identity: Identity,
}

fn saved(account: &Account) -> SavedMerchant {
    let merchant = account.merchant.clone();
    SavedMerchant {
        mch_id: merchant.mch_id,
        appid: merchant.appid,
        other_appids: merchant.other_appids,
        api_key: merchant.api_key.expose_secret().to_owned(),
        certificate_checked_by_proxy: merchant.certificate_checked_by_proxy,
        refund_notify_url: merchant.refund_notify_url,
        sub_merchants: merchant.sub_merchants,
        identity: account.identity.clone(),
    }
}

fn restored(saved: SavedMerchant) -> Option<Account> {
    let own = saved.identity.private_key_pem.is_none();
    let merchant = WechatV2Merchant {
        mch_id: saved.mch_id,
        appid: saved.appid,
        other_appids: saved.other_appids,
        api_key: SecretString::from(saved.api_key),
        certificate_pem: own.then(|| saved.identity.certificate_pem.clone()),
        certificate_checked_by_proxy: saved.certificate_checked_by_proxy,
        refund_notify_url: saved.refund_notify_url,
        sub_merchants: saved.sub_merchants,
    };
    Account::new(merchant, saved.identity)
}

fn check(merchant: &WechatV2Merchant) -> Result<(), RegisterError> {
    let spaced = |text: &str| text.is_empty() || text.chars().any(char::is_whitespace);
    let refuse = |field, problem| Err(RegisterError::Field { field, problem });
    if spaced(&merchant.mch_id) {
        return refuse("mch_id", "give a value without spaces");
    }
    if spaced(&merchant.appid) {
        return refuse("appid", "give a value without spaces");
    }
    if merchant.other_appids.iter().any(|appid| spaced(appid)) {
        return refuse("other_appids", "give each a value without spaces");
    }
    let key = merchant.api_key.expose_secret();
    if key.len() != 32 || !key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return refuse("api_key", "the APIv2 key is 32 ASCII letters and digits");
    }
    if merchant
        .sub_merchants
        .iter()
        .any(|sub| spaced(&sub.sub_mch_id))
    {
        return refuse("sub_merchants", "give each a sub_mch_id without spaces");
    }
    Ok(())
}

fn certificate_refused(source: KeyError) -> RegisterError {
    RegisterError::Key {
        field: "certificate",
        source,
    }
}

/// The first certificate of a PEM text.
fn der(pem: &str) -> Option<Vec<u8>> {
    let (_, rest) = pem.split_once("-----BEGIN CERTIFICATE-----")?;
    let (body, _) = rest.split_once("-----END CERTIFICATE-----")?;
    let body: String = body.split_whitespace().collect();
    BASE64.decode(body).ok()
}

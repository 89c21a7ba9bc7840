//! Alipay's side of the accounts: an app in key mode or certificate mode, and the merchants that a
//! service provider's app acts for.

use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

use chrono::{DateTime, Utc};
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::{Accounts, RegisterError, filled, merchant_key, new_key, public_pem};
use crate::alipay::{Authority, Certificate};
use crate::key::{KeyError, SigningKey, VerifyingKey};
use crate::token::token;

/// An application on Alipay's open platform (RSA2).
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

/// What an app in certificate mode downloads from the console, PEM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct AlipayCertificates {
    /// 应用公钥证书, issued here for the app's public key.
    pub app_cert_pem: String,
    /// 支付宝公钥证书, the newest.
    pub alipay_cert_pem: String,
    /// 支付宝根证书: a bundle.
    pub alipay_root_cert_pem: String,
}

/// A merchant that let a service provider's app act for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AlipaySubMerchant {
    /// The seller's account, `2088…`.
    pub seller_id: String,
    /// The merchant's own app.
    pub auth_app_id: String,
    /// What the service provider sends with each call for this merchant.
    pub app_auth_token: String,
}

/// Whether a renewed certificate has a key of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RenewedKey {
    /// The same key: only the SN changes.
    Same,
    /// A new key.
    New,
}

/// A registered app: the merchant's key that verifies, Alipay's key that signs.
#[derive(Debug, Clone)]
pub struct AlipayAccount {
    /// As registered.
    pub app: AlipayApp,
    /// Verifies the merchant's requests.
    pub merchant_key: VerifyingKey,
    /// Signs answers, notices and `return_url` for this app.
    pub channel_key: Arc<SigningKey>,
    /// Certificate mode.
    pub certificates: Option<Certificates>,
    /// Whom a service provider acts for.
    pub merchants: Vec<AlipaySubMerchant>,
}

impl AlipayAccount {
    /// The merchant of this `app_auth_token`.
    pub fn merchant(&self, app_auth_token: &str) -> Option<&AlipaySubMerchant> {
        self.merchants
            .iter()
            .find(|merchant| merchant.app_auth_token == app_auth_token)
    }

    /// `alipay_cert_sn` of what is signed now.
    pub fn cert_sn(&self) -> Option<&str> {
        let newest = self.certificates.as_ref()?.alipay.last()?;
        Some(newest.sn())
    }
}

/// An app's certificates.
#[derive(Debug, Clone)]
pub struct Certificates {
    /// Who issued them.
    pub authority: Arc<Authority>,
    /// The app's own.
    pub app: Certificate,
    /// Alipay's for this app, newest last.
    pub alipay: Vec<Certificate>,
}

impl Certificates {
    fn download(&self) -> AlipayCertificates {
        let newest = self.alipay.last().map(Certificate::pem);
        AlipayCertificates {
            app_cert_pem: self.app.pem().to_owned(),
            alipay_cert_pem: newest.unwrap_or_default().to_owned(),
            alipay_root_cert_pem: self.authority.bundle().to_owned(),
        }
    }
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

    /// Registers an app in key mode and answers Alipay's public key for it (SPKI PEM).
    pub fn register_alipay(&self, app: AlipayApp) -> Result<String, RegisterError> {
        let account = self.alipay_account(app)?;
        let public = public_pem(&account.channel_key)?;
        self.put_alipay(account);
        Ok(public)
    }

    /// Registers an app in certificate mode and answers what it verifies Alipay with. The same
    /// app with the same key again: the same certificates.
    pub fn register_alipay_with_certificates(
        &self,
        app: AlipayApp,
        now: DateTime<Utc>,
    ) -> Result<AlipayCertificates, RegisterError> {
        let known = self.alipay(&app.app_id);
        let mut account = self.alipay_account(app)?;
        let kept = known.and_then(|known| {
            (known.app.app_public_key_pem == account.app.app_public_key_pem)
                .then(|| known.certificates.clone())
                .flatten()
        });
        let certificates = match kept {
            Some(certificates) => certificates,
            None => {
                let authority = self.authority(now)?;
                let (app_id, key) = (&account.app.app_id, &account.app.app_public_key_pem);
                Certificates {
                    app: authority.issue_for_app(app_id, key, now)?,
                    alipay: vec![authority.issue_for_alipay(&account.channel_key, now)?],
                    authority,
                }
            }
        };
        let download = certificates.download();
        account.certificates = Some(certificates);
        self.put_alipay(account);
        Ok(download)
    }

    /// Alipay renews its certificate for this app. The earlier ones can still be downloaded.
    pub fn renew_alipay_certificate(
        &self,
        app_id: &str,
        key: RenewedKey,
        now: DateTime<Utc>,
    ) -> Result<AlipayCertificates, RegisterError> {
        let mut account = self.known(app_id)?;
        let Some(certificates) = &mut account.certificates else {
            let problem = "this app is in key mode: register it with certificates first";
            return Err(field("app_id", problem));
        };
        if key == RenewedKey::New {
            account.channel_key = new_key()?;
        }
        let renewed = certificates
            .authority
            .issue_for_alipay(&account.channel_key, now)?;
        certificates.alipay.push(renewed);
        let download = certificates.download();
        self.put_alipay(account);
        Ok(download)
    }

    /// A merchant lets this app act for it. The same merchant again: the same token.
    pub fn authorize_alipay_merchant(
        &self,
        app_id: &str,
        seller_id: &str,
        auth_app_id: &str,
    ) -> Result<AlipaySubMerchant, RegisterError> {
        filled("seller_id", seller_id)?;
        filled("auth_app_id", auth_app_id)?;
        let mut account = self.known(app_id)?;
        let known = account
            .merchants
            .iter()
            .find(|known| known.seller_id == seller_id && known.auth_app_id == auth_app_id);
        if let Some(known) = known {
            return Ok(known.clone());
        }
        let merchant = AlipaySubMerchant {
            seller_id: seller_id.to_owned(),
            auth_app_id: auth_app_id.to_owned(),
            app_auth_token: format!("202411BB{}", token()),
        };
        account.merchants.push(merchant.clone());
        self.put_alipay(account);
        Ok(merchant)
    }

    /// The merchant takes its leave back: the token no longer names anybody. Tells whether it did.
    pub fn revoke_alipay_merchant(
        &self,
        app_id: &str,
        app_auth_token: &str,
    ) -> Result<bool, RegisterError> {
        let mut account = self.known(app_id)?;
        let before = account.merchants.len();
        account
            .merchants
            .retain(|merchant| merchant.app_auth_token != app_auth_token);
        let gone = account.merchants.len() < before;
        self.put_alipay(account);
        Ok(gone)
    }

    /// The account of this app in key mode: a known app keeps Alipay's key and its merchants.
    fn alipay_account(&self, app: AlipayApp) -> Result<AlipayAccount, RegisterError> {
        filled("app_id", &app.app_id)?;
        filled("seller_id", &app.seller_id)?;
        let merchant_key = merchant_key("app_public_key_pem", &app.app_public_key_pem)?;
        let (channel_key, merchants) = match self.alipay(&app.app_id) {
            Some(known) => (known.channel_key.clone(), known.merchants.clone()),
            None => (new_key()?, Vec::new()),
        };
        Ok(AlipayAccount {
            app,
            merchant_key,
            channel_key,
            certificates: None,
            merchants,
        })
    }

    fn known(&self, app_id: &str) -> Result<AlipayAccount, RegisterError> {
        self.alipay(app_id)
            .map(|account| account.as_ref().clone())
            .ok_or_else(|| field("app_id", "this app is not registered here"))
    }

    fn put_alipay(&self, account: AlipayAccount) {
        self.alipay
            .write()
            .unwrap_or_else(PoisonError::into_inner)
            .insert(account.app.app_id.clone(), Arc::new(account));
    }

    fn authority(&self, now: DateTime<Utc>) -> Result<Arc<Authority>, RegisterError> {
        let mut authority = self
            .authority
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some(authority) = authority.as_ref() {
            return Ok(authority.clone());
        }
        let new = Arc::new(Authority::create(now)?);
        *authority = Some(new.clone());
        Ok(new)
    }
}

/// An app as the state file holds it.
#[derive(Serialize, Deserialize)]
pub(super) struct SavedAlipay {
    app: AlipayApp,
    channel_key: String,
    #[serde(default)]
    certificates: Option<SavedCertificates>,
    #[serde(default)]
    merchants: Vec<AlipaySubMerchant>,
}

#[derive(Serialize, Deserialize)]
struct SavedCertificates {
    app: String,
    alipay: Vec<String>,
}

pub(super) fn save(account: &AlipayAccount) -> Result<SavedAlipay, KeyError> {
    let certificates = account.certificates.as_ref().map(|kept| SavedCertificates {
        app: kept.app.pem().to_owned(),
        alipay: kept
            .alipay
            .iter()
            .map(|certificate| certificate.pem().to_owned())
            .collect(),
    });
    Ok(SavedAlipay {
        app: account.app.clone(),
        channel_key: account.channel_key.save()?.expose_secret().to_owned(),
        certificates,
        merchants: account.merchants.clone(),
    })
}

pub(super) fn restore(
    saved: Vec<SavedAlipay>,
    authority: Option<&Arc<Authority>>,
) -> Result<BTreeMap<String, Arc<AlipayAccount>>, KeyError> {
    let mut apps = BTreeMap::new();
    for saved in saved {
        let certificates = match (saved.certificates, authority) {
            (Some(kept), Some(authority)) => Some(restore_certificates(&kept, authority)?),
            _ => None,
        };
        let account = AlipayAccount {
            merchant_key: VerifyingKey::parse(&saved.app.app_public_key_pem)?,
            channel_key: Arc::new(SigningKey::restore(&SecretString::from(saved.channel_key))?),
            certificates,
            merchants: saved.merchants,
            app: saved.app,
        };
        apps.insert(account.app.app_id.clone(), Arc::new(account));
    }
    Ok(apps)
}

fn restore_certificates(
    saved: &SavedCertificates,
    authority: &Arc<Authority>,
) -> Result<Certificates, KeyError> {
    let read = |pem: &String| Certificate::parse(pem).map_err(|_| KeyError::Public);
    Ok(Certificates {
        authority: authority.clone(),
        app: read(&saved.app)?,
        alipay: saved.alipay.iter().map(read).collect::<Result<_, _>>()?,
    })
}

fn field(field: &'static str, problem: &'static str) -> RegisterError {
    RegisterError::Field { field, problem }
}

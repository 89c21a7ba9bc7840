//! What a merchant sets in the portal (商户平台) besides its own keys: further appids that are
//! bound to it, sub-merchants that it calls for, and with which of WeChat Pay's keys it verifies.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};

use super::platform::{Platform, SavedPlatform};
use crate::key::KeyError;

/// An official account or mini program that is bound to a merchant.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WechatApp {
    /// `appid`.
    pub appid: String,
    /// AppSecret, for OAuth; without one, any secret is taken.
    #[serde(default)]
    pub secret: Option<SecretString>,
    /// 网页授权域名, without a scheme; without one, OAuth redirects anywhere.
    #[serde(default)]
    pub oauth_domain: Option<String>,
}

/// A sub-merchant that lets a service provider call for it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubMerchant {
    /// `sub_mchid`.
    pub sub_mchid: String,
    /// `sub_appid`: an appid that is bound to it, if it has one.
    #[serde(default)]
    pub sub_appid: Option<String>,
}

/// One merchant's settings.
#[derive(Debug, Default)]
pub struct Portal {
    /// WeChat Pay's keys for this merchant.
    pub platform: Platform,
    apps: Mutex<BTreeMap<String, WechatApp>>,
    sub_merchants: Mutex<BTreeMap<String, SubMerchant>>,
}

/// A portal in the state file, secrets included.
#[derive(Default, Serialize, Deserialize)]
pub struct SavedPortal {
    #[serde(default)]
    platform: SavedPlatform,
    #[serde(default)]
    apps: Vec<SavedApp>,
    #[serde(default)]
    sub_merchants: Vec<SubMerchant>,
}

#[derive(Serialize, Deserialize)]
struct SavedApp {
    appid: String,
    secret: Option<String>,
    oauth_domain: Option<String>,
}

impl Portal {
    /// Binds an appid, or replaces what was set for it.
    pub fn bind(&self, app: WechatApp) {
        lock(&self.apps).insert(app.appid.clone(), app);
    }

    /// The bound app with this appid.
    pub fn app(&self, appid: &str) -> Option<WechatApp> {
        lock(&self.apps).get(appid).cloned()
    }

    /// Every appid that is bound, or belongs to a sub-merchant.
    pub fn appids(&self) -> Vec<String> {
        let mut appids: Vec<_> = lock(&self.apps).keys().cloned().collect();
        let sub_merchants = lock(&self.sub_merchants);
        appids.extend(
            sub_merchants
                .values()
                .filter_map(|sub| sub.sub_appid.clone()),
        );
        appids
    }

    /// Links a sub-merchant, or replaces what was set for it.
    pub fn link(&self, sub: SubMerchant) {
        lock(&self.sub_merchants).insert(sub.sub_mchid.clone(), sub);
    }

    /// Whether this sub-merchant is linked.
    pub fn has_sub_merchant(&self, sub_mchid: &str) -> bool {
        lock(&self.sub_merchants).contains_key(sub_mchid)
    }

    /// Whether this appid is the linked sub-merchant's.
    pub fn has_sub_app(&self, sub_mchid: &str, appid: &str) -> bool {
        let sub_merchants = lock(&self.sub_merchants);
        let bound = sub_merchants
            .get(sub_mchid)
            .and_then(|sub| sub.sub_appid.as_deref());
        bound == Some(appid)
    }

    /// Everything, private keys included, for the state file.
    ///
    /// # Errors
    /// [`KeyError`] when a key cannot be written.
    pub fn save(&self) -> Result<SavedPortal, KeyError> {
        let apps = lock(&self.apps);
        let apps = apps.values().map(|app| SavedApp {
            appid: app.appid.clone(),
            secret: app
                .secret
                .as_ref()
                .map(|secret| secret.expose_secret().to_owned()),
            oauth_domain: app.oauth_domain.clone(),
        });
        Ok(SavedPortal {
            platform: self.platform.save()?,
            apps: apps.collect(),
            sub_merchants: lock(&self.sub_merchants).values().cloned().collect(),
        })
    }

    /// The portal of a state file.
    ///
    /// # Errors
    /// [`KeyError`] when a saved key is unusable.
    pub fn restore(saved: SavedPortal) -> Result<Self, KeyError> {
        let portal = Self {
            platform: Platform::restore(saved.platform)?,
            ..Self::default()
        };
        for app in saved.apps {
            portal.bind(WechatApp {
                appid: app.appid,
                secret: app.secret.map(SecretString::from),
                oauth_domain: app.oauth_domain,
            });
        }
        saved
            .sub_merchants
            .into_iter()
            .for_each(|sub| portal.link(sub));
        Ok(portal)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

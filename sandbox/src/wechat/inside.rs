//! The merchant portal for callers in the same process.

use std::sync::Arc;

use super::platform::{KeyMode, PlatformView, Rotation};
use super::portal::{Portal, SubMerchant, WechatApp};
use crate::key::KeyError;
use crate::server::Sandbox;

/// Why a setting was not made.
#[derive(Debug, thiserror::Error)]
pub enum PortalError {
    /// Nobody registered this `mchid`.
    #[error("the merchant {0} is not registered with this sandbox (POST /sandbox/accounts)")]
    NoMerchant(String),
    /// Not a share.
    #[error("public_key_permille is a number from 0 to 1000: of so many notices out of 1000")]
    Share,
    /// Not a number of orders that can be made.
    #[error(
        "give trades from 1 to 1000000, an amount of at least 1 fen, and a prefix of at most 24 characters"
    )]
    Fill,
    /// No certificate can be made.
    #[error("a platform certificate cannot be made: {0}")]
    Key(#[from] KeyError),
}

impl Sandbox {
    /// WeChat Pay's keys for this merchant, certificates included.
    ///
    /// # Errors
    /// [`PortalError::NoMerchant`].
    pub fn wechat_platform(&self, mchid: &str) -> Result<PlatformView, PortalError> {
        Ok(self.portal(mchid)?.platform.view())
    }

    /// Decides with which of WeChat Pay's keys the merchant verifies; while it migrates, the public
    /// key signs `public_key_permille` of a thousand notices.
    ///
    /// # Errors
    /// [`PortalError`], and then nothing changed.
    pub fn set_wechat_keys(
        &self,
        mchid: &str,
        mode: KeyMode,
        public_key_permille: u16,
    ) -> Result<PlatformView, PortalError> {
        if public_key_permille > 1000 {
            return Err(PortalError::Share);
        }
        let portal = self.portal(mchid)?;
        let (now, wall) = (self.clock().now(), self.clock().wall());
        portal
            .platform
            .set_mode(mode, public_key_permille, now, wall)?;
        self.with_world(|_, _| ());
        Ok(portal.platform.view())
    }

    /// Takes a step of exchanging the merchant's platform certificate.
    ///
    /// # Errors
    /// [`PortalError`], and then nothing changed.
    pub fn rotate_wechat(&self, mchid: &str, step: Rotation) -> Result<PlatformView, PortalError> {
        let portal = self.portal(mchid)?;
        let (now, wall) = (self.clock().now(), self.clock().wall());
        portal.platform.rotate(step, now, wall)?;
        self.with_world(|_, _| ());
        Ok(portal.platform.view())
    }

    /// Binds one more appid to the merchant: a mini program's, or one with a secret for OAuth.
    ///
    /// # Errors
    /// [`PortalError::NoMerchant`].
    pub fn bind_wechat_app(&self, mchid: &str, app: WechatApp) -> Result<(), PortalError> {
        self.portal(mchid)?.bind(app);
        self.with_world(|_, _| ());
        Ok(())
    }

    /// Lets the merchant, a service provider, call for a sub-merchant.
    ///
    /// # Errors
    /// [`PortalError::NoMerchant`].
    pub fn link_sub_merchant(&self, mchid: &str, sub: SubMerchant) -> Result<(), PortalError> {
        self.portal(mchid)?.link(sub);
        self.with_world(|_, _| ());
        Ok(())
    }

    /// Decides who pays under a WeChat appid from now on, as OAuth tells it.
    pub fn set_wechat_payer(&self, appid: &str, openid: &str) {
        self.wechat().openids.set_payer(appid, openid);
    }

    fn portal(&self, mchid: &str) -> Result<Arc<Portal>, PortalError> {
        let account = self.accounts().wechat(mchid);
        account
            .map(|account| account.portal.clone())
            .ok_or_else(|| PortalError::NoMerchant(mchid.to_owned()))
    }
}

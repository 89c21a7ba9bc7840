//! Registration from inside: the apps and merchants that may call. The same one again is the
//! same account, with the same keys.

use crate::account::{
    AlipayApp, AlipayCertificates, AlipaySubMerchant, RegisterError, RenewedKey, WechatMerchant,
    WechatPlatform,
};
use crate::server::Sandbox;
use crate::wechat_v2::{WechatV2Merchant, WechatV2Platform};

impl Sandbox {
    /// Registers an Alipay app and answers Alipay's public key for it (SPKI PEM). The same app
    /// again: the same key.
    pub fn register_alipay(&self, app: AlipayApp) -> Result<String, RegisterError> {
        let answer = self.accounts().register_alipay(app);
        self.note_change();
        answer
    }

    /// Registers an Alipay app in certificate mode and answers its certificates. The same app
    /// with the same key again: the same certificates.
    pub fn register_alipay_with_certificates(
        &self,
        app: AlipayApp,
    ) -> Result<AlipayCertificates, RegisterError> {
        let now = self.clock().wall();
        let answer = self.accounts().register_alipay_with_certificates(app, now);
        self.note_change();
        answer
    }

    /// Alipay renews its certificate for this app, with the same key or a new one, and answers
    /// the app's certificates. What is signed from now on is signed by the new one.
    pub fn renew_alipay_certificate(
        &self,
        app_id: &str,
        key: RenewedKey,
    ) -> Result<AlipayCertificates, RegisterError> {
        let now = self.clock().wall();
        let answer = self.accounts().renew_alipay_certificate(app_id, key, now);
        self.note_change();
        answer
    }

    /// A merchant lets a service provider's app act for it, and answers with its
    /// `app_auth_token`. The same merchant again: the same token.
    pub fn authorize_alipay_merchant(
        &self,
        app_id: &str,
        seller_id: &str,
        auth_app_id: &str,
    ) -> Result<AlipaySubMerchant, RegisterError> {
        let accounts = self.accounts();
        let answer = accounts.authorize_alipay_merchant(app_id, seller_id, auth_app_id);
        self.note_change();
        answer
    }

    /// The merchant takes its leave back. Tells whether the token named anybody.
    pub fn revoke_alipay_merchant(
        &self,
        app_id: &str,
        app_auth_token: &str,
    ) -> Result<bool, RegisterError> {
        let accounts = self.accounts();
        let answer = accounts.revoke_alipay_merchant(app_id, app_auth_token);
        self.note_change();
        answer
    }

    /// Registers a WeChat Pay merchant and answers what it verifies WeChat Pay with. The same
    /// merchant again: the same key.
    pub fn register_wechat(
        &self,
        merchant: WechatMerchant,
    ) -> Result<WechatPlatform, RegisterError> {
        let answer = self.accounts().register_wechat(merchant);
        self.note_change();
        answer
    }

    /// Registers a WeChat Pay merchant that speaks v2, beside or instead of APIv3, and answers its
    /// certificate. The same merchant again: the same certificate.
    pub fn register_wechat_v2(
        &self,
        merchant: WechatV2Merchant,
    ) -> Result<WechatV2Platform, RegisterError> {
        let answer = self.accounts().wechat_v2().register(merchant);
        self.note_change();
        answer
    }
}

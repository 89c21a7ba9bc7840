//! What only shows when a merchant's accounts are seen side by side.

use super::PlannedMerchant;
use crate::accounts::Credentials;
use crate::config::Mistakes;
use secrecy::{ExposeSecret, SecretString};

/// Notes each APIv2 key that is the same merchant number's APIv3 key too.
pub(super) fn compare(merchants: &[PlannedMerchant], mistakes: &mut Mistakes) {
    let accounts = || merchants.iter().flat_map(|merchant| &merchant.accounts);
    let third = |number: &str, key: &SecretString| {
        accounts().any(|account| match &account.credentials {
            Credentials::Wechat {
                mchid, apiv3_key, ..
            } => mchid == number && apiv3_key.expose_secret() == key.expose_secret(),
            _ => false,
        })
    };
    for account in accounts() {
        if let Credentials::WechatV2 {
            mchid, apiv2_key, ..
        } = &account.credentials
            && third(mchid, apiv2_key)
        {
            let problem = "apiv2_key is the APIv3 key of the same merchant number: whoever sees \
                           one has both. Set another under 账户中心 > API安全 > APIv2密钥";
            mistakes.add(format!("account {:?}", account.id), problem);
        }
    }
}

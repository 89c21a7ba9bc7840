//! What only shows when channel accounts are seen side by side: an APIv2 key that is
//! the APIv3 key of the same merchant number.

use super::Credentials;
use secrecy::{ExposeSecret, SecretString};

/// An account by its id.
pub type Keyed<'a> = (&'a str, &'a Credentials);

/// What is wrong with some of `looked_at`, beside each other and beside `others`: the id,
/// and how to mend it. Of two that are looked at, the one that speaks APIv2 is told.
pub fn same_key<'a>(looked_at: &[Keyed<'a>], others: &[Keyed<'_>]) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for (id, credentials) in looked_at {
        let mut beside = looked_at.iter().chain(others);
        match credentials {
            Credentials::WechatV2 {
                mchid, apiv2_key, ..
            } if beside.any(|(_, other)| has_third(other, mchid, apiv2_key)) => {
                found.push((*id, second_words()));
            }
            Credentials::Wechat {
                mchid, apiv3_key, ..
            } => {
                let mut others = others.iter();
                let twin = others.find(|(_, other)| has_second(other, mchid, apiv3_key));
                found.extend(twin.map(|(twin, _)| (*id, third_words(twin))));
            }
            _ => {}
        }
    }
    found
}

fn has_third(account: &Credentials, number: &str, key: &SecretString) -> bool {
    matches!(account, Credentials::Wechat { mchid, apiv3_key, .. }
        if mchid == number && apiv3_key.expose_secret() == key.expose_secret())
}

fn has_second(account: &Credentials, number: &str, key: &SecretString) -> bool {
    matches!(account, Credentials::WechatV2 { mchid, apiv2_key, .. }
        if mchid == number && apiv2_key.expose_secret() == key.expose_secret())
}

fn second_words() -> String {
    "apiv2_key is the APIv3 key of the same merchant number: whoever sees one has both. Set \
     another under 账户中心 > API安全 > APIv2密钥"
        .to_owned()
}

fn third_words(twin: &str) -> String {
    format!(
        "apiv3_key is the APIv2 key of the same merchant number (account {twin:?} of the \
         database): whoever sees one has both. Set another under 账户中心 > API安全 > APIv3密钥"
    )
}

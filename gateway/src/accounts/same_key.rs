//! What only shows when channel accounts are seen side by side: an APIv2 key that is
//! the APIv3 key of the same merchant number.

use super::{Credentials, WechatCredentials, WechatV2Credentials};
use secrecy::ExposeSecret;

/// An account by its id.
pub type Keyed<'a> = (&'a str, &'a Credentials);

/// What is wrong with some of `looked_at`, beside each other and beside `others`: the id,
/// and how to mend it. Of two that are looked at, the one that speaks APIv2 is told.
pub fn same_key<'a>(looked_at: &[Keyed<'a>], others: &[Keyed<'_>]) -> Vec<(&'a str, String)> {
    let mut found = Vec::new();
    for (id, credentials) in looked_at {
        let mut beside = looked_at.iter().chain(others);
        match credentials {
            Credentials::WechatV2(own) if beside.any(|(_, other)| has_third(other, own)) => {
                found.push((*id, second_words()));
            }
            Credentials::Wechat(own) => {
                let twin = others.iter().find(|(_, other)| has_second(other, own));
                found.extend(twin.map(|(twin, _)| (*id, third_words(twin))));
            }
            _ => {}
        }
    }
    found
}

fn has_third(account: &Credentials, second: &WechatV2Credentials) -> bool {
    matches!(account, Credentials::Wechat(third) if are_same(third, second))
}

fn has_second(account: &Credentials, third: &WechatCredentials) -> bool {
    matches!(account, Credentials::WechatV2(second) if are_same(third, second))
}

fn are_same(third: &WechatCredentials, second: &WechatV2Credentials) -> bool {
    third.mchid == second.mchid
        && third.apiv3_key.expose_secret() == second.apiv2_key.expose_secret()
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

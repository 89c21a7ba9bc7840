//! `[alerts]`: who is told of exceptions at once.

use super::{Mistakes, Webhook};
use crate::webhook::check_secret;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::collections::BTreeSet;
use url::Url;

/// See `default.toml`.
#[derive(Clone, Debug, Default, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Alerts {
    /// Who is told.
    pub targets: Vec<Target>,
}

/// Somebody who is told.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Target {
    /// Its name in the database, logs and metrics.
    pub name: String,
    /// Its address, which for a robot is a secret.
    #[serde(serialize_with = "hidden")]
    pub url: SecretString,
    /// What it understands.
    pub format: AlertFormat,
    /// What its messages are signed with.
    #[serde(
        default,
        serialize_with = "maybe_hidden",
        skip_serializing_if = "Option::is_none"
    )]
    pub secret: Option<SecretString>,
}

/// What a target understands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum AlertFormat {
    /// JSON, signed after Standard Webhooks.
    Generic,
    /// A custom robot of DingTalk.
    Dingtalk,
    /// A group robot of WeCom.
    Wecom,
    /// A custom robot of Feishu.
    Feishu,
}

impl Alerts {
    pub(super) fn validate(&self, webhook: &Webhook, mistakes: &mut Mistakes) {
        let mut names = BTreeSet::new();
        for (place, target) in self.targets.iter().enumerate() {
            let place = format!("alerts.targets[{place}]");
            let mut add = |what: &str, problem: &str| {
                mistakes.add(format!("{place}.{what}"), problem);
            };
            if !is_name(&target.name) {
                add("name", "must be 1 to 32 characters of a to z, 0 to 9 and _");
            }
            if !names.insert(&target.name) {
                add("name", "is another target's too");
            }
            if !is_address(target.url.expose_secret(), webhook) {
                let problem = "must be an absolute https address (http only with \
                               webhook.allow_private_addresses)";
                add("url", problem);
            }
            match (&target.format, &target.secret) {
                (AlertFormat::Generic, Some(secret)) => {
                    if let Err(fault) = check_secret(secret) {
                        add("secret", &fault.to_string());
                    }
                }
                (AlertFormat::Wecom, Some(_)) => {
                    add("secret", "WeCom's robots know no signature: leave it out");
                }
                (_, Some(secret)) if secret.expose_secret().is_empty() => {
                    add("secret", "is empty: leave it out, or give the robot's");
                }
                _ => {}
            }
        }
    }

    /// The targets' names.
    pub fn names(&self) -> Vec<String> {
        let targets = self.targets.iter();
        targets.map(|target| target.name.clone()).collect()
    }
}

fn is_name(name: &str) -> bool {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    (1..=32).contains(&name.len()) && name.bytes().all(plain)
}

fn is_address(url: &str, webhook: &Webhook) -> bool {
    let url = Url::parse(url).ok().filter(Url::has_host);
    url.is_some_and(|url| match url.scheme() {
        "https" => true,
        "http" => webhook.allow_private_addresses,
        _ => false,
    })
}

fn hidden<S: Serializer>(_: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str("hidden")
}

fn maybe_hidden<S: Serializer>(_: &Option<SecretString>, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str("hidden")
}

//! `[database]`: where everything is kept.

use super::Mistakes;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::num::NonZeroU32;
use url::Url;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// The database's address, which may hold a password.
    #[serde(serialize_with = "without_password")]
    pub url: SecretString,
    /// The most connections.
    pub max_connections: NonZeroU32,
    /// Whether the schema is brought up to date at the start.
    pub migrate: bool,
}

impl Database {
    pub(super) fn validate(&self, mistakes: &mut Mistakes) {
        let url = self.url.expose_secret();
        if !["sqlite:", "postgres://", "postgresql://"]
            .iter()
            .any(|s| url.starts_with(s))
        {
            mistakes.add(
                "database.url",
                "must begin with sqlite:// or postgres://, as in sqlite://till.db?mode=rwc or \
                 postgres://till:password@localhost/till",
            );
        }
    }
}

/// The address for people: host and name, not the password.
fn without_password<S: Serializer>(url: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    let text = url.expose_secret();
    if text.starts_with("sqlite:") {
        return to.serialize_str(text);
    }
    match Url::parse(text) {
        Ok(mut url) => {
            let hidden = url.password().is_none() || url.set_password(Some("hidden")).is_ok();
            url.set_query(None);
            to.serialize_str(if hidden { url.as_str() } else { "hidden" })
        }
        Err(_) => to.serialize_str("hidden"),
    }
}

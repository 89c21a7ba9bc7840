//! `[security]`: the master key.

use super::{MasterKey, MasterKeyFault, Mistakes};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize, Serializer};
use std::path::PathBuf;

/// See `default.toml`.
#[derive(Clone, Debug, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct Security {
    /// A file that holds the master key.
    pub master_key_file: PathBuf,
    /// The master key itself, from the environment.
    #[serde(serialize_with = "hidden")]
    pub master_key: SecretString,
}

impl Security {
    pub(super) fn validate(&self, keyless: bool, mistakes: &mut Mistakes) {
        match self.master_key() {
            Ok(_) => {}
            Err(MasterKeyFault::Missing) if keyless => {}
            Err(fault) => mistakes.add(fault.setting(), fault.to_string()),
        }
    }

    /// The master key.
    ///
    /// # Errors
    /// [`MasterKeyFault`] says what is missing or wrong.
    pub fn master_key(&self) -> Result<MasterKey, MasterKeyFault> {
        let in_file = !self.master_key_file.as_os_str().is_empty();
        let in_setting = !self.master_key.expose_secret().is_empty();
        match (in_file, in_setting) {
            (false, false) => Err(MasterKeyFault::Missing),
            (true, true) => Err(MasterKeyFault::Twice),
            (true, false) => MasterKey::read_file(&self.master_key_file),
            (false, true) => MasterKey::parse(self.master_key.expose_secret()),
        }
    }
}

fn hidden<S: Serializer>(secret: &SecretString, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_str(if secret.expose_secret().is_empty() {
        ""
    } else {
        "hidden"
    })
}

//! The master key: 32 bytes that seal the channels' credentials. It never prints.

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretBox};
use std::path::{Path, PathBuf};

/// The key's length, in bytes.
const LENGTH: usize = 32;

/// Thirty-two secret bytes.
#[derive(Debug)]
pub struct MasterKey(SecretBox<[u8; LENGTH]>);

/// Why there is no master key, and what to do.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyFault {
    /// None was given.
    #[error(
        "there is no master key: make one with `openssl rand -base64 32 > master.key`, keep the \
         file readable for Till only, and name it here (or set TILL__SECURITY__MASTER_KEY)"
    )]
    Missing,
    /// Two were given.
    #[error("both master_key_file and master_key are set: leave one out")]
    Twice,
    /// The text is no key.
    #[error("the master key must be 32 bytes in base64, as `openssl rand -base64 32` prints them")]
    Form,
    /// The file cannot be read.
    #[error("the master key's file {path} cannot be read: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// Others on this machine can read the file.
    #[error("the master key's file {path} can be read by others: run `chmod 600 {path}`")]
    Open {
        /// The file.
        path: PathBuf,
    },
}

impl MasterKeyFault {
    /// The setting to be mended.
    pub fn setting(&self) -> &'static str {
        match self {
            MasterKeyFault::Form => "security.master_key",
            _ => "security.master_key_file",
        }
    }
}

impl MasterKey {
    /// A key from its bytes.
    pub fn new(bytes: [u8; LENGTH]) -> MasterKey {
        MasterKey(SecretBox::new(Box::new(bytes)))
    }

    /// Reads a key in base64.
    ///
    /// # Errors
    /// [`MasterKeyFault::Form`].
    pub fn parse(text: &str) -> Result<MasterKey, MasterKeyFault> {
        let bytes = Zeroizing::new(
            STANDARD
                .decode(text.trim())
                .map_err(|_| MasterKeyFault::Form)?,
        );
        let bytes = <[u8; LENGTH]>::try_from(bytes.as_slice()).map_err(|_| MasterKeyFault::Form)?;
        Ok(MasterKey::new(bytes))
    }

    /// Reads a key from a file that only its owner can read.
    ///
    /// # Errors
    /// The file cannot be read, is open to others, or holds no key.
    pub fn read_file(path: &Path) -> Result<MasterKey, MasterKeyFault> {
        let unreadable = |source| MasterKeyFault::File {
            path: path.to_owned(),
            source,
        };
        let metadata = std::fs::metadata(path).map_err(unreadable)?;
        if is_open(&metadata) {
            return Err(MasterKeyFault::Open {
                path: path.to_owned(),
            });
        }
        let text = Zeroizing::new(std::fs::read_to_string(path).map_err(unreadable)?);
        MasterKey::parse(&text)
    }

    /// The bytes.
    pub fn expose(&self) -> &[u8; LENGTH] {
        self.0.expose_secret()
    }
}

/// Whether everybody may read the file. A group may: that is how containers
/// hand secrets to a program that is not root.
#[cfg(unix)]
fn is_open(metadata: &std::fs::Metadata) -> bool {
    use std::os::unix::fs::PermissionsExt;
    metadata.permissions().mode() & 0o007 != 0
}

#[cfg(not(unix))]
fn is_open(_: &std::fs::Metadata) -> bool {
    false
}

//! The state file: everything the sandbox knows, so that it can be stopped and go on.
//!
//! The file is written whole, beside its place, and then renamed onto it, so a crash leaves the
//! former state. It holds private keys and is readable by its owner only. What is not kept: faults,
//! the delivery log, and notices that wait to be sent again.

use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::time::Duration;

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};

use crate::account::{Accounts, SavedAccounts};
use crate::artefacts::Artefacts;
use crate::barcode::Barcodes;
use crate::key::KeyError;
use crate::ledger::Ledger;
use crate::server::{Sandbox, World};

/// How long changes are gathered before they are written.
const GATHER: Duration = Duration::from_millis(500);

/// Why the state file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum StateError {
    /// The file or its folder cannot be read or written.
    #[error("the sandbox's state file {path} cannot be used: {source}")]
    File {
        /// The file.
        path: PathBuf,
        /// What the system said.
        #[source]
        source: std::io::Error,
    },
    /// The content is not a sandbox's state.
    #[error(
        "{path} is not a state file of this version of the sandbox ({source}): \
         move it away to start anew"
    )]
    Content {
        /// The file.
        path: PathBuf,
        /// What could not be read.
        #[source]
        source: serde_json::Error,
    },
    /// A saved key is unusable.
    #[error("{path} holds a key that cannot be used: {source}")]
    Key {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        #[source]
        source: KeyError,
    },
}

#[derive(Default, Serialize, Deserialize)]
struct Saved {
    accounts: SavedAccounts,
    ledger: Ledger,
    artefacts: Artefacts,
    #[serde(default)]
    barcodes: Barcodes,
    /// Milliseconds that sandbox time is ahead of real time.
    ahead_ms: i64,
}

/// What a sandbox starts with.
#[derive(Default)]
pub(crate) struct Loaded {
    pub(crate) accounts: Accounts,
    pub(crate) world: World,
    pub(crate) ahead: TimeDelta,
}

/// Reads the state; a file that does not exist yet is an empty state.
pub(crate) fn load(path: &Path) -> Result<Loaded, StateError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Loaded::default()),
        Err(source) => {
            return Err(StateError::File {
                path: path.to_owned(),
                source,
            });
        }
    };
    let saved: Saved = serde_json::from_slice(&text).map_err(|source| StateError::Content {
        path: path.to_owned(),
        source,
    })?;
    let accounts = Accounts::restore(saved.accounts).map_err(|source| StateError::Key {
        path: path.to_owned(),
        source,
    })?;
    Ok(Loaded {
        accounts,
        world: World {
            ledger: saved.ledger,
            artefacts: saved.artefacts,
            barcodes: saved.barcodes,
            ..World::default()
        },
        ahead: TimeDelta::milliseconds(saved.ahead_ms),
    })
}

/// Writes the state, if a state file is configured.
pub(crate) fn save(sandbox: &Sandbox) -> Result<(), StateError> {
    let Some(path) = &sandbox.settings().state_file else {
        return Ok(());
    };
    let key = |source| StateError::Key {
        path: path.clone(),
        source,
    };
    let content = |source| StateError::Content {
        path: path.clone(),
        source,
    };
    let file = |source| StateError::File {
        path: path.clone(),
        source,
    };
    let saved = Saved {
        accounts: sandbox.accounts().save().map_err(key)?,
        ahead_ms: sandbox.clock().ahead().num_milliseconds(),
        ..sandbox.read_world(|world| Saved {
            ledger: world.ledger.clone(),
            artefacts: world.artefacts.clone(),
            barcodes: world.barcodes.clone(),
            ..Saved::default()
        })
    };
    let text = serde_json::to_vec(&saved).map_err(content)?;
    let beside = path.with_extension("part");
    write_private(&beside, &text).map_err(file)?;
    std::fs::rename(&beside, path).map_err(file)
}

/// Writes the state soon after each change, for as long as the sandbox runs.
pub(crate) async fn keep(sandbox: Sandbox) {
    loop {
        sandbox.changed().await;
        tokio::time::sleep(GATHER).await;
        let writer = sandbox.clone();
        match tokio::task::spawn_blocking(move || save(&writer)).await {
            Ok(Ok(())) => {}
            Ok(Err(error)) => {
                tracing::error!(%error, "the sandbox's state was not saved; the next change tries again");
            }
            Err(error) => tracing::error!(%error, "the sandbox's state was not saved"),
        }
    }
}

fn write_private(path: &Path, text: &[u8]) -> std::io::Result<()> {
    let mut options = std::fs::OpenOptions::new();
    options.write(true).create(true).truncate(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    let mut file = options.open(path)?;
    file.write_all(text)?;
    file.sync_all()
}

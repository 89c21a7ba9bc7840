//! The demo's folder: secrets in files that only their owner can read, each made
//! once and kept.

use super::Fault;
use secrecy::SecretString;
use secrecy::zeroize::Zeroizing;
use std::fs::{self, OpenOptions};
use std::io::{self, ErrorKind, Write};
use std::os::unix::fs::{DirBuilderExt, OpenOptionsExt};
use std::path::{Path, PathBuf};

/// An existing folder.
#[derive(Debug)]
pub(super) struct Folder(PathBuf);

impl Folder {
    /// Opens the folder, and makes it if it is missing.
    pub(super) fn open(path: &Path) -> Result<Folder, Fault> {
        let cannot =
            |error: io::Error| format!("the folder {} cannot be made: {error}", path.display());
        fs::DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(path)
            .map_err(cannot)?;
        Ok(Folder(path.canonicalize().map_err(cannot)?))
    }

    /// A file's path.
    pub(super) fn path(&self, name: &str) -> PathBuf {
        self.0.join(name)
    }

    /// The secret of a file; `make` gives it the first time.
    pub(super) fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> Result<Zeroizing<String>, Fault>,
    ) -> Result<SecretString, Fault> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(SecretString::from(Zeroizing::new(text).trim())),
            Err(error) if error.kind() == ErrorKind::NotFound => {
                let made = make()?;
                self.write(name, &made)?;
                Ok(SecretString::from(made.trim()))
            }
            Err(error) => Err(format!("{} cannot be read: {error}", path.display()).into()),
        }
    }

    /// Removes a file, if it is there.
    pub(super) fn remove(&self, name: &str) -> Result<(), Fault> {
        match fs::remove_file(self.path(name)) {
            Err(error) if error.kind() != ErrorKind::NotFound => {
                Err(format!("{} cannot be removed: {error}", self.path(name).display()).into())
            }
            _ => Ok(()),
        }
    }

    /// Replaces a file as a whole. Only its owner can read it.
    pub(super) fn write(&self, name: &str, text: &str) -> Result<(), Fault> {
        let (path, temporary) = (self.path(name), self.path(&format!(".{name}.new")));
        let written = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&temporary)
            .and_then(|mut file| {
                file.write_all(text.as_bytes())
                    .and_then(|()| file.sync_all())
            })
            .and_then(|()| fs::rename(&temporary, &path));
        written.map_err(|error| format!("{} cannot be written: {error}", path.display()).into())
    }
}

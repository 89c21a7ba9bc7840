//! A small disk for the SQLite file, which can be made full at once.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// A mounted disk in memory.
#[derive(Debug)]
pub struct Disk {
    path: PathBuf,
}

impl Disk {
    /// Mounts one there; `None` where that is not allowed.
    ///
    /// # Panics
    /// When the folder cannot be made.
    pub fn mount(path: &Path) -> Option<Disk> {
        std::fs::create_dir_all(path).unwrap();
        let target = path.to_str()?;
        run(
            "mount",
            &["-t", "tmpfs", "-o", "size=50%", "till-chaos", target],
        )
        .then(|| Disk {
            path: path.to_owned(),
        })
    }

    /// Has no room left from now on: its size becomes what is used.
    pub fn fill(&self) -> bool {
        let Some(used) = self.used_kib() else {
            return false;
        };
        self.resize(&format!("{used}k"))
    }

    /// Has room again.
    pub fn empty(&self) -> bool {
        self.resize("50%")
    }

    fn resize(&self, size: &str) -> bool {
        let option = format!("remount,size={size}");
        self.path
            .to_str()
            .is_some_and(|path| run("mount", &["-o", &option, path]))
    }

    fn used_kib(&self) -> Option<u64> {
        let shown = Command::new("df")
            .args(["--output=used", "--block-size=1K"])
            .arg(&self.path)
            .output()
            .ok()?;
        let text = String::from_utf8(shown.stdout).ok()?;
        text.lines().nth(1)?.trim().parse().ok()
    }
}

impl Drop for Disk {
    fn drop(&mut self) {
        let path = self.path.to_string_lossy().into_owned();
        run("umount", &["--lazy", &path]);
    }
}

fn run(program: &str, words: &[&str]) -> bool {
    let status = Command::new(program)
        .args(words)
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

//! One process of Till that is started, killed, stopped and started again.

use std::fs::File;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::Duration;
use tokio::time::Instant;

/// The signal of `abort`.
const ABORTED: i32 = 6;

/// The variable that makes a clock wrong on purpose.
pub const CLOCK: &str = "TILL_CLOCK_AHEAD_SECONDS";

/// What it takes to start a process of Till.
#[derive(Clone, Debug)]
pub struct Program {
    /// The binary.
    pub till: PathBuf,
    /// Where logs go.
    pub folder: PathBuf,
}

/// A process that is to be kept alive.
#[derive(Debug)]
pub struct Node {
    /// Its name in reports and of its log.
    pub name: &'static str,
    program: Program,
    words: Vec<String>,
    settings: Vec<(String, String)>,
    child: Option<Child>,
    armed: Option<(String, Instant)>,
}

/// How a process ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// At the crash point that it was armed for.
    AtPoint(String),
    /// By itself, in another way.
    Otherwise(ExitStatus),
}

impl Program {
    /// Runs a command to its end. Whether it went well.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn run(&self, words: &[&str], settings: &[(String, String)]) -> ExitStatus {
        let words: Vec<String> = words.iter().map(|word| (*word).to_owned()).collect();
        let mut command = self.command("commands", &words, settings);
        command.status().unwrap()
    }

    fn command(&self, log: &str, words: &[String], settings: &[(String, String)]) -> Command {
        let log = open_log(&self.folder, log);
        let mut command = Command::new(&self.till);
        command
            .args(words)
            .env_clear()
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log);
        for (name, value) in settings {
            command.env(name, value);
        }
        command
    }
}

fn open_log(folder: &Path, name: &str) -> File {
    let path = folder.join(format!("{name}.log"));
    File::options()
        .append(true)
        .create(true)
        .open(path)
        .unwrap()
}

impl Node {
    /// A process that does not run yet.
    pub fn new(
        name: &'static str,
        program: &Program,
        words: &[&str],
        settings: Vec<(String, String)>,
    ) -> Node {
        Node {
            name,
            program: program.clone(),
            words: words.iter().map(|word| (*word).to_owned()).collect(),
            settings,
            child: None,
            armed: None,
        }
    }

    /// Starts it; with `point`, to end at that crash point.
    ///
    /// # Panics
    /// When it cannot be started.
    pub fn start(&mut self, point: Option<String>) {
        let mut settings = self.settings.clone();
        settings.extend(
            point
                .iter()
                .map(|point| ("TILL_CRASH_AT".to_owned(), point.clone())),
        );
        let mut command = self.program.command(self.name, &self.words, &settings);
        self.child = Some(command.spawn().unwrap());
        self.armed = point.map(|point| (point, Instant::now()));
    }

    /// The crash point that it is armed for, as it was given, and how long it has had
    /// the time to reach it.
    pub fn armed(&self) -> Option<(&str, Duration)> {
        let (point, since) = self.armed.as_ref()?;
        Some((point, since.elapsed()))
    }

    /// Whether it has ended by itself, and how.
    ///
    /// # Panics
    /// When the system does not tell.
    pub fn ended(&mut self) -> Option<Ended> {
        let status = self.child.as_mut()?.try_wait().unwrap()?;
        self.child = None;
        Some(match self.armed.take() {
            Some((point, _)) if status.signal() == Some(ABORTED) => Ended::AtPoint(name_of(&point)),
            _ => Ended::Otherwise(status),
        })
    }

    /// `kill -9`, if it runs.
    pub fn kill(&mut self) {
        if let Some(mut child) = self.child.take() {
            // It may have ended this very moment.
            let _ = child.kill();
            let _ = child.wait();
        }
        self.armed = None;
    }

    /// Whether its clock is wrong on purpose.
    pub fn is_wrong(&self) -> bool {
        self.settings.iter().any(|(name, _)| name == CLOCK)
    }

    /// Has its clock right from its next start on.
    pub fn become_right(&mut self) {
        self.settings.retain(|(name, _)| name != CLOCK);
    }

    /// Sends a signal: `TERM`, `STOP`, `CONT`.
    pub fn signal(&self, name: &str) {
        if let Some(child) = &self.child {
            // It may have ended this very moment.
            let _ = Command::new("kill")
                .args([format!("-{name}"), child.id().to_string()])
                .stderr(Stdio::null())
                .status();
        }
    }
}

impl Drop for Node {
    fn drop(&mut self) {
        self.kill();
    }
}

/// The point's name without its number.
fn name_of(point: &str) -> String {
    point.split(':').next().unwrap_or(point).to_owned()
}

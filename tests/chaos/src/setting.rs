//! What every process of Till is given: settings, a schema, accounts, a sandbox.

use crate::accounts::MASTER_KEY;
use crate::channels::Channels;
use crate::node::{Node, Program};
use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::process::ExitStatus;
use std::time::Duration;
use tokio::time::Instant;

/// What all processes have in common.
const SETTINGS: &str = r#"metrics.listen = ""
http.threads = 2
http.requests_per_second = 5000
http.request_burst = 10000
channels.requests_per_second = 2000
channels.request_burst = 4000
database.max_connections = 10
webhook.allow_private_addresses = true
webhook.concurrency_per_host = 32
workers.batch = 64
log.format = "text"
log.filter = "warn"
"#;

/// The file of what all processes have in common.
pub fn config(program: &Program) -> String {
    program.folder.join("settings.toml").display().to_string()
}

/// What a process has of its own.
pub fn settings(database: &str, listen: &str) -> Vec<(String, String)> {
    [
        ("TILL__DATABASE__URL", database),
        ("TILL__HTTP__LISTEN", listen),
        ("TILL__SECURITY__MASTER_KEY", MASTER_KEY),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()))
    .to_vec()
}

/// Starts the sandbox and waits until it answers.
///
/// # Panics
/// When it never does.
pub async fn start_sandbox(program: &Program) -> (Node, Channels) {
    let addr = format!("127.0.0.1:{}", free_port());
    let words = ["sandbox", "--listen", &addr];
    let mut sandbox = Node::new("sandbox", program, &words, Vec::new());
    sandbox.start(None);
    let channels = Channels::new(format!("http://{addr}"));
    let end = Instant::now() + Duration::from_secs(30);
    while !channels.is_up().await {
        assert!(Instant::now() < end, "the sandbox does not answer");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    (sandbox, channels)
}

/// Every crash point, as the program lists them when it is given none of them.
///
/// # Panics
/// When the program has none.
pub fn points(program: &Program) -> Vec<String> {
    let mut command = std::process::Command::new(&program.till);
    command.args(["config", "check"]).env_clear();
    let output = command.env("TILL_CRASH_AT", "?").output().unwrap();
    let text = String::from_utf8(output.stderr).unwrap();
    let points: Vec<String> = text
        .lines()
        .filter(|line| line.contains('.') && !line.contains(' '))
        .map(str::to_owned)
        .collect();
    assert!(
        points.len() >= 24,
        "{} has no crash points: build it with the feature crash-points",
        program.till.display()
    );
    points
}

/// Imports the accounts, which makes the schema too; with `point`, only up to there.
/// How that ended.
///
/// # Panics
/// When the program cannot be started.
pub fn import(program: &Program, url: &str, accounts: &Path, point: Option<&str>) -> ExitStatus {
    fs::write(config(program), SETTINGS).unwrap();
    let mut settings = settings(url, "127.0.0.1:0");
    settings.extend(point.map(|point| ("TILL_CRASH_AT".to_owned(), point.to_owned())));
    let (file, config) = (accounts.display().to_string(), config(program));
    program.run(
        &["account", "import", &file, "--config", &config],
        &settings,
    )
}

/// Where a process has panicked, by the logs: programs never do, whatever happens
/// around them.
///
/// # Panics
/// When the logs cannot be read.
pub fn panics(folder: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap().flatten() {
        let path = entry.path();
        if path.extension().is_some_and(|extension| extension == "log") {
            let text = String::from_utf8_lossy(&fs::read(&path).unwrap()).into_owned();
            let lines = text.lines().filter(|line| line.contains("panicked at"));
            found.extend(
                lines
                    .take(3)
                    .map(|line| format!("{}: {line}", path.display())),
            );
        }
    }
    found
}

/// A port that nothing uses now.
///
/// # Panics
/// When there is none.
pub fn free_port() -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    listener.local_addr().unwrap().port()
}

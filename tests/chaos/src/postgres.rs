//! The PostgreSQL server around the tests: a database of our own in it, restarts,
//! and times in which it takes no write.

use crate::proxy::Proxy;
use sea_orm::{ConnectionTrait, DatabaseConnection};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// How many times a connection is tried, half a minute each.
const TRIES: u32 = 6;

/// The server.
#[derive(Clone, Debug)]
pub struct Postgres {
    server: String,
    folder: PathBuf,
    setup: PathBuf,
    name: String,
}

impl Postgres {
    /// Makes a new, empty database in the server.
    ///
    /// # Panics
    /// When the server does not make one.
    pub async fn new_database(server: &str, folder: &Path, setup: &Path) -> Postgres {
        let name = format!("chaos_{}", crate::clock::now().millis());
        let postgres = Postgres {
            server: server.to_owned(),
            folder: folder.to_owned(),
            setup: setup.to_owned(),
            name: name.clone(),
        };
        let create = format!("CREATE DATABASE {name}");
        postgres
            .administer()
            .await
            .execute_unprepared(&create)
            .await
            .unwrap();
        postgres
    }

    /// The address of our database.
    ///
    /// # Panics
    /// When the server's address is none.
    pub fn url(&self) -> String {
        let (base, _) = self.server.rsplit_once('/').unwrap();
        format!("{base}/{}", self.name)
    }

    /// The address of our database at the other end of a line.
    pub fn url_through(&self, proxy: &Proxy) -> String {
        self.url()
            .replace(&self.addr().to_string(), &proxy.addr.to_string())
    }

    /// Where the server listens.
    ///
    /// # Panics
    /// When the server's address names no socket.
    pub fn addr(&self) -> SocketAddr {
        let (_, host) = self.server.rsplit_once('@').unwrap();
        host.split('/').next().unwrap().parse().unwrap()
    }

    /// Restarts the server as a power failure would: nobody is waited for.
    ///
    /// # Panics
    /// When it does not come back.
    pub async fn restart(&self) {
        let script = r#"set -euo pipefail; source "$1/servers/postgres"; restart_postgres "$2""#;
        let mut command = Command::new("bash");
        command
            .args(["-c", script, "restart"])
            .arg(&self.setup)
            .arg(&self.folder)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        let ended = tokio::task::spawn_blocking(move || command.status()).await;
        assert!(
            ended.unwrap().unwrap().success(),
            "PostgreSQL did not restart"
        );
    }

    /// Has every write refused from now on, or taken again.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn refuse_writes(&self, refused: bool) {
        let server = self.administer().await;
        let value = if refused { "on" } else { "off" };
        let set = format!("ALTER SYSTEM SET default_transaction_read_only = {value}");
        for statement in [set.as_str(), "SELECT pg_reload_conf()"] {
            server.execute_unprepared(statement).await.unwrap();
        }
    }

    /// Writes all of our database into a file, for whoever looks into it later.
    pub fn dump(&self, file: &Path) {
        // If the program is missing, there is no dump.
        let _ = Command::new("pg_dump")
            .args(["--no-owner", "--file"])
            .arg(file)
            .arg(self.url())
            .stderr(Stdio::null())
            .status();
    }

    /// Removes our database, whoever still uses it.
    ///
    /// # Panics
    /// When the server refuses.
    pub async fn remove(&self) {
        let remove = format!("DROP DATABASE {} WITH (FORCE)", self.name);
        self.administer()
            .await
            .execute_unprepared(&remove)
            .await
            .unwrap();
    }

    /// A connection of our own. A server that is busy, or has just been restarted, may
    /// keep us waiting.
    async fn administer(&self) -> DatabaseConnection {
        let mut options = sea_orm::ConnectOptions::new(&self.server);
        options.max_connections(1).sqlx_logging(false);
        let mut last = None;
        for _ in 0..TRIES {
            match sea_orm::Database::connect(options.clone()).await {
                Ok(server) => return server,
                Err(error) => last = Some(error),
            }
        }
        panic!("PostgreSQL does not answer: {last:?}");
    }
}

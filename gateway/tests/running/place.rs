//! A database for one test, and copies of it to be damaged.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

/// Counts the copies.
static COPIES: AtomicU32 = AtomicU32::new(0);

pub enum Place {
    Sqlite { file: PathBuf, url: String },
    Postgres { server: String, url: String },
}

impl Place {
    /// A file that does not exist yet.
    pub fn sqlite(folder: &Path) -> Place {
        Place::file(folder.join("audited.db"))
    }

    fn file(file: PathBuf) -> Place {
        let url = format!("sqlite://{}?mode=rwc", file.display());
        Place::Sqlite { file, url }
    }

    /// A new database, where there is a server for tests.
    #[expect(
        clippy::disallowed_methods,
        reason = "where the server for tests is, only the caller knows; a test that is left out says so"
    )]
    pub async fn postgres() -> Option<Place> {
        let Ok(server) = std::env::var("TILL_TEST_POSTGRES_URL") else {
            println!("not tried on PostgreSQL: TILL_TEST_POSTGRES_URL names no server");
            return None;
        };
        let database = open(&server).await;
        let question = Statement::from_string(
            DbBackend::Postgres,
            "SELECT 'audit_' || replace(gen_random_uuid()::text, '-', '')",
        );
        let answer = database.connection().query_one_raw(question).await;
        let name: String = answer.unwrap().unwrap().try_get_by_index(0).unwrap();
        Some(Place::made(&server, &name, "template1").await)
    }

    async fn made(server: &str, name: &str, template: &str) -> Place {
        let database = open(server).await;
        let sql = format!("CREATE DATABASE {name} TEMPLATE {template}");
        database
            .connection()
            .execute_unprepared(&sql)
            .await
            .unwrap();
        let (base, _) = server.rsplit_once('/').unwrap();
        Place::Postgres {
            server: server.to_owned(),
            url: format!("{base}/{name}"),
        }
    }

    pub fn url(&self) -> &str {
        match self {
            Place::Sqlite { url, .. } | Place::Postgres { url, .. } => url,
        }
    }

    /// A copy as it is now; nobody may use it meanwhile.
    pub async fn copy(&self) -> Place {
        let nth = COPIES.fetch_add(1, Ordering::Relaxed);
        match self {
            Place::Sqlite { file, .. } => {
                let copy = file.with_extension(format!("{nth}.db"));
                std::fs::copy(file, &copy).unwrap();
                Place::file(copy)
            }
            Place::Postgres { server, url } => {
                let (_, name) = url.rsplit_once('/').unwrap();
                Place::made(server, &format!("{name}_{nth}"), name).await
            }
        }
    }

    /// Executes SQL as an accident would: whatever refers to what.
    pub async fn change(&self, sql: &str) {
        let database = open(self.url()).await;
        let connection = database.connection();
        let loose = match self {
            Place::Sqlite { .. } => "PRAGMA foreign_keys = OFF",
            Place::Postgres { .. } => "SET session_replication_role = replica",
        };
        connection.execute_unprepared(loose).await.unwrap();
        connection
            .execute_unprepared(sql)
            .await
            .unwrap_or_else(|error| panic!("{sql}: {error}"));
        connection.clone().close().await.unwrap();
    }

    /// Removes a database on a server. A file goes with its folder.
    pub async fn drop_database(&self) {
        if let Place::Postgres { server, url } = self {
            let (_, name) = url.rsplit_once('/').unwrap();
            let database = open(server).await;
            let sql = format!("DROP DATABASE {name} WITH (FORCE)");
            database
                .connection()
                .execute_unprepared(&sql)
                .await
                .unwrap();
        }
    }
}

async fn open(url: &str) -> entities::Database {
    let options = entities::Options {
        max_connections: 1,
        ..entities::Options::default()
    };
    entities::connect(url, &options).await.unwrap()
}

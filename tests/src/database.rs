//! A database for one story: an SQLite file, or a PostgreSQL database of its own.

use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::path::Path;

/// Which database a story is played on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Database {
    /// A file in the stage's folder.
    Sqlite,
    /// A new database on this server.
    Postgres {
        /// The server's address, with some database of it.
        server: String,
    },
}

/// A story's database, ready to be opened.
#[derive(Debug)]
pub struct Place {
    /// Its address, for the gateway.
    pub url: String,
    server: Option<entities::Database>,
}

impl Database {
    /// PostgreSQL, if there is a server for tests.
    pub fn postgres() -> Option<Database> {
        #[expect(
            clippy::disallowed_methods,
            reason = "where the server for tests is, only the caller knows"
        )]
        let server = std::env::var("TILL_TEST_POSTGRES_URL");
        match server {
            Ok(server) => Some(Database::Postgres { server }),
            Err(_) => {
                announce("not played on PostgreSQL: TILL_TEST_POSTGRES_URL names no server");
                None
            }
        }
    }

    /// Makes a new, empty database.
    ///
    /// # Panics
    /// When the server does not make one.
    pub async fn place(&self, folder: &Path) -> Place {
        match self {
            Database::Sqlite => {
                let url = format!("sqlite://{}/till.db?mode=rwc", folder.display());
                Place { url, server: None }
            }
            Database::Postgres { server } => new_postgres(server).await,
        }
    }
}

#[expect(clippy::print_stdout, reason = "a test that is left out says so")]
fn announce(text: &str) {
    println!("{text}");
}

async fn new_postgres(url: &str) -> Place {
    let options = entities::Options {
        max_connections: 2,
        ..entities::Options::default()
    };
    let server = entities::connect(url, &options).await.unwrap();
    let question = Statement::from_string(
        DbBackend::Postgres,
        "SELECT 'story_' || replace(gen_random_uuid()::text, '-', '')",
    );
    let answer = server
        .connection()
        .query_one_raw(question)
        .await
        .unwrap()
        .unwrap();
    let name: String = answer.try_get_by_index(0).unwrap();
    server
        .connection()
        .execute_unprepared(&format!("CREATE DATABASE {name}"))
        .await
        .unwrap();
    let (base, _) = url.rsplit_once('/').unwrap();
    Place {
        url: format!("{base}/{name}"),
        server: Some(server),
    }
}

impl Place {
    /// Removes a database on a server, whoever still uses it. A file goes with its folder.
    ///
    /// # Panics
    /// When the server does not.
    pub async fn drop_database(&self) {
        if let (Some(server), Some((_, name))) = (&self.server, self.url.rsplit_once('/')) {
            let remove = format!("DROP DATABASE {name} WITH (FORCE)");
            server
                .connection()
                .execute_unprepared(&remove)
                .await
                .unwrap();
        }
    }
}

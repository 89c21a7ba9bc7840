//! The stores that the contract is tried on, each empty and of its own.

use crate::samples;
use cashier::memory::MemoryStore;
use cashier::policy::Policy;
use cashier::store::Store;
use entities::directory::{App, Directory, Import, Merchant};
use entities::{Database, Options, SeaStore};
use sea_orm::{ConnectionTrait, DbBackend, Statement};
use std::sync::Arc;
use tempfile::TempDir;

/// A store in a database of its own.
pub struct Stand {
    /// The database.
    pub database: Database,
    /// Its address.
    pub url: String,
    server: Option<Database>,
    _folder: Option<TempDir>,
}

/// An empty store in memory.
pub fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// An empty SQLite database in a file of its own.
pub async fn sqlite() -> Stand {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/till.db", folder.path().display());
    let database = entities::connect(&url, &Options::default()).await.unwrap();
    prepare(Stand {
        database,
        url,
        server: None,
        _folder: Some(folder),
    })
    .await
}

/// An empty PostgreSQL database of its own, if there is a server.
pub async fn postgres() -> Option<Stand> {
    #[expect(
        clippy::disallowed_methods,
        reason = "where the test's server is, only the caller knows"
    )]
    let Ok(server_url) = std::env::var("TILL_TEST_POSTGRES_URL") else {
        println!("not tried on PostgreSQL: TILL_TEST_POSTGRES_URL names no server");
        return None;
    };
    let few = Options {
        max_connections: 2,
        ..Options::default()
    };
    let server = entities::connect(&server_url, &few).await.unwrap();
    let question = Statement::from_string(
        DbBackend::Postgres,
        "SELECT 'till_' || replace(gen_random_uuid()::text, '-', '')",
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
    let (base, _) = server_url.rsplit_once('/').unwrap();
    let url = format!("{base}/{name}");
    let options = Options {
        max_connections: 12,
        ..Options::default()
    };
    let database = entities::connect(&url, &options).await.unwrap();
    Some(
        prepare(Stand {
            database,
            url,
            server: Some(server),
            _folder: None,
        })
        .await,
    )
}

/// The schema, and the applications that the samples belong to.
async fn prepare(stand: Stand) -> Stand {
    migrations::migrate(stand.database.connection())
        .await
        .unwrap();
    let app = |id: cashier::id::AppId| App {
        id,
        merchant: samples::merchant(),
        name: "店".to_owned(),
        policy: Policy::default(),
        webhook_url: Some("https://shop.example/events".to_owned()),
        webhook_secrets: Vec::new(),
        api_keys: Vec::new(),
        accounts: Vec::new(),
    };
    let import = Import {
        merchants: vec![Merchant {
            id: samples::merchant(),
            name: "商户".to_owned(),
        }],
        accounts: Vec::new(),
        apps: vec![app(samples::app()), app(samples::other_app())],
    };
    Directory::new(stand.database.clone())
        .import(&import)
        .await
        .unwrap();
    stand
}

impl Stand {
    /// The store.
    pub fn store(&self) -> Arc<dyn Store> {
        Arc::new(SeaStore::new(self.database.clone()))
    }

    /// Runs SQL as somebody would who is not Till.
    pub async fn sql(&self, sql: &str) {
        self.database
            .connection()
            .execute_unprepared(sql)
            .await
            .unwrap();
    }

    /// Removes a database of PostgreSQL; one of a failed test stays, to be looked at.
    pub async fn drop_database(self) {
        let Some(server) = self.server else { return };
        let (_, name) = self.url.rsplit_once('/').unwrap();
        let drop = format!("DROP DATABASE {name} WITH (FORCE)");
        server.connection().execute_unprepared(&drop).await.unwrap();
    }
}

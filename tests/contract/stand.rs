//! The stores that the contract is tried on, each empty and of its own.

use crate::samples;
use cashier::memory::MemoryStore;
use cashier::policy::Policy;
use cashier::store::Store;
use entities::directory::{App, Directory, Import, Merchant};
use entities::{Database, Options, SeaStore};
use sea_orm::ConnectionTrait;
use std::sync::Arc;
use tempfile::TempDir;
use till_tests::Place;

/// A store in a database of its own.
pub struct Stand {
    /// The database.
    pub database: Database,
    /// Its address.
    pub url: String,
    place: Place,
    _folder: TempDir,
}

/// An empty store in memory.
pub fn memory() -> Arc<dyn Store> {
    Arc::new(MemoryStore::new())
}

/// An empty SQLite database in a file of its own.
pub async fn sqlite() -> Stand {
    stand(till_tests::Database::Sqlite).await
}

/// An empty PostgreSQL database of its own, if there is a server.
pub async fn postgres() -> Option<Stand> {
    let kind = till_tests::Database::postgres()?;
    Some(stand(kind).await)
}

async fn stand(kind: till_tests::Database) -> Stand {
    let folder = tempfile::tempdir().unwrap();
    let place = kind.place(folder.path()).await;
    let options = Options {
        max_connections: 12,
        ..Options::default()
    };
    let database = entities::connect(&place.url, &options).await.unwrap();
    prepare(Stand {
        database,
        url: place.url.clone(),
        place,
        _folder: folder,
    })
    .await
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
        self.place.drop_database().await;
    }
}

//! The connection to the database: opened with the settings that make a commit
//! durable, and refused when they do not hold.

use cashier::time::Timestamp;
use sea_orm::sqlx::pool::PoolOptions;
use sea_orm::sqlx::sqlite::{SqliteJournalMode, SqliteSynchronous};
use sea_orm::sqlx::{Connection, Sqlite};
use sea_orm::{
    ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    SqliteTransactionMode, Statement, TransactionOptions, TransactionTrait, TryGetable,
};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Mutex, MutexGuard};

/// A connection that was idle for so long is tried before it is used.
const IDLE_BEFORE_TEST: Duration = Duration::from_secs(10);

/// Prepared statements that a connection keeps. Statements of several rows exist
/// in as many forms as there are numbers of rows.
const KEPT_STATEMENTS: usize = 256;

/// How the database is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Options {
    /// The most connections at a time.
    pub max_connections: u32,
    /// How long to wait for a free connection, or for a new one.
    pub acquire_timeout: Duration,
    /// SQLite: how long to wait while another process writes.
    pub busy_timeout: Duration,
    /// Whether it is only looked at: the database itself then refuses to write, and
    /// one that does not exist is not made.
    pub read_only: bool,
}

impl Default for Options {
    /// Sixteen connections; five seconds each.
    fn default() -> Self {
        Options {
            max_connections: 16,
            acquire_timeout: Duration::from_secs(5),
            busy_timeout: Duration::from_secs(5),
            read_only: false,
        }
    }
}

/// Why there is no connection. Never prints the address, which holds a password.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// The address names a database that Till does not speak with.
    #[error(
        "the database's address must start with sqlite: or postgres:, as in \
         sqlite:///var/lib/till/till.db or postgres://till:PASSWORD@localhost/till"
    )]
    UnknownDatabase,
    /// The database cannot be reached, or refuses.
    #[error("the database cannot be reached: {0}")]
    Unreachable(#[from] DbErr),
    /// A commit would not be durable, or references would not be checked.
    #[error("the database has {name} = {found}, but Till needs {wanted}: {advice}")]
    Setting {
        /// The setting.
        name: &'static str,
        /// What it is.
        found: String,
        /// What it has to be.
        wanted: &'static str,
        /// What to do.
        advice: &'static str,
    },
}

/// An open database. Clones share its connections.
#[derive(Clone, Debug)]
pub struct Database {
    connection: DatabaseConnection,
    /// SQLite has one writer at a time: whoever writes queues here, in order,
    /// instead of polling the file's lock.
    turns: Option<Arc<Mutex<()>>>,
}

/// A transaction that writes. Dropped without a commit, it is rolled back.
pub(crate) struct Write<'a> {
    pub(crate) transaction: DatabaseTransaction,
    _turn: Option<MutexGuard<'a, ()>>,
}

/// Opens a database: `sqlite:PATH` (created if it is missing) or `postgres://…`.
///
/// # Errors
/// [`ConnectError`], also when the database's settings would let a commit get lost.
pub async fn connect(url: &str, options: &Options) -> Result<Database, ConnectError> {
    let is_sqlite = url.starts_with("sqlite:");
    if !is_sqlite && !url.starts_with("postgres:") && !url.starts_with("postgresql:") {
        return Err(ConnectError::UnknownDatabase);
    }
    let connection = sea_orm::Database::connect(connect_options(url, options)).await?;
    let turns = is_sqlite.then(|| Arc::new(Mutex::new(())));
    let database = Database { connection, turns };
    if !options.read_only {
        database.check_settings().await?;
    }
    Ok(database)
}

fn connect_options(url: &str, options: &Options) -> ConnectOptions {
    let Options {
        busy_timeout,
        read_only,
        ..
    } = *options;
    let mut connect = ConnectOptions::new(url);
    connect
        .max_connections(options.max_connections)
        .acquire_timeout(options.acquire_timeout)
        .connect_timeout(options.acquire_timeout)
        .test_before_acquire_if_idle_for(IDLE_BEFORE_TEST)
        .sqlx_logging(false)
        .map_sqlx_sqlite_opts(move |sqlite| {
            let sqlite = sqlite
                .busy_timeout(busy_timeout)
                .statement_cache_capacity(KEPT_STATEMENTS);
            if read_only {
                return sqlite.create_if_missing(false).read_only(true);
            }
            sqlite
                .create_if_missing(true)
                .journal_mode(SqliteJournalMode::Wal)
                .synchronous(SqliteSynchronous::Full)
                .foreign_keys(true)
        })
        .map_sqlx_sqlite_pool_opts(forget_confused)
        .map_sqlx_postgres_opts(move |postgres| {
            let postgres = postgres
                .application_name("till")
                .statement_cache_capacity(KEPT_STATEMENTS);
            match read_only {
                true => postgres.options([("default_transaction_read_only", "on")]),
                false => postgres,
            }
        });
    connect
}

/// Lets go of connections that have lost count of their transactions. SQLite ends a
/// transaction by itself when the disk is full; sqlx then fails to roll it back and takes
/// it for open. What is begun there would be a savepoint in it: such a commit would not
/// be durable, and such a rollback would keep the write lock.
fn forget_confused(pool: PoolOptions<Sqlite>) -> PoolOptions<Sqlite> {
    pool.after_release(|connection, _| {
        Box::pin(async move {
            // What is queued is done first, such as the rollback of what was dropped.
            connection.ping().await?;
            Ok(!connection.is_in_transaction())
        })
    })
}

impl Database {
    /// The connection, for migrations and reports.
    pub fn connection(&self) -> &DatabaseConnection {
        &self.connection
    }

    /// The database's own time (UTC).
    pub(crate) async fn now(&self) -> Result<Timestamp, DbErr> {
        let question = match self.connection.get_database_backend() {
            DbBackend::Sqlite => "SELECT CAST(unixepoch('subsec') * 1000 AS INTEGER)",
            _ => "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000 AS BIGINT)",
        };
        self.setting(question).await.map(Timestamp::from_millis)
    }

    /// Waits for the turn to write by a single statement, where writers queue.
    pub(crate) async fn turn(&self) -> Option<MutexGuard<'_, ()>> {
        match &self.turns {
            Some(turns) => Some(turns.lock().await),
            None => None,
        }
    }

    /// Begins to write. On SQLite the transaction has the write lock from the
    /// start, so that it never fails when it goes from reading to writing.
    pub(crate) async fn write(&self) -> Result<Write<'_>, DbErr> {
        let turn = self.turn().await;
        let transaction = self
            .connection
            .begin_with_options(TransactionOptions {
                sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
                ..TransactionOptions::default()
            })
            .await?;
        Ok(Write {
            transaction,
            _turn: turn,
        })
    }

    async fn check_settings(&self) -> Result<(), ConnectError> {
        if self.connection.get_database_backend() == DbBackend::Sqlite {
            self.check_sqlite().await
        } else {
            self.check_postgres().await
        }
    }

    async fn check_sqlite(&self) -> Result<(), ConnectError> {
        let journal: String = self.setting("PRAGMA journal_mode").await?;
        let advice = "use a database file on a local disk";
        demand("journal_mode", journal, &["wal"], advice)?;
        let synchronous: i64 = self.setting("PRAGMA synchronous").await?;
        demand("synchronous", synchronous.to_string(), &["2"], advice)?;
        let keys: i64 = self.setting("PRAGMA foreign_keys").await?;
        demand(
            "foreign_keys",
            keys.to_string(),
            &["1"],
            "use SQLite as it comes with Till",
        )
    }

    async fn check_postgres(&self) -> Result<(), ConnectError> {
        let fsync: String = self.setting("SHOW fsync").await?;
        demand(
            "fsync",
            fsync,
            &["on"],
            "set it in postgresql.conf and restart PostgreSQL",
        )?;
        let commit: String = self.setting("SHOW synchronous_commit").await?;
        let advice = "set it in postgresql.conf, or for Till's user with ALTER ROLE";
        demand(
            "synchronous_commit",
            commit,
            &["on", "remote_apply"],
            advice,
        )
    }

    async fn setting<T: TryGetable>(&self, question: &str) -> Result<T, DbErr> {
        let backend = self.connection.get_database_backend();
        let answer = self
            .connection
            .query_one_raw(Statement::from_string(backend, question));
        match answer.await? {
            Some(row) => row.try_get_by_index(0),
            None => Err(DbErr::RecordNotFound(question.to_owned())),
        }
    }
}

fn demand(
    name: &'static str,
    found: String,
    good: &[&'static str],
    advice: &'static str,
) -> Result<(), ConnectError> {
    match good.first() {
        Some(wanted) if !good.contains(&found.as_str()) => Err(ConnectError::Setting {
            name,
            found,
            wanted,
            advice,
        }),
        _ => Ok(()),
    }
}

impl Write<'_> {
    /// Makes it durable.
    pub(crate) async fn commit(self) -> Result<(), DbErr> {
        self.transaction.commit().await
    }
}

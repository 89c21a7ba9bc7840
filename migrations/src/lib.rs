//! The schema, step by step. A step that has been released is history and never
//! changes; a change of the schema is a new step (expand, move, contract).
//!
//! Tables hold text, `BIGINT` and booleans only, so that one schema serves
//! SQLite, PostgreSQL and MySQL/MariaDB: amounts are fen, times are milliseconds
//! since the epoch (UTC), statuses are words, structures are JSON text.

mod m20261123_000001_merchants;
mod m20261123_000002_channel_accounts;
mod m20261123_000003_orders;
mod m20261123_000004_tasks;
mod m20261123_000005_events;
mod m20261123_000006_records;
mod m20261123_000007_idempotency_keys;
mod m20261125_000008_desk;
mod m20261125_000009_timeline;
mod m20261125_000010_reversals;
mod m20261125_000011_bills;

use sea_orm_migration::prelude::*;
use sea_orm_migration::sea_orm::{
    DatabaseConnection, DatabaseTransaction, DbBackend, SqliteTransactionMode, Statement,
    TransactionOptions, TransactionTrait,
};
use sea_orm_migration::{MigrationStatus, async_trait};

/// The number under which PostgreSQL lets one process migrate at a time.
const MIGRATION_LOCK: i64 = 0x5449_4c4c;

/// A step, and whether the database has it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// The step's name, which starts with its date.
    pub name: String,
    /// Whether it was applied.
    pub applied: bool,
}

/// Brings the schema up to date: all missing steps or none. Processes that start
/// together wait for each other; the second finds nothing to do.
///
/// # Errors
/// The database's error; also when the database has a step that this program
/// does not know, which means that a newer program has been here.
pub async fn migrate(db: &DatabaseConnection) -> Result<(), DbErr> {
    let transaction = db
        .begin_with_options(TransactionOptions {
            sqlite_transaction_mode: Some(SqliteTransactionMode::Immediate),
            ..TransactionOptions::default()
        })
        .await?;
    wait_for_turn(&transaction).await?;
    Migrator::up(&transaction, None).await?;
    transaction.commit().await
}

/// All steps in their order. Changes nothing, also in an empty database.
///
/// # Errors
/// The database's error; also when the database has a step that this program
/// does not know.
pub async fn status(db: &DatabaseConnection) -> Result<Vec<Step>, DbErr> {
    let steps = Migrator::get_migration_with_status_read_only(db).await?;
    Ok(steps
        .iter()
        .map(|step| Step {
            name: step.name().to_owned(),
            applied: step.status() == MigrationStatus::Applied,
        })
        .collect())
}

/// SQLite's immediate transaction is a turn already.
async fn wait_for_turn(transaction: &DatabaseTransaction) -> Result<(), DbErr> {
    if transaction.get_database_backend() == DbBackend::Postgres {
        let lock = Statement::from_sql_and_values(
            DbBackend::Postgres,
            "SELECT pg_advisory_xact_lock($1)",
            [MIGRATION_LOCK.into()],
        );
        transaction.execute_raw(lock).await?;
    }
    Ok(())
}

struct Migrator;

#[async_trait::async_trait]
impl MigratorTrait for Migrator {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261123_000001_merchants::Migration),
            Box::new(m20261123_000002_channel_accounts::Migration),
            Box::new(m20261123_000003_orders::Migration),
            Box::new(m20261123_000004_tasks::Migration),
            Box::new(m20261123_000005_events::Migration),
            Box::new(m20261123_000006_records::Migration),
            Box::new(m20261123_000007_idempotency_keys::Migration),
            Box::new(m20261125_000008_desk::Migration),
            Box::new(m20261125_000009_timeline::Migration),
            Box::new(m20261125_000010_reversals::Migration),
            Box::new(m20261125_000011_bills::Migration),
        ]
    }
}

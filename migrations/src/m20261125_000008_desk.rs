//! What people need to work on exceptions: what is added to them, the alerts about
//! them, and the operators who work on them.
//!
//! No foreign keys to exceptions: alerts and entries outlive whatever is mended by
//! hand.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_pk_auto, string_len, string_len_null, text};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(exception_entries()).await?;
        manager.create_table(alerts()).await?;
        manager.create_table(operators()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

/// `resolves` repeats `exception_id` in a resolution and is NULL in a note, so that
/// its unique index allows one resolution, in every database.
fn exception_entries() -> TableCreateStatement {
    Table::create()
        .table("exception_entries")
        .col(big_pk_auto("position"))
        .col(string_len("exception_id", 64))
        .col(string_len("kind", 32))
        .col(string_len_null("resolves", 64))
        .col(string_len("actor", 64))
        .col(text("text"))
        .col(big_integer("at"))
        .take()
}

/// One for each exception and target, in the transaction of the exception.
fn alerts() -> TableCreateStatement {
    Table::create()
        .table("alerts")
        .col(string_len("id", 160).primary_key())
        .col(string_len("target", 64))
        .col(string_len("exception_id", 64))
        .col(string_len("status", 32))
        .col(big_integer("attempt"))
        .col(big_integer("due_at"))
        .col(big_integer("leased_until"))
        .take()
}

fn operators() -> TableCreateStatement {
    Table::create()
        .table("operators")
        .col(string_len("name", 64).primary_key())
        .col(string_len("hash", 64))
        .col(string_len("hint", 16))
        .take()
}

/// An exception is resolved once and shown with its history; lists begin with the
/// newest; a claim takes what is pending and due; an operator is known by the key.
fn indexes() -> [IndexCreateStatement; 5] {
    [
        Index::create()
            .unique()
            .name("exception_entries_resolves")
            .table("exception_entries")
            .col("resolves")
            .take(),
        Index::create()
            .name("exception_entries_exception_id")
            .table("exception_entries")
            .col("exception_id")
            .take(),
        Index::create()
            .name("exceptions_opened_at")
            .table("exceptions")
            .col("opened_at")
            .take(),
        Index::create()
            .name("alerts_target_status_due_at")
            .table("alerts")
            .col("target")
            .col("status")
            .col("due_at")
            .take(),
        Index::create()
            .unique()
            .name("operators_hash")
            .table("operators")
            .col("hash")
            .take(),
    ]
}

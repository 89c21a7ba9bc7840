//! What is only ever added: exceptions, the journal, and notices as evidence.
//!
//! No foreign keys: these must be recorded whatever is wrong with the rest.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, string_len, string_len_null, text,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(exceptions()).await?;
        manager.create_table(journal()).await?;
        manager.create_table(notices()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn exceptions() -> TableCreateStatement {
    Table::create()
        .table("exceptions")
        .col(string_len("id", 64).primary_key())
        .col(string_len_null("order_id", 64))
        .col(string_len_null("account_id", 64))
        .col(string_len("kind", 64))
        .col(string_len("subject", 255))
        .col(big_integer_null("amount"))
        .col(text("detail"))
        .col(big_integer("opened_at"))
        .take()
}

fn journal() -> TableCreateStatement {
    Table::create()
        .table("journal")
        .col(big_pk_auto("position"))
        .col(string_len("order_id", 64))
        .col(big_integer("at"))
        .col(string_len("source", 32))
        .col(string_len_null("subject", 255))
        .col(text("text"))
        .take()
}

fn notices() -> TableCreateStatement {
    Table::create()
        .table("notices")
        .col(string_len("account_id", 64))
        .col(string_len("key", 255))
        .col(string_len_null("flow_no", 64))
        .col(text("body"))
        .col(big_integer("received_at"))
        .primary_key(
            Index::create()
                .name("notices_account_id_key")
                .col("account_id")
                .col("key"),
        )
        .take()
}

/// The same thing is reported once; an order is loaded with its exceptions, and
/// shown with its journal.
fn indexes() -> [IndexCreateStatement; 3] {
    [
        Index::create()
            .unique()
            .name("exceptions_kind_subject")
            .table("exceptions")
            .col("kind")
            .col("subject")
            .take(),
        Index::create()
            .name("exceptions_order_id")
            .table("exceptions")
            .col("order_id")
            .take(),
        Index::create()
            .name("journal_order_id_position")
            .table("journal")
            .col("order_id")
            .col("position")
            .take(),
    ]
}

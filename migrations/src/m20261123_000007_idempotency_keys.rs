//! Idempotency keys of the merchants' API, with the answers that were given.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, big_integer_null, string_len, text_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(idempotency_keys()).await?;
        // Old keys are removed by their age.
        let age = Index::create()
            .name("idempotency_keys_created_at")
            .table("idempotency_keys")
            .col("created_at")
            .take();
        manager.create_index(age).await
    }
}

fn idempotency_keys() -> TableCreateStatement {
    Table::create()
        .table("idempotency_keys")
        .col(string_len("app_id", 64))
        .col(string_len("key", 255))
        .col(string_len("fingerprint", 64))
        .col(big_integer_null("status"))
        .col(text_null("body"))
        .col(big_integer("created_at"))
        .primary_key(Index::create().col("app_id").col("key"))
        .take()
}

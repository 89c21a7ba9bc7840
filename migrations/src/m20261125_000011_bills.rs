//! Which days' bills were taken.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string_len};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let bills = Table::create()
            .table("bills")
            .col(string_len("account_id", 64))
            .col(string_len("day", 10))
            .col(big_integer("taken_at"))
            .col(big_integer("rows"))
            .col(big_integer("news"))
            .primary_key(Index::create().col("account_id").col("day"))
            .take();
        manager.create_table(bills).await
    }
}

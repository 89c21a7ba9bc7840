//! Tasks: what is to be done next about an order, a flow or a refund.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string_len};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(tasks()).await?;
        // A claim takes what is due; the loading of an order takes its tasks.
        let due = Index::create()
            .name("tasks_due_at")
            .table("tasks")
            .col("due_at")
            .take();
        manager.create_index(due).await?;
        let order = Index::create()
            .name("tasks_order_id")
            .table("tasks")
            .col("order_id")
            .take();
        manager.create_index(order).await
    }
}

fn tasks() -> TableCreateStatement {
    Table::create()
        .table("tasks")
        .col(string_len("key", 64).primary_key())
        .col(string_len("kind", 32))
        .col(string_len("order_id", 64))
        .col(string_len("call", 32))
        .col(big_integer("due_at"))
        .col(big_integer("attempt"))
        .col(big_integer("leased_until"))
        .foreign_key(
            ForeignKey::create()
                .name("tasks_order_id")
                .from("tasks", "order_id")
                .to("orders", "id"),
        )
        .take()
}

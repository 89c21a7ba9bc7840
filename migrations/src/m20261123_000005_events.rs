//! Events for merchants, and how their delivery goes.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{
    big_integer, big_integer_null, big_pk_auto, string_len, text, text_null,
};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(events()).await?;
        manager.create_table(deliveries()).await?;
        manager.create_table(delivery_tries()).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn events() -> TableCreateStatement {
    Table::create()
        .table("events")
        .col(big_pk_auto("position"))
        .col(string_len("id", 64))
        .col(string_len("order_id", 64))
        .col(string_len("app_id", 64))
        .col(big_integer("version"))
        .col(string_len("kind", 64))
        .col(text("body"))
        .col(big_integer("created_at"))
        .foreign_key(
            ForeignKey::create()
                .name("events_order_id")
                .from("events", "order_id")
                .to("orders", "id"),
        )
        .take()
}

/// One for each event, in the same transaction.
fn deliveries() -> TableCreateStatement {
    Table::create()
        .table("deliveries")
        .col(string_len("event_id", 64).primary_key())
        .col(string_len("status", 32))
        .col(big_integer("attempt"))
        .col(big_integer("due_at"))
        .col(big_integer("leased_until"))
        .take()
}

fn delivery_tries() -> TableCreateStatement {
    Table::create()
        .table("delivery_tries")
        .col(big_pk_auto("position"))
        .col(string_len("event_id", 64))
        .col(big_integer("at"))
        .col(big_integer_null("status"))
        .col(text_null("error"))
        .foreign_key(
            ForeignKey::create()
                .name("delivery_tries_event_id")
                .from("delivery_tries", "event_id")
                .to("deliveries", "event_id"),
        )
        .take()
}

/// The pull side reads an application's events in their sequence; a claim takes
/// what is pending and due.
fn indexes() -> [IndexCreateStatement; 4] {
    [
        Index::create()
            .unique()
            .name("events_id")
            .table("events")
            .col("id")
            .take(),
        Index::create()
            .unique()
            .name("events_order_id_version")
            .table("events")
            .col("order_id")
            .col("version")
            .take(),
        Index::create()
            .name("events_app_id_position")
            .table("events")
            .col("app_id")
            .col("position")
            .take(),
        Index::create()
            .name("deliveries_status_due_at")
            .table("deliveries")
            .col("status")
            .col("due_at")
            .take(),
    ]
}

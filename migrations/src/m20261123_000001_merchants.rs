//! Merchants, their applications, and what these authenticate with.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, string_len, text, text_null};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(merchants()).await?;
        manager.create_table(apps()).await?;
        manager.create_table(api_keys()).await?;
        manager.create_table(webhook_secrets()).await
    }
}

fn merchants() -> TableCreateStatement {
    Table::create()
        .table("merchants")
        .col(string_len("id", 64).primary_key())
        .col(text("name"))
        .take()
}

fn apps() -> TableCreateStatement {
    Table::create()
        .table("apps")
        .col(string_len("id", 64).primary_key())
        .col(string_len("merchant_id", 64))
        .col(text("name"))
        .col(text("policy"))
        .col(text_null("webhook_url"))
        .foreign_key(
            ForeignKey::create()
                .name("apps_merchant_id")
                .from("apps", "merchant_id")
                .to("merchants", "id"),
        )
        .take()
}

/// A key is found by its hash, which is all of it that is kept.
fn api_keys() -> TableCreateStatement {
    Table::create()
        .table("api_keys")
        .col(string_len("hash", 64).primary_key())
        .col(string_len("app_id", 64))
        .col(string_len("hint", 16))
        .col(string_len("mode", 16))
        .foreign_key(
            ForeignKey::create()
                .name("api_keys_app_id")
                .from("api_keys", "app_id")
                .to("apps", "id"),
        )
        .take()
}

fn webhook_secrets() -> TableCreateStatement {
    Table::create()
        .table("webhook_secrets")
        .col(string_len("app_id", 64))
        .col(big_integer("position"))
        .col(text("sealed"))
        .primary_key(Index::create().col("app_id").col("position"))
        .foreign_key(
            ForeignKey::create()
                .name("webhook_secrets_app_id")
                .from("webhook_secrets", "app_id")
                .to("apps", "id"),
        )
        .take()
}

//! Channel accounts, and which application uses which.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::{big_integer, boolean, string_len, text};

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        manager.create_table(channel_accounts()).await?;
        manager.create_table(app_accounts()).await
    }
}

fn channel_accounts() -> TableCreateStatement {
    Table::create()
        .table("channel_accounts")
        .col(string_len("id", 64).primary_key())
        .col(string_len("merchant_id", 64))
        .col(string_len("kind", 32))
        .col(text("ways"))
        .col(text("sealed"))
        .col(boolean("enabled"))
        .foreign_key(
            ForeignKey::create()
                .name("channel_accounts_merchant_id")
                .from("channel_accounts", "merchant_id")
                .to("merchants", "id"),
        )
        .take()
}

fn app_accounts() -> TableCreateStatement {
    Table::create()
        .table("app_accounts")
        .col(string_len("app_id", 64))
        .col(string_len("account_id", 64))
        .col(big_integer("priority"))
        .primary_key(Index::create().col("app_id").col("account_id"))
        .foreign_key(
            ForeignKey::create()
                .name("app_accounts_app_id")
                .from("app_accounts", "app_id")
                .to("apps", "id"),
        )
        .foreign_key(
            ForeignKey::create()
                .name("app_accounts_account_id")
                .from("app_accounts", "account_id")
                .to("channel_accounts", "id"),
        )
        .take()
}

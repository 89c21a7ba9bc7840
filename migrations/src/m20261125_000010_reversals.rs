//! When a barcode payment was first to be taken back.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let wanted = Table::alter()
            .table("flows")
            .add_column(big_integer_null("reverse_wanted_at"))
            .take();
        manager.alter_table(wanted).await
    }
}

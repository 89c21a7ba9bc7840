//! What an order's timeline needs: when a delivery is tried again, and indexes by
//! which its notices and tries are found.

use sea_orm_migration::prelude::*;
use sea_orm_migration::schema::big_integer_null;

#[derive(DeriveMigrationName)]
pub struct Migration;

#[async_trait::async_trait]
impl MigrationTrait for Migration {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let retry_at = Table::alter()
            .table("delivery_tries")
            .add_column(big_integer_null("retry_at"))
            .take();
        manager.alter_table(retry_at).await?;
        for index in indexes() {
            manager.create_index(index).await?;
        }
        Ok(())
    }
}

fn indexes() -> [IndexCreateStatement; 2] {
    [
        Index::create()
            .name("delivery_tries_event_id_position")
            .table("delivery_tries")
            .col("event_id")
            .col("position")
            .take(),
        Index::create()
            .name("notices_flow_no")
            .table("notices")
            .col("flow_no")
            .take(),
    ]
}

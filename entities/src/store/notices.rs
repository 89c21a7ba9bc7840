//! Notices as evidence: whether one is known, and those that belong to no order.

use super::opening;
use crate::database::Database;
use crate::failure::store_error;
use crate::notices::{Column, Entity, Model};
use crate::place::storable;
use cashier::exception::Exception;
use cashier::id::AccountId;
use cashier::store::{NoticeRecord, StoreError};
use sea_orm::sea_query::OnConflict;
use sea_orm::{DatabaseConnection, EntityTrait, Insert, QuerySelect};

/// Whether this very notice was recorded. Uses the primary key.
pub(super) async fn knows(
    db: &DatabaseConnection,
    account: &AccountId,
    key: &str,
) -> Result<bool, StoreError> {
    let found: Option<i64> = Entity::find_by_id((storable(account.as_str()), storable(key)))
        .select_only()
        .column(Column::ReceivedAt)
        .into_tuple()
        .one(db)
        .await
        .map_err(store_error)?;
    Ok(found.is_some())
}

/// Records a notice that belongs to no order, and the exception about it; what is
/// known of the notice, and what is open, stays as it is.
pub(super) async fn record_stray(
    database: &Database,
    targets: &[String],
    notice: Option<NoticeRecord>,
    exception: Exception,
) -> Result<bool, StoreError> {
    let write = database.write().await.map_err(store_error)?;
    Insert::many(notice.iter().map(Model::from))
        .on_conflict(
            OnConflict::columns([Column::AccountId, Column::Key])
                .do_nothing()
                .to_owned(),
        )
        .exec_without_returning(&write.transaction)
        .await
        .map_err(store_error)?;
    let is_new = opening::open(&write.transaction, targets, exception).await?;
    write.commit().await.map_err(store_error)?;
    Ok(is_new)
}

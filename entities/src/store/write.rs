//! The statements that write a batch: one for each table that has rows, and one
//! for each order that changes, since each is guarded by its own revision.

use super::batch::{Batch, Change};
use crate::failure::store_error;
use crate::{alerts, exceptions, flows, orders, refunds, tasks};
use cashier::store::StoreError;
use sea_orm::sea_query::{Expr, ExprTrait, OnConflict};
use sea_orm::{
    ActiveModelTrait, ColumnTrait, DatabaseTransaction, DbErr, EntityTrait, IdenStatic, Insert,
    IntoActiveModel, Iterable, QueryFilter, QuerySelect,
};
use std::collections::BTreeMap;

/// Writes all of a batch, orders first: who loses a race learns it before
/// anything else is written.
pub(super) async fn write(db: &DatabaseTransaction, batch: Batch) -> Result<(), StoreError> {
    insert(db, batch.new_orders).await?;
    for change in &batch.changes {
        update_order(db, change).await?;
    }
    replace(
        db,
        batch.flows,
        flows::Column::FlowNo,
        flows::Column::OrderId,
    )
    .await?;
    insert(db, batch.captures).await?;
    replace(
        db,
        batch.refunds,
        refunds::Column::RefundNo,
        refunds::Column::OrderId,
    )
    .await?;
    insert_exceptions(db, batch.exceptions)
        .await
        .map_err(store_error)?;
    insert_alerts(db, batch.alerts).await.map_err(store_error)?;
    insert(db, batch.resolutions).await?;
    insert(db, batch.events).await?;
    insert(db, batch.deliveries).await?;
    insert(db, batch.lines).await?;
    set_tasks(db, batch.tasks).await.map_err(store_error)?;
    insert(db, batch.notices).await
}

/// Adds exceptions, except those that were reported before.
pub(super) async fn insert_exceptions(
    db: &DatabaseTransaction,
    rows: Vec<exceptions::Model>,
) -> Result<(), DbErr> {
    let known = [exceptions::Column::Kind, exceptions::Column::Subject];
    Insert::many(rows)
        .on_conflict(OnConflict::columns(known).do_nothing().to_owned())
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// Adds the alerts of those exceptions that were written just now: what had been
/// reported before has had its alerts.
pub(super) async fn insert_alerts(
    db: &DatabaseTransaction,
    rows: Vec<alerts::Model>,
) -> Result<(), DbErr> {
    if rows.is_empty() {
        return Ok(());
    }
    let written: Vec<String> = exceptions::Entity::find()
        .select_only()
        .column(exceptions::Column::Id)
        .filter(exceptions::Column::Id.is_in(rows.iter().map(|row| &row.exception_id)))
        .into_tuple()
        .all(db)
        .await?;
    let of_written = rows
        .into_iter()
        .filter(|row| written.contains(&row.exception_id));
    Insert::many(of_written)
        .exec_without_returning(db)
        .await
        .map(|_| ())
}

/// Adds rows, of which none may be there.
async fn insert<M, A>(db: &DatabaseTransaction, rows: Vec<M>) -> Result<(), StoreError>
where
    M: IntoActiveModel<A>,
    A: ActiveModelTrait,
{
    Insert::many(rows)
        .exec_without_returning(db)
        .await
        .map_err(store_error)
        .map(|_| ())
}

async fn update_order(db: &DatabaseTransaction, change: &Change) -> Result<(), StoreError> {
    let result = orders::Entity::update_many()
        .set(change.content())
        .filter(orders::Column::Id.eq(&change.order.id))
        .filter(orders::Column::Revision.eq(i64::from(change.from)))
        .exec(db)
        .await
        .map_err(store_error)?;
    demand_all(result.rows_affected, 1, || {
        format!(
            "order {} is no longer at revision {}",
            change.order.id, change.from
        )
    })
}

/// Adds rows or replaces those of the same `number`. A number belongs to its order
/// for good: a row of another order is left alone, which the count then shows.
async fn replace<E, M, A>(
    db: &DatabaseTransaction,
    rows: BTreeMap<String, M>,
    number: E::Column,
    order: E::Column,
) -> Result<(), StoreError>
where
    E: EntityTrait,
    M: IntoActiveModel<A>,
    A: ActiveModelTrait<Entity = E>,
{
    let wanted = rows.len();
    let fixed = [number.as_str(), order.as_str()];
    let content = E::Column::iter().filter(|column| !fixed.contains(&column.as_str()));
    let replace = OnConflict::column(number)
        .update_columns(content)
        .action_and_where(Expr::col((E::default(), order)).equals(("excluded", order)))
        .to_owned();
    let changed = Insert::many(rows.into_values())
        .on_conflict(replace)
        .exec_without_returning(db)
        .await
        .map_err(store_error)?;
    demand_all(changed, wanted, || {
        format!("{} is taken by another order", number.as_str())
    })
}

async fn set_tasks(
    db: &DatabaseTransaction,
    rows: BTreeMap<String, Option<tasks::Model>>,
) -> Result<(), DbErr> {
    let mut wanted = Vec::with_capacity(rows.len());
    let mut done = Vec::new();
    for (key, task) in rows {
        match task {
            Some(task) => wanted.push(task),
            None => done.push(key),
        }
    }
    let content = tasks::Column::iter().filter(|column| !matches!(column, tasks::Column::Key));
    Insert::many(wanted)
        .on_conflict(
            OnConflict::column(tasks::Column::Key)
                .update_columns(content)
                .to_owned(),
        )
        .exec_without_returning(db)
        .await?;
    if !done.is_empty() {
        tasks::Entity::delete_many()
            .filter(tasks::Column::Key.is_in(done))
            .exec(db)
            .await?;
    }
    Ok(())
}

fn demand_all(
    changed: u64,
    wanted: usize,
    otherwise: impl FnOnce() -> String,
) -> Result<(), StoreError> {
    match usize::try_from(changed) {
        Ok(changed) if changed == wanted => Ok(()),
        _ => Err(StoreError::Conflict(otherwise())),
    }
}

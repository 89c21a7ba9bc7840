//! Taking tasks under a lease.

use super::claim::claim as claim_rows;
use super::sensible;
use crate::database::Database;
use crate::failure::store_error;
use crate::tasks::{Column, Entity, Model};
use cashier::store::StoreError;
use cashier::task::Claimed;
use cashier::time::Timestamp;
use sea_orm::sea_query::{Expr, ExprTrait, Query};
use sea_orm::{FromQueryResult, Iterable};

/// Takes due and free tasks, oldest first, by one statement. Uses the index
/// due_at; workers of PostgreSQL step over the rows that others are taking.
pub(super) async fn claim(
    database: &Database,
    now: Timestamp,
    leased_until: Timestamp,
    limit: u32,
) -> Result<Vec<Claimed>, StoreError> {
    let mut due = Query::select();
    due.column(Column::Key)
        .from(Entity)
        .and_where(Expr::col(Column::DueAt).lte(now.millis()))
        .and_where(Expr::col(Column::LeasedUntil).lte(now.millis()))
        .order_by(Column::DueAt, sea_orm::Order::Asc)
        .order_by(Column::Key, sea_orm::Order::Asc)
        .limit(u64::from(limit));
    let mut claim = Query::update();
    claim
        .table(Entity)
        .value(Column::LeasedUntil, leased_until.millis())
        .returning(Query::returning().columns(Column::iter()));
    let rows = claim_rows(database, Column::Key, due, claim).await?;
    let mut tasks: Vec<Model> = rows
        .iter()
        .map(|row| Model::from_query_result(row, ""))
        .collect::<Result<_, _>>()
        .map_err(store_error)?;
    tasks.sort_by(|a, b| (a.due_at, &a.key).cmp(&(b.due_at, &b.key)));
    Ok(tasks
        .into_iter()
        .filter_map(|row| sensible(Claimed::try_from(row)))
        .collect())
}

//! The statement by which workers take rows under a lease.

use crate::database::Database;
use crate::failure::store_error;
use cashier::store::StoreError;
use sea_orm::sea_query::{
    CommonTableExpression, Expr, ExprTrait, LockBehavior, LockType, Query, SelectStatement,
    UpdateStatement, WithClause,
};
use sea_orm::{ConnectionTrait, Iden, QueryResult};

/// The name of the picked rows inside the statement.
const PICKED: &str = "picked";

/// Updates the rows whose `key` is among `due`, and gives what the update
/// returns, in no order. PostgreSQL steps over rows that others are taking; the
/// rows are picked once, since a repeated subquery would take more than it may.
pub(super) async fn claim<K: Iden + Copy + 'static>(
    database: &Database,
    key: K,
    mut due: SelectStatement,
    mut lease: UpdateStatement,
) -> Result<Vec<QueryResult>, StoreError> {
    due.lock_with_behavior(LockType::Update, LockBehavior::SkipLocked);
    let picked = CommonTableExpression::new()
        .table_name(PICKED)
        .query(due)
        .materialized(true)
        .to_owned();
    let picked_keys = Query::select().column(key).from(PICKED).to_owned();
    lease
        .with_cte(WithClause::new().cte(picked).to_owned())
        .and_where(Expr::col(key).in_subquery(picked_keys));
    let _turn = database.turn().await;
    database
        .connection()
        .query_all(&lease)
        .await
        .map_err(store_error)
}

//! The life of alerts: taken under a lease, sent, tried again, given up.

use super::claim::claim as claim_rows;
use super::desk::standings;
use crate::alerts::{Column, Entity, GIVEN_UP, Model, PENDING, SENT, id};
use crate::database::Database;
use crate::exceptions;
use crate::failure::store_error;
use crate::place::Place;
use cashier::desk::{AlertNext, ClaimedAlert, Standing};
use cashier::id::ExceptionId;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Query};
use sea_orm::{ColumnTrait, EntityTrait, FromQueryResult, Iterable, Order, QueryFilter};
use std::collections::HashMap;

/// Takes a target's due and free alerts, oldest first. Uses the index (target,
/// status, due_at).
pub(super) async fn claim(
    database: &Database,
    target: &str,
    now: Timestamp,
    leased_until: Timestamp,
    limit: u32,
) -> Result<Vec<ClaimedAlert>, StoreError> {
    let mut due = Query::select();
    due.column(Column::Id)
        .from(Entity)
        .and_where(Expr::col(Column::Target).eq(target))
        .and_where(Expr::col(Column::Status).eq(PENDING))
        .and_where(Expr::col(Column::DueAt).lte(now.millis()))
        .and_where(Expr::col(Column::LeasedUntil).lte(now.millis()))
        .order_by(Column::DueAt, Order::Asc)
        .order_by(Column::Id, Order::Asc)
        .limit(u64::from(limit));
    let mut lease = Query::update();
    lease
        .table(Entity)
        .value(Column::LeasedUntil, leased_until.millis())
        .returning(Query::returning().columns(Column::iter()));
    let rows = claim_rows(database, Column::Id, due, lease).await?;
    let mut taken: Vec<Model> = rows
        .iter()
        .map(|row| Model::from_query_result(row, ""))
        .collect::<Result<_, _>>()
        .map_err(store_error)?;
    taken.sort_by(|a, b| (a.due_at, &a.id).cmp(&(b.due_at, &b.id)));
    with_exceptions(database, taken).await
}

async fn with_exceptions(
    database: &Database,
    taken: Vec<Model>,
) -> Result<Vec<ClaimedAlert>, StoreError> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let db = database.connection();
    let ids = taken.iter().map(|alert| &alert.exception_id);
    let rows = exceptions::Entity::find()
        .filter(exceptions::Column::Id.is_in(ids))
        .all(db)
        .await
        .map_err(store_error)?;
    let mut standing: HashMap<String, Standing> = standings(db, rows)
        .await?
        .into_iter()
        .map(|standing| (standing.exception.id.as_str().to_owned(), standing))
        .collect();
    taken
        .into_iter()
        .filter_map(|alert| Some((standing.remove(&alert.exception_id)?, alert)))
        .map(|(standing, alert)| {
            let place = Place {
                table: "alerts",
                id: &alert.id,
            };
            Ok(ClaimedAlert {
                standing,
                attempt: place.count("attempt", alert.attempt)?,
            })
        })
        .collect()
}

/// Records a try, and what happens next. What was sent stays sent.
pub(super) async fn record(
    database: &Database,
    target: &str,
    exceptions: &[ExceptionId],
    then: AlertNext,
) -> Result<(), StoreError> {
    let (column, content) = match then {
        AlertNext::Sent => (Column::Status, Expr::value(SENT)),
        AlertNext::Retry(at) => (Column::DueAt, Expr::value(at.millis())),
        AlertNext::GivenUp => (Column::Status, given_up_unless_sent()),
    };
    let ids = exceptions.iter().map(|exception| id(target, exception));
    let _turn = database.turn().await;
    Entity::update_many()
        .col_expr(column, content)
        .col_expr(Column::Attempt, Expr::col(Column::Attempt).add(1_i64))
        .col_expr(Column::LeasedUntil, Expr::value(0_i64))
        .filter(Column::Id.is_in(ids))
        .exec(database.connection())
        .await
        .map_err(store_error)
        .map(|_| ())
}

fn given_up_unless_sent() -> Expr {
    CaseStatement::new()
        .case(Expr::col(Column::Status).eq(SENT), SENT)
        .finally(GIVEN_UP)
        .into()
}

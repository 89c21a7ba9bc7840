//! The life of deliveries: taken under a lease, tried, retried, asked for again.

use super::claim::claim as claim_rows;
use super::{opening, sensible};
use crate::database::Database;
use crate::deliveries::{Column, DELIVERED, EXHAUSTED, Entity, Model, PENDING};
use crate::failure::store_error;
use crate::place::{Place, storable};
use crate::{delivery_tries, events, orders};
use cashier::decide::delivery::{delivered, exhausted};
use cashier::event::Event;
use cashier::exception::ExceptionKind;
use cashier::id::{AppId, EventId};
use cashier::store::{ClaimedDelivery, DeliveryNext, DeliveryTry, StoreError};
use cashier::time::Timestamp;
use sea_orm::sea_query::{CaseStatement, Expr, ExprTrait, Query};
use sea_orm::{
    ColumnTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, FromQueryResult, Iterable,
    Order, QueryFilter, QuerySelect, QueryTrait,
};
use std::collections::HashMap;

/// The end of a lease, of a delivery that somebody wants again: it is free, and a
/// try that is still under way does not end it.
const WANTED: i64 = -1;

/// Takes due and free deliveries, oldest first. Uses the index (status, due_at).
pub(super) async fn claim(
    database: &Database,
    now: Timestamp,
    leased_until: Timestamp,
    limit: u32,
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    let mut due = Query::select();
    due.column(Column::EventId)
        .from(Entity)
        .and_where(Expr::col(Column::Status).eq(PENDING))
        .and_where(Expr::col(Column::DueAt).lte(now.millis()))
        .and_where(Expr::col(Column::LeasedUntil).lte(now.millis()))
        .order_by(Column::DueAt, Order::Asc)
        .order_by(Column::EventId, Order::Asc)
        .limit(u64::from(limit));
    let mut lease = Query::update();
    lease
        .table(Entity)
        .value(Column::LeasedUntil, leased_until.millis())
        .returning(Query::returning().columns(Column::iter()));
    let rows = claim_rows(database, Column::EventId, due, lease).await?;
    let mut taken: Vec<Model> = rows
        .iter()
        .map(|row| Model::from_query_result(row, ""))
        .collect::<Result<_, _>>()
        .map_err(store_error)?;
    taken.sort_by(|a, b| (a.due_at, &a.event_id).cmp(&(b.due_at, &b.event_id)));
    with_events(database.connection(), taken).await
}

async fn with_events(
    db: &DatabaseConnection,
    taken: Vec<Model>,
) -> Result<Vec<ClaimedDelivery>, StoreError> {
    if taken.is_empty() {
        return Ok(Vec::new());
    }
    let ids = taken.iter().map(|delivery| &delivery.event_id);
    let found = events::Entity::find()
        .filter(events::Column::Id.is_in(ids))
        .all(db)
        .await
        .map_err(store_error)?;
    let mut addresses = addresses(db, &found).await?;
    let mut events: HashMap<String, events::Model> = found
        .into_iter()
        .map(|event| (event.id.clone(), event))
        .collect();
    let claimed = taken.into_iter().map(|delivery| {
        let place = Place {
            table: "deliveries",
            id: &delivery.event_id,
        };
        let event = events
            .remove(&delivery.event_id)
            .ok_or_else(|| place.corrupt("event_id", "there is no such event"))?;
        Ok(ClaimedDelivery {
            notify_url: addresses.remove(&event.order_id).flatten(),
            event: Event::try_from(event)?,
            attempt: place.count("attempt", delivery.attempt)?,
        })
    });
    Ok(claimed.filter_map(sensible).collect())
}

/// The orders' own addresses for events.
async fn addresses(
    db: &DatabaseConnection,
    events: &[events::Model],
) -> Result<HashMap<String, Option<String>>, StoreError> {
    let found: Vec<(String, Option<String>)> = orders::Entity::find()
        .select_only()
        .columns([orders::Column::Id, orders::Column::NotifyUrl])
        .filter(orders::Column::Id.is_in(events.iter().map(|event| &event.order_id)))
        .into_tuple()
        .all(db)
        .await
        .map_err(store_error)?;
    Ok(found.into_iter().collect())
}

/// Records a try and what happens next. What was delivered stays delivered, also
/// if another worker, whose lease had lapsed, reports a failure afterwards.
/// In the same transaction, what was tried to the end becomes an exception, and is
/// none any more once it is delivered.
pub(super) async fn record(
    database: &Database,
    targets: &[String],
    tried: DeliveryTry,
) -> Result<(), StoreError> {
    let write = database.write().await.map_err(store_error)?;
    let db = &write.transaction;
    delivery_tries::Entity::insert(delivery_tries::ActiveModel::from(&tried))
        .exec_without_returning(db)
        .await
        .map_err(store_error)?;
    let (column, content) = match tried.then {
        DeliveryNext::Delivered => (Column::Status, delivered_unless_wanted()),
        DeliveryNext::Retry(at) => (Column::DueAt, Expr::value(at.millis())),
        DeliveryNext::Exhausted => (Column::Status, exhausted_unless_delivered()),
    };
    let changed = Entity::update_many()
        .col_expr(column, content)
        .col_expr(Column::Attempt, Expr::col(Column::Attempt).add(1_i64))
        .col_expr(Column::LeasedUntil, Expr::value(0_i64))
        .filter(Column::EventId.eq(tried.event.as_str()))
        .exec_with_returning(db)
        .await
        .map_err(store_error)?;
    if let Some(delivery) = changed.first() {
        judge(db, targets, &tried, delivery).await?;
    }
    write.commit().await.map_err(store_error)
}

/// What a try means to a person. A delivery at the first try asks nothing.
async fn judge(
    db: &DatabaseTransaction,
    targets: &[String],
    tried: &DeliveryTry,
    delivery: &Model,
) -> Result<(), StoreError> {
    let place = Place {
        table: "deliveries",
        id: &delivery.event_id,
    };
    match tried.then {
        DeliveryNext::Exhausted if delivery.status == EXHAUSTED => {
            let row = events::Entity::find()
                .filter(events::Column::Id.eq(&delivery.event_id))
                .one(db)
                .await
                .map_err(store_error)?
                .ok_or_else(|| place.corrupt("event_id", "there is no such event"))?;
            let tries = place.count("attempt", delivery.attempt)?;
            let error = tried.error.as_deref();
            let seen = exhausted(&Event::try_from(row)?, tries, error, tried.at);
            opening::open(db, targets, seen).await.map(drop)
        }
        DeliveryNext::Delivered if delivery.attempt > 1 => {
            let kind = ExceptionKind::WebhookExhausted;
            if let Some(open) = opening::find_open(db, kind, tried.event.as_str()).await? {
                // A person who resolves it at the same time is welcome, too.
                opening::add(db, &open, &delivered(&open.id, tried.at)).await?;
            }
            Ok(())
        }
        DeliveryNext::Exhausted | DeliveryNext::Delivered | DeliveryNext::Retry(_) => Ok(()),
    }
}

/// Whoever asks for it again while it is under way gets it again.
fn delivered_unless_wanted() -> Expr {
    CaseStatement::new()
        .case(Expr::col(Column::LeasedUntil).eq(WANTED), PENDING)
        .finally(DELIVERED)
        .into()
}

fn exhausted_unless_delivered() -> Expr {
    CaseStatement::new()
        .case(Expr::col(Column::Status).eq(DELIVERED), DELIVERED)
        .finally(EXHAUSTED)
        .into()
}

/// Makes an application's event due again. Its tries go on being counted.
pub(super) async fn again(
    database: &Database,
    app: &AppId,
    event: &EventId,
    now: Timestamp,
) -> Result<bool, StoreError> {
    let own = events::Entity::find()
        .select_only()
        .column(events::Column::Id)
        .filter(events::Column::Id.eq(storable(event.as_str())))
        .filter(events::Column::AppId.eq(storable(app.as_str())))
        .into_query();
    let _turn = database.turn().await;
    let result = Entity::update_many()
        .col_expr(Column::Status, Expr::value(PENDING))
        .col_expr(Column::DueAt, Expr::value(now.millis()))
        .col_expr(Column::LeasedUntil, Expr::value(WANTED))
        .filter(Column::EventId.in_subquery(own))
        .exec(database.connection())
        .await
        .map_err(store_error)?;
    Ok(result.rows_affected == 1)
}

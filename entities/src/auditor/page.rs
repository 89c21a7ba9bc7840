//! One page of orders, with all that belongs to them.

use super::{Page, Record, Scope, Telling};
use crate::failure::store_error;
use crate::place::{Place, storable};
use crate::store::load::{Around, around, assemble, begin_snapshot};
use crate::{deliveries, events, flows, journal, orders, refunds, tasks};
use cashier::audit::{Breach, Delivery, Formula, Standing};
use cashier::event::Event;
use cashier::flow::FlowStatus;
use cashier::id::EventId;
use cashier::order::{Order, OrderStatus};
use cashier::refund::RefundStatus;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::sea_query::{Condition, Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, EntityTrait, JoinType,
    QueryFilter, QueryOrder,
};
use std::collections::HashMap;

/// Reads a page in a snapshot of its own.
pub(super) async fn read(
    db: &DatabaseConnection,
    scope: &Scope,
    after: Option<&str>,
    limit: u32,
) -> Result<Page, StoreError> {
    let snapshot = begin_snapshot(db).await.map_err(store_error)?;
    let page = read_in(&snapshot, scope, after, limit).await;
    snapshot.rollback().await.map_err(store_error)?;
    page
}

async fn read_in(
    db: &DatabaseTransaction,
    scope: &Scope,
    after: Option<&str>,
    limit: u32,
) -> Result<Page, StoreError> {
    let ids = ids(db, scope, after, limit).await?;
    let mut page = match batch(db, &ids).await {
        // A cell that is not even of its column's type spoils its whole query.
        Err(StoreError::Corrupt(_)) => one_by_one(db, &ids).await?,
        other => other?,
    };
    let is_full = u32::try_from(ids.len()).is_ok_and(|count| count >= limit);
    page.next = ids.last().filter(|_| is_full).cloned();
    Ok(page)
}

async fn one_by_one(db: &DatabaseTransaction, ids: &[String]) -> Result<Page, StoreError> {
    let mut page = Page::default();
    for id in ids {
        match batch(db, std::slice::from_ref(id)).await {
            Ok(alone) => {
                page.records.extend(alone.records);
                page.damage.extend(alone.damage);
            }
            Err(StoreError::Corrupt(why)) => page.damage.push(unreadable(id, &why)),
            Err(error) => return Err(error),
        }
    }
    Ok(page)
}

async fn batch(db: &DatabaseTransaction, ids: &[String]) -> Result<Page, StoreError> {
    if ids.is_empty() {
        return Ok(Page::default());
    }
    let orders = orders::Entity::find()
        .filter(orders::Column::Id.is_in(ids))
        .order_by_asc(orders::Column::Id)
        .all(db)
        .await
        .map_err(store_error)?;
    let events = events::Entity::find()
        .filter(events::Column::OrderId.is_in(ids))
        .order_by_asc(events::Column::Version)
        .all(db)
        .await
        .map_err(store_error)?;
    let told = deliveries(db, ids).await?;
    let mut rows = sorted(around(db, ids).await?);
    let mut events_of: HashMap<String, Vec<events::Model>> = HashMap::new();
    for event in events {
        events_of
            .entry(event.order_id.clone())
            .or_default()
            .push(event);
    }
    let mut page = Page::default();
    for order in orders {
        let id = order.id.clone();
        let around = rows.remove(&id).unwrap_or_default();
        let events = events_of.remove(&id).unwrap_or_default();
        match record(order, around, events, &told) {
            Ok(record) => page.records.push(record),
            Err(StoreError::Corrupt(why)) => page.damage.push(unreadable(&id, &why)),
            Err(error) => return Err(error),
        }
    }
    Ok(page)
}

fn record(
    order: orders::Model,
    around: Around,
    events: Vec<events::Model>,
    told: &HashMap<String, deliveries::Model>,
) -> Result<Record, StoreError> {
    let state = assemble(Order::try_from(order)?, around)?;
    let deliveries = events
        .iter()
        .filter_map(|event| told.get(&event.id))
        .map(telling)
        .collect::<Result<_, _>>()?;
    let events = events
        .into_iter()
        .map(Event::try_from)
        .collect::<Result<_, _>>()?;
    Ok(Record {
        state,
        events,
        deliveries,
    })
}

fn telling(row: &deliveries::Model) -> Result<Telling, StoreError> {
    let place = Place {
        table: "deliveries",
        id: &row.event_id,
    };
    let standing = match row.status.as_str() {
        deliveries::PENDING => Standing::Pending,
        deliveries::DELIVERED => Standing::Delivered,
        deliveries::EXHAUSTED => Standing::Exhausted,
        deliveries::NONE => Standing::Unaddressed,
        other => return Err(place.corrupt("status", format!("{other:?} is no name that is known"))),
    };
    Ok(Telling {
        delivery: Delivery {
            event: EventId::new(&row.event_id),
            standing,
        },
        due: Timestamp::from_millis(row.due_at),
    })
}

async fn deliveries(
    db: &DatabaseTransaction,
    ids: &[String],
) -> Result<HashMap<String, deliveries::Model>, StoreError> {
    let of_orders = Query::select()
        .column(events::Column::Id)
        .from(events::Entity)
        .and_where(events::Column::OrderId.is_in(ids))
        .to_owned();
    let found = deliveries::Entity::find()
        .filter(deliveries::Column::EventId.in_subquery(of_orders))
        .all(db)
        .await
        .map_err(store_error)?;
    Ok(found
        .into_iter()
        .map(|row| (row.event_id.clone(), row))
        .collect())
}

/// The rows by their order.
fn sorted(rows: Around) -> HashMap<String, Around> {
    let mut of: HashMap<String, Around> = HashMap::new();
    for row in rows.flows {
        of.entry(row.order_id.clone()).or_default().flows.push(row);
    }
    for row in rows.captures {
        of.entry(row.order_id.clone())
            .or_default()
            .captures
            .push(row);
    }
    for row in rows.refunds {
        of.entry(row.order_id.clone())
            .or_default()
            .refunds
            .push(row);
    }
    let mut orders = HashMap::new();
    for row in rows.exceptions {
        if let Some(id) = row.order_id.clone() {
            orders.insert(row.id.clone(), id.clone());
            of.entry(id).or_default().exceptions.push(row);
        }
    }
    for row in rows.resolutions {
        if let Some(id) = orders.get(&row.exception_id) {
            of.entry(id.clone()).or_default().resolutions.push(row);
        }
    }
    for row in rows.tasks {
        of.entry(row.order_id.clone()).or_default().tasks.push(row);
    }
    of
}

/// What of an order cannot be read. The words of [`Place::corrupt`] name table,
/// column and row; a cell that is not of its column's type is named by the database.
fn unreadable(order: &str, why: &str) -> Breach {
    let named = why.split_once(" of ").and_then(|(cell, rest)| {
        let (table, column) = cell.split_once('.')?;
        let (id, words) = rest.split_once(": ")?;
        Some((table, column, id, words))
    });
    match named {
        Some((table, column, id, words)) => Breach {
            formula: match column {
                "amount" | "claimed" => Formula::A17,
                _ => Formula::A4,
            },
            row: format!("{table} {id}"),
            detail: format!("{column} cannot be read: {words}"),
        },
        None => Breach {
            formula: Formula::A4,
            row: format!("orders {order}"),
            detail: format!("a row of it cannot be read: {why}"),
        },
    }
}

async fn ids(
    db: &DatabaseTransaction,
    scope: &Scope,
    after: Option<&str>,
    limit: u32,
) -> Result<Vec<String>, StoreError> {
    let mut query = Query::select();
    query
        .column((orders::Entity, orders::Column::Id))
        .from(orders::Entity)
        .order_by((orders::Entity, orders::Column::Id), sea_orm::Order::Asc)
        .limit(u64::from(limit));
    let id = || Expr::col((orders::Entity, orders::Column::Id));
    if let Some(after) = after {
        query.and_where(id().gt(after));
    }
    match scope {
        Scope::All => {}
        Scope::One(order) => {
            query.and_where(id().eq(storable(order.as_str())));
        }
        Scope::Since(since) => {
            query.cond_where(changed_or_unsettled(*since));
        }
    }
    let rows = db.query_all(&query).await.map_err(store_error)?;
    rows.iter()
        .map(|row| row.try_get_by_index(0).map_err(store_error))
        .collect()
}

/// Each part uses an index that begins with order_id, or the order's own row.
fn changed_or_unsettled(since: Timestamp) -> Condition {
    let status = Expr::col((orders::Entity, orders::Column::Status));
    let settled_flows: Vec<&str> = FlowStatus::ALL
        .into_iter()
        .filter(|status| status.is_settled())
        .map(FlowStatus::name)
        .collect();
    let settled_refunds: Vec<&str> = RefundStatus::ALL
        .into_iter()
        .filter(|status| status.is_settled())
        .map(RefundStatus::name)
        .collect();
    let written = about(journal::Entity, journal::Column::OrderId)
        .and_where(journal::Column::At.gte(since.millis()))
        .to_owned();
    let flows = about(flows::Entity, flows::Column::OrderId)
        .and_where(flows::Column::Status.is_not_in(settled_flows))
        .to_owned();
    let refunds = about(refunds::Entity, refunds::Column::OrderId)
        .and_where(refunds::Column::Status.is_not_in(settled_refunds))
        .to_owned();
    let tasks = about(tasks::Entity, tasks::Column::OrderId);
    let delivery = (deliveries::Entity, deliveries::Column::EventId);
    let untold = about(events::Entity, events::Column::OrderId)
        .join(
            JoinType::InnerJoin,
            deliveries::Entity,
            Expr::col(delivery).equals((events::Entity, events::Column::Id)),
        )
        .and_where(deliveries::Column::Status.eq(deliveries::PENDING))
        .to_owned();
    Condition::any()
        .add(status.eq(OrderStatus::Open.name()))
        .add(Expr::exists(written))
        .add(Expr::exists(flows))
        .add(Expr::exists(refunds))
        .add(Expr::exists(tasks))
        .add(Expr::exists(untold))
}

/// The rows of a table that belong to the order at hand.
fn about<E: EntityTrait + Copy, C: ColumnTrait>(table: E, order_id: C) -> SelectStatement {
    Query::select()
        .expr(Expr::value(1))
        .from(table)
        .and_where(Expr::col((table, order_id)).equals((orders::Entity, orders::Column::Id)))
        .to_owned()
}

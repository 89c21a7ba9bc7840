//! Loading an order, whole.

use crate::failure::store_error;
use crate::place::Place;
use crate::place::storable;
use crate::{captures, exception_entries, exceptions, flows, journal, orders, refunds, tasks};
use cashier::id::OrderId;
use cashier::journal::Line;
use cashier::order::Order;
use cashier::state::OrderState;
use cashier::store::StoreError;
use cashier::task::Next;
use sea_orm::{
    AccessMode, ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend,
    DbErr, EntityTrait, IsolationLevel, QueryFilter, QueryOrder, QuerySelect, TransactionTrait,
};
use std::collections::HashMap;

/// How often an order is read without a transaction, which spares round trips.
const READS: u32 = 2;

/// Loads an order by a constant number of queries. They are not one snapshot, so
/// the revision is read again at the end: every commit raises it, and if it is
/// still the same, all that was read belongs together. An order that changes all
/// the time is read in a transaction.
pub(super) async fn load(
    db: &DatabaseConnection,
    id: &OrderId,
) -> Result<Option<OrderState>, StoreError> {
    for _ in 0..READS {
        let Some(state) = read(db, id).await? else {
            return Ok(None);
        };
        if revision(db, id).await? == Some(state.order.revision) {
            return Ok(Some(state));
        }
    }
    let snapshot = begin_snapshot(db).await.map_err(store_error)?;
    let state = read(&snapshot, id).await?;
    snapshot.rollback().await.map_err(store_error)?;
    Ok(state)
}

/// A transaction that sees one moment. SQLite's always do.
pub(crate) async fn begin_snapshot(db: &DatabaseConnection) -> Result<DatabaseTransaction, DbErr> {
    match db.get_database_backend() {
        DbBackend::Sqlite => db.begin().await,
        _ => {
            let (isolation, access) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
            db.begin_with_config(Some(isolation), Some(access)).await
        }
    }
}

async fn read(db: &impl ConnectionTrait, id: &OrderId) -> Result<Option<OrderState>, StoreError> {
    let row = orders::Entity::find_by_id(storable(id.as_str()))
        .one(db)
        .await;
    match row.map_err(store_error)? {
        Some(row) => read_around(db, Order::try_from(row)?).await.map(Some),
        None => Ok(None),
    }
}

/// The order's journal, oldest first. Uses the index (order_id, position).
pub(super) async fn journal(
    db: &DatabaseConnection,
    id: &OrderId,
) -> Result<Vec<Line>, StoreError> {
    journal::Entity::find()
        .filter(journal::Column::OrderId.eq(storable(id.as_str())))
        .order_by_asc(journal::Column::Position)
        .all(db)
        .await
        .map_err(store_error)?
        .into_iter()
        .map(Line::try_from)
        .collect()
}

/// The rows that belong to orders, in no order.
#[derive(Default)]
pub(crate) struct Around {
    pub(crate) flows: Vec<flows::Model>,
    pub(crate) captures: Vec<captures::Model>,
    pub(crate) refunds: Vec<refunds::Model>,
    pub(crate) exceptions: Vec<exceptions::Model>,
    /// The resolutions of these exceptions, oldest first.
    pub(crate) resolutions: Vec<exception_entries::Model>,
    pub(crate) tasks: Vec<tasks::Model>,
}

/// The rows that belong to these orders, by one query a table.
pub(crate) async fn around(
    db: &impl ConnectionTrait,
    orders: &[String],
) -> Result<Around, StoreError> {
    let flows = flows::Entity::find()
        .filter(flows::Column::OrderId.is_in(orders))
        .all(db)
        .await
        .map_err(store_error)?;
    let captures = captures::Entity::find()
        .filter(captures::Column::OrderId.is_in(orders))
        .all(db)
        .await
        .map_err(store_error)?;
    let refunds = refunds::Entity::find()
        .filter(refunds::Column::OrderId.is_in(orders))
        .all(db)
        .await
        .map_err(store_error)?;
    let exceptions = exceptions::Entity::find()
        .filter(exceptions::Column::OrderId.is_in(orders))
        .all(db)
        .await
        .map_err(store_error)?;
    let tasks = tasks::Entity::find()
        .filter(tasks::Column::OrderId.is_in(orders))
        .all(db)
        .await
        .map_err(store_error)?;
    let resolutions = resolutions(db, &exceptions).await?;
    Ok(Around {
        flows,
        captures,
        refunds,
        exceptions,
        resolutions,
        tasks,
    })
}

async fn read_around(db: &impl ConnectionTrait, order: Order) -> Result<OrderState, StoreError> {
    let rows = around(db, &[order.id.as_str().to_owned()]).await?;
    assemble(order, rows)
}

/// An order, whole, from its row and those that belong to it.
pub(crate) fn assemble(order: Order, rows: Around) -> Result<OrderState, StoreError> {
    let Around {
        mut flows,
        mut captures,
        mut refunds,
        mut exceptions,
        resolutions,
        tasks,
    } = rows;
    flows.sort_by_cached_key(|row| numbered(&row.flow_no));
    captures.sort_by_cached_key(|row| numbered(&row.id));
    refunds.sort_by_cached_key(|row| numbered(&row.refund_no));
    exceptions.sort_by_cached_key(|row| (row.opened_at, numbered(&row.id)));
    let mut state = OrderState {
        order,
        flows: read_all(flows)?,
        captures: read_all(captures)?,
        refunds: read_all(refunds)?,
        exceptions: read_all(exceptions)?,
        resolutions: read_all(resolutions)?,
    };
    set_next(&mut state, &tasks)?;
    Ok(state)
}

/// The resolutions of these exceptions; most orders have neither.
async fn resolutions(
    db: &impl ConnectionTrait,
    exceptions: &[exceptions::Model],
) -> Result<Vec<exception_entries::Model>, StoreError> {
    if exceptions.is_empty() {
        return Ok(Vec::new());
    }
    exception_entries::Entity::find()
        .filter(exception_entries::Column::Resolves.is_in(exceptions.iter().map(|row| &row.id)))
        .order_by_asc(exception_entries::Column::Position)
        .all(db)
        .await
        .map_err(store_error)
}

/// What belongs to an order is numbered in the order of its making.
fn numbered(name: &str) -> (usize, String) {
    (name.len(), name.to_owned())
}

fn read_all<R, T: TryFrom<R, Error = StoreError>>(rows: Vec<R>) -> Result<Vec<T>, StoreError> {
    rows.into_iter().map(T::try_from).collect()
}

fn set_next(state: &mut OrderState, tasks: &[tasks::Model]) -> Result<(), StoreError> {
    let mut next: HashMap<&str, Next> = HashMap::with_capacity(tasks.len());
    for task in tasks {
        next.insert(task.key.as_str(), task.next()?);
    }
    state.order.next = next.get(state.order.id.as_str()).copied();
    for flow in &mut state.flows {
        flow.next = next.get(flow.no.as_str()).copied();
    }
    for refund in &mut state.refunds {
        refund.next = next.get(refund.no.as_str()).copied();
    }
    Ok(())
}

/// The order's revision alone, by the primary key.
pub(super) async fn revision(
    db: &DatabaseConnection,
    id: &OrderId,
) -> Result<Option<u32>, StoreError> {
    let row: Option<i64> = orders::Entity::find_by_id(crate::place::storable(id.as_str()))
        .select_only()
        .column(orders::Column::Revision)
        .into_tuple()
        .one(db)
        .await
        .map_err(store_error)?;
    let place = Place {
        table: "orders",
        id: id.as_str(),
    };
    row.map(|revision| place.count("revision", revision))
        .transpose()
}

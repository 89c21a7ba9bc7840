//! Loading an order, whole.

use crate::failure::store_error;
use crate::{captures, exceptions, flows, journal, orders, refunds, tasks};
use cashier::id::OrderId;
use cashier::journal::Line;
use cashier::order::Order;
use cashier::state::OrderState;
use cashier::store::StoreError;
use cashier::task::Next;
use sea_orm::{ColumnTrait, DatabaseConnection, EntityTrait, QueryFilter, QueryOrder, QuerySelect};
use std::collections::HashMap;

/// How often an order is read again because it changed meanwhile.
const READS: u32 = 16;

/// Loads an order by a constant number of queries. They are not one snapshot, so
/// the revision is read again at the end: every commit raises it, and if it is
/// still the same, all that was read belongs together.
pub(super) async fn load(
    db: &DatabaseConnection,
    id: &OrderId,
) -> Result<Option<OrderState>, StoreError> {
    for _ in 0..READS {
        let row = orders::Entity::find_by_id(crate::place::storable(id.as_str()))
            .one(db)
            .await;
        let Some(row) = row.map_err(store_error)? else {
            return Ok(None);
        };
        let revision = row.revision;
        let state = load_around(db, Order::try_from(row)?).await?;
        if revision_now(db, id).await? == Some(revision) {
            return Ok(Some(state));
        }
    }
    Err(StoreError::Unavailable(format!(
        "order {id} changes faster than it can be read"
    )))
}

/// The order's journal, oldest first. Uses the index (order_id, position).
pub(super) async fn journal(
    db: &DatabaseConnection,
    id: &OrderId,
) -> Result<Vec<Line>, StoreError> {
    journal::Entity::find()
        .filter(journal::Column::OrderId.eq(crate::place::storable(id.as_str())))
        .order_by_asc(journal::Column::Position)
        .all(db)
        .await
        .map_err(store_error)?
        .into_iter()
        .map(Line::try_from)
        .collect()
}

async fn load_around(db: &DatabaseConnection, order: Order) -> Result<OrderState, StoreError> {
    let id = order.id.as_str().to_owned();
    let mut flows = flows::Entity::find()
        .filter(flows::Column::OrderId.eq(&id))
        .all(db)
        .await
        .map_err(store_error)?;
    let mut captures = captures::Entity::find()
        .filter(captures::Column::OrderId.eq(&id))
        .all(db)
        .await
        .map_err(store_error)?;
    let mut refunds = refunds::Entity::find()
        .filter(refunds::Column::OrderId.eq(&id))
        .all(db)
        .await
        .map_err(store_error)?;
    let mut exceptions = exceptions::Entity::find()
        .filter(exceptions::Column::OrderId.eq(&id))
        .all(db)
        .await
        .map_err(store_error)?;
    let tasks = tasks::Entity::find()
        .filter(tasks::Column::OrderId.eq(&id))
        .all(db)
        .await
        .map_err(store_error)?;
    flows.sort_by_cached_key(|row| numbered(&row.flow_no));
    captures.sort_by_cached_key(|row| numbered(&row.id));
    refunds.sort_by_cached_key(|row| numbered(&row.refund_no));
    exceptions.sort_by_cached_key(|row| numbered(&row.id));
    let mut state = OrderState {
        order,
        flows: read_all(flows)?,
        captures: read_all(captures)?,
        refunds: read_all(refunds)?,
        exceptions: read_all(exceptions)?,
    };
    set_next(&mut state, &tasks)?;
    Ok(state)
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

async fn revision_now(db: &DatabaseConnection, id: &OrderId) -> Result<Option<i64>, StoreError> {
    orders::Entity::find_by_id(id.as_str())
        .select_only()
        .column(orders::Column::Revision)
        .into_tuple()
        .one(db)
        .await
        .map_err(store_error)
}

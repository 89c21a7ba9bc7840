//! The pull side of events: an application's events in their sequence.
//!
//! Positions are given out when events are written, but become visible when their
//! transactions end, and in another order. A reader that saw 6 before 5 would
//! never see 5. Therefore whoever writes an application's events holds a shared
//! lock until the end of the transaction, and whoever reads them waits for the
//! writers that hold it; writers never wait for each other. SQLite has one writer
//! at a time and needs none of this.

use crate::deliveries;
use crate::events::{Column, Entity, Model};
use crate::failure::store_error;
use crate::place::{Place, storable};
use cashier::event::Event;
use cashier::id::AppId;
use cashier::store::{EventRecord, StoreError};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr,
    EntityTrait, QueryFilter, QueryOrder, QuerySelect, Statement, TransactionTrait,
};
use std::collections::{BTreeSet, HashMap};

/// Tells readers that events of these applications are about to be written. To
/// be called before the transaction locks anything else.
pub(super) async fn announce(
    transaction: &DatabaseTransaction,
    apps: &BTreeSet<&AppId>,
) -> Result<(), StoreError> {
    let locks: Vec<String> = (1..=apps.len())
        .map(|nth| format!("pg_advisory_xact_lock_shared(hashtextextended(${nth}, 0))"))
        .collect();
    lock(transaction, &locks.join(", "), apps.iter().copied())
        .await
        .map_err(store_error)
}

/// The application's events after a position. Uses the index (app_id, position).
pub(super) async fn after(
    db: &DatabaseConnection,
    app: &AppId,
    position: i64,
    limit: u32,
) -> Result<Vec<EventRecord>, StoreError> {
    let transaction = db.begin().await.map_err(store_error)?;
    lock(
        &transaction,
        "pg_advisory_xact_lock(hashtextextended($1, 0))",
        [app],
    )
    .await
    .map_err(store_error)?;
    let events = Entity::find()
        .filter(Column::AppId.eq(storable(app.as_str())))
        .filter(Column::Position.gt(position))
        .order_by_asc(Column::Position)
        .limit(u64::from(limit))
        .all(&transaction)
        .await
        .map_err(store_error)?;
    transaction.rollback().await.map_err(store_error)?;
    with_deliveries(db, events).await
}

async fn lock(
    transaction: &DatabaseTransaction,
    locks: &str,
    apps: impl IntoIterator<Item = &AppId>,
) -> Result<(), DbErr> {
    if transaction.get_database_backend() != DbBackend::Postgres {
        return Ok(());
    }
    let statement = Statement::from_sql_and_values(
        DbBackend::Postgres,
        format!("SELECT {locks}"),
        apps.into_iter().map(|app| storable(app.as_str()).into()),
    );
    transaction.execute_raw(statement).await.map(|_| ())
}

async fn with_deliveries(
    db: &DatabaseConnection,
    events: Vec<Model>,
) -> Result<Vec<EventRecord>, StoreError> {
    if events.is_empty() {
        return Ok(Vec::new());
    }
    let ids = events.iter().map(|event| &event.id);
    let mut found: HashMap<String, deliveries::Model> = deliveries::Entity::find()
        .filter(deliveries::Column::EventId.is_in(ids))
        .all(db)
        .await
        .map_err(store_error)?
        .into_iter()
        .map(|delivery| (delivery.event_id.clone(), delivery))
        .collect();
    events
        .into_iter()
        .map(|event| {
            let place = Place {
                table: "deliveries",
                id: &event.id,
            };
            let delivery = found
                .remove(&event.id)
                .ok_or_else(|| place.corrupt("event_id", "the event's row is missing"))?;
            Ok(EventRecord {
                position: event.position,
                attempts: place.count("attempt", delivery.attempt)?,
                delivery: delivery.status,
                event: Event::try_from(event)?,
            })
        })
        .collect()
}

//! What an order's timeline is made of, by a constant number of queries.

use super::load;
use crate::failure::store_error;
use crate::place::{Place, storable};
use crate::{deliveries, delivery_tries, events, flows, notices};
use cashier::event::EventKind;
use cashier::id::{AccountId, EventId, FlowNo, OrderId};
use cashier::store::{DeliveryTry, StoreError};
use cashier::time::Timestamp;
use cashier::timeline::{EventSeen, Evidence, NoticeSeen};
use sea_orm::sea_query::{Expr, ExprTrait, Query, SelectStatement};
use sea_orm::{
    ColumnTrait, ConnectionTrait, DatabaseConnection, EntityTrait, FromQueryResult, JoinType,
    QueryFilter, QueryOrder,
};

/// Everything about the order that is not the order itself. What is committed
/// between two of the queries is seen by the next look.
pub(super) async fn evidence(
    db: &DatabaseConnection,
    order: &OrderId,
) -> Result<Evidence, StoreError> {
    Ok(Evidence {
        lines: load::journal(db, order).await?,
        notices: notices(db, order).await?,
        events: events(db, order).await?,
        tries: tries(db, order).await?,
    })
}

/// By the order's flows, each of its own account. Uses the index notices_flow_no.
async fn notices(db: &DatabaseConnection, order: &OrderId) -> Result<Vec<NoticeSeen>, StoreError> {
    use flows::Column as Flow;
    use notices::Column as Notice;
    let mut query = Query::select();
    query
        .column((notices::Entity, Notice::AccountId))
        .column((notices::Entity, Notice::FlowNo))
        .column((notices::Entity, Notice::ReceivedAt))
        .from(flows::Entity)
        .join(
            JoinType::InnerJoin,
            notices::Entity,
            Expr::col((notices::Entity, Notice::FlowNo))
                .equals((flows::Entity, Flow::FlowNo))
                .and(
                    Expr::col((notices::Entity, Notice::AccountId))
                        .equals((flows::Entity, Flow::AccountId)),
                ),
        )
        .and_where(Expr::col((flows::Entity, Flow::OrderId)).eq(storable(order.as_str())))
        .order_by((notices::Entity, Notice::ReceivedAt), sea_orm::Order::Asc);
    Ok(all::<NoticeRow>(db, &query)
        .await?
        .into_iter()
        .map(|row| NoticeSeen {
            account: AccountId::new(row.account_id),
            flow: FlowNo::new(row.flow_no),
            received_at: Timestamp::from_millis(row.received_at),
        })
        .collect())
}

#[derive(FromQueryResult)]
struct NoticeRow {
    account_id: String,
    flow_no: String,
    received_at: i64,
}

/// Without their bodies. Uses the index (order_id, version).
async fn events(db: &DatabaseConnection, order: &OrderId) -> Result<Vec<EventSeen>, StoreError> {
    use events::Column as Event;
    let delivery = (deliveries::Entity, deliveries::Column::EventId);
    let mut query = Query::select();
    query
        .columns([
            (events::Entity, Event::Id),
            (events::Entity, Event::Kind),
            (events::Entity, Event::Version),
            (events::Entity, Event::CreatedAt),
        ])
        .column((deliveries::Entity, deliveries::Column::Status))
        .from(events::Entity)
        .join(
            JoinType::LeftJoin,
            deliveries::Entity,
            Expr::col(delivery).equals((events::Entity, Event::Id)),
        )
        .and_where(Expr::col((events::Entity, Event::OrderId)).eq(storable(order.as_str())))
        .order_by((events::Entity, Event::Version), sea_orm::Order::Asc);
    all::<EventRow>(db, &query)
        .await?
        .into_iter()
        .map(EventSeen::try_from)
        .collect()
}

#[derive(FromQueryResult)]
struct EventRow {
    id: String,
    kind: String,
    version: i64,
    created_at: i64,
    status: Option<String>,
}

impl TryFrom<EventRow> for EventSeen {
    type Error = StoreError;

    fn try_from(row: EventRow) -> Result<EventSeen, StoreError> {
        let place = Place {
            table: "events",
            id: &row.id,
        };
        Ok(EventSeen {
            kind: place.named("kind", &row.kind, &EventKind::ALL, EventKind::name)?,
            version: place.count("version", row.version)?,
            created_at: Timestamp::from_millis(row.created_at),
            delivery: row.status.unwrap_or_else(|| deliveries::NONE.to_owned()),
            id: EventId::new(row.id),
        })
    }
}

/// Uses the index (event_id, position).
async fn tries(db: &DatabaseConnection, order: &OrderId) -> Result<Vec<DeliveryTry>, StoreError> {
    let of_order = Query::select()
        .column(events::Column::Id)
        .from(events::Entity)
        .and_where(events::Column::OrderId.eq(storable(order.as_str())))
        .to_owned();
    delivery_tries::Entity::find()
        .filter(delivery_tries::Column::EventId.in_subquery(of_order))
        .order_by_asc(delivery_tries::Column::Position)
        .all(db)
        .await
        .map_err(store_error)?
        .into_iter()
        .map(DeliveryTry::try_from)
        .collect()
}

async fn all<T: FromQueryResult>(
    db: &DatabaseConnection,
    query: &SelectStatement,
) -> Result<Vec<T>, StoreError> {
    let rows = db.query_all(query).await.map_err(store_error)?;
    rows.iter()
        .map(|row| T::from_query_result(row, "").map_err(store_error))
        .collect()
}

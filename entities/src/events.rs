//! The table `events`. Rows are only ever added.

use crate::place::Place;
use cashier::event::{Event, EventKind};
use cashier::id::{AppId, EventId, OrderId};
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

/// A row. `position` is the place in the sequence that the pull side pages by.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "events")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    #[sea_orm(unique)]
    pub id: String,
    pub order_id: String,
    pub app_id: String,
    pub version: i64,
    pub kind: String,
    pub body: String,
    pub created_at: i64,
}

/// None: what belongs to an event is fetched by its id.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Event> for ActiveModel {
    fn from(event: &Event) -> ActiveModel {
        ActiveModel {
            position: NotSet,
            id: Set(event.id.as_str().to_owned()),
            order_id: Set(event.order.as_str().to_owned()),
            app_id: Set(event.app.as_str().to_owned()),
            version: Set(i64::from(event.version)),
            kind: Set(event.kind.name().to_owned()),
            body: Set(event.body.clone()),
            created_at: Set(event.created_at.millis()),
        }
    }
}

impl TryFrom<Model> for Event {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let place = Place {
            table: "events",
            id: &row.id,
        };
        Ok(Event {
            version: place.count("version", row.version)?,
            kind: place.named("kind", &row.kind, &EventKind::ALL, EventKind::name)?,
            id: EventId::new(row.id),
            order: OrderId::new(row.order_id),
            app: AppId::new(row.app_id),
            body: row.body,
            created_at: Timestamp::from_millis(row.created_at),
        })
    }
}

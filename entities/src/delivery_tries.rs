//! The table `delivery_tries`. Rows are only ever added.

use crate::place::{Place, storable};
use cashier::id::EventId;
use cashier::store::{DeliveryNext, DeliveryTry, StoreError};
use cashier::time::Timestamp;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

/// A row. `status` is the HTTP status of the answer, if there was one; without an
/// `error` it was delivered, and without `retry_at` that is not tried again.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_tries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub event_id: String,
    pub at: i64,
    pub status: Option<i64>,
    pub error: Option<String>,
    pub retry_at: Option<i64>,
}

/// None: tries are found by their event.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&DeliveryTry> for ActiveModel {
    fn from(tried: &DeliveryTry) -> ActiveModel {
        ActiveModel {
            position: NotSet,
            event_id: Set(tried.event.as_str().to_owned()),
            at: Set(tried.at.millis()),
            status: Set(tried.status.map(i64::from)),
            error: Set(tried.error.as_deref().map(storable)),
            retry_at: Set(match tried.then {
                DeliveryNext::Retry(at) => Some(at.millis()),
                DeliveryNext::Delivered | DeliveryNext::Exhausted => None,
            }),
        }
    }
}

impl TryFrom<Model> for DeliveryTry {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = row.position.to_string();
        let place = Place {
            table: "delivery_tries",
            id: &id,
        };
        let status = row.status.map(|status| {
            u16::try_from(status)
                .map_err(|_| place.corrupt("status", format!("{status} is no HTTP status")))
        });
        let then = match (&row.error, row.retry_at) {
            (None, _) => DeliveryNext::Delivered,
            (Some(_), Some(at)) => DeliveryNext::Retry(Timestamp::from_millis(at)),
            (Some(_), None) => DeliveryNext::Exhausted,
        };
        Ok(DeliveryTry {
            event: EventId::new(row.event_id),
            at: Timestamp::from_millis(row.at),
            status: status.transpose()?,
            error: row.error,
            then,
        })
    }
}

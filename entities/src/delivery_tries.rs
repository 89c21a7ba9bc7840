//! The table `delivery_tries`. Rows are only ever added.

use crate::place::storable;
use cashier::store::DeliveryTry;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

/// A row. `status` is the HTTP status of the answer, if there was one.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "delivery_tries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub event_id: String,
    pub at: i64,
    pub status: Option<i64>,
    pub error: Option<String>,
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
        }
    }
}

//! The table `deliveries`: how the delivery of each event stands.

use cashier::event::Event;
use sea_orm::entity::prelude::*;

/// It is to be delivered.
pub(crate) const PENDING: &str = "pending";
/// It was delivered.
pub(crate) const DELIVERED: &str = "delivered";
/// It was tried to the end of the schedule.
pub(crate) const EXHAUSTED: &str = "exhausted";
/// There was no address when it happened.
pub(crate) const NONE: &str = "none";

/// A row, one for each event.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "deliveries")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub event_id: String,
    pub status: String,
    pub attempt: i64,
    pub due_at: i64,
    pub leased_until: i64,
}

/// None: deliveries are found by their event.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of a new event: due at once, if there is an address.
    pub(crate) fn of(event: &Event, has_address: bool) -> Model {
        Model {
            event_id: event.id.as_str().to_owned(),
            status: if has_address { PENDING } else { NONE }.to_owned(),
            attempt: 0,
            due_at: event.created_at.millis(),
            leased_until: 0,
        }
    }
}

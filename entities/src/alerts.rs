//! The table `alerts`: how the alert of each exception and target stands.

use cashier::exception::Exception;
use cashier::id::ExceptionId;
use sea_orm::entity::prelude::*;

/// It is to be sent.
pub(crate) const PENDING: &str = "pending";
/// It was sent.
pub(crate) const SENT: &str = "sent";
/// It was tried to the end.
pub(crate) const GIVEN_UP: &str = "given_up";

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "alerts")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub target: String,
    pub exception_id: String,
    pub status: String,
    pub attempt: i64,
    pub due_at: i64,
    pub leased_until: i64,
}

/// None: alerts are found by their target and exception.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of a new exception, due at once.
    pub(crate) fn of(target: &str, exception: &Exception) -> Model {
        Model {
            id: id(target, &exception.id),
            target: target.to_owned(),
            exception_id: exception.id.as_str().to_owned(),
            status: PENDING.to_owned(),
            attempt: 0,
            due_at: exception.opened_at.millis(),
            leased_until: 0,
        }
    }
}

/// The name of a target's alert.
pub(crate) fn id(target: &str, exception: &ExceptionId) -> String {
    format!("{exception}/{target}")
}

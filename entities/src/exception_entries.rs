//! The table `exception_entries`. Rows are only ever added.

use crate::place::{Place, storable};
use cashier::exception::{Entry, EntryKind};
use cashier::id::ExceptionId;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

/// A row. `resolves` is the exception again in a resolution, of which there is one
/// at most.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exception_entries")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub exception_id: String,
    pub kind: String,
    pub resolves: Option<String>,
    pub actor: String,
    pub text: String,
    pub at: i64,
}

/// None: entries are found by their exception.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Entry> for ActiveModel {
    fn from(entry: &Entry) -> ActiveModel {
        let exception = entry.exception.as_str().to_owned();
        let is_end = entry.kind == EntryKind::Resolved;
        ActiveModel {
            position: NotSet,
            resolves: Set(is_end.then(|| exception.clone())),
            exception_id: Set(exception),
            kind: Set(entry.kind.name().to_owned()),
            actor: Set(storable(&entry.actor)),
            text: Set(storable(&entry.text)),
            at: Set(entry.at.millis()),
        }
    }
}

impl TryFrom<Model> for Entry {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let position = row.position.to_string();
        let place = Place {
            table: "exception_entries",
            id: &position,
        };
        Ok(Entry {
            kind: place.named("kind", &row.kind, &EntryKind::ALL, EntryKind::name)?,
            exception: ExceptionId::new(row.exception_id),
            actor: row.actor,
            text: row.text,
            at: Timestamp::from_millis(row.at),
        })
    }
}

//! The table `journal`. Rows are only ever added.

use crate::place::{Place, storable};
use cashier::id::OrderId;
use cashier::journal::{Line, Source};
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::ActiveValue::{NotSet, Set};
use sea_orm::entity::prelude::*;

/// A row. `position` is the order of writing.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "journal")]
pub struct Model {
    #[sea_orm(primary_key)]
    pub position: i64,
    pub order_id: String,
    pub at: i64,
    pub source: String,
    pub subject: Option<String>,
    pub text: String,
}

/// None: a journal is read on its own.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Line> for ActiveModel {
    fn from(line: &Line) -> ActiveModel {
        ActiveModel {
            position: NotSet,
            order_id: Set(line.order.as_str().to_owned()),
            at: Set(line.at.millis()),
            source: Set(line.source.name().to_owned()),
            subject: Set(line.subject.as_deref().map(storable)),
            text: Set(storable(&line.text)),
        }
    }
}

impl TryFrom<Model> for Line {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let id = row.position.to_string();
        let place = Place {
            table: "journal",
            id: &id,
        };
        Ok(Line {
            source: place.named("source", &row.source, &Source::ALL, Source::name)?,
            order: OrderId::new(row.order_id),
            at: Timestamp::from_millis(row.at),
            subject: row.subject,
            text: row.text,
        })
    }
}

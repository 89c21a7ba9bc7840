//! The table `exceptions`. Rows are only ever added.

use crate::place::{Place, storable};
use cashier::exception::{Exception, ExceptionKind};
use cashier::id::{AccountId, ExceptionId, OrderId};
use cashier::money::Money;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "exceptions")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub order_id: Option<String>,
    pub account_id: Option<String>,
    pub kind: String,
    pub subject: String,
    pub amount: Option<i64>,
    pub detail: String,
    pub opened_at: i64,
}

/// None: an order is loaded by its own few queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl From<&Exception> for Model {
    fn from(exception: &Exception) -> Model {
        Model {
            id: exception.id.as_str().to_owned(),
            order_id: exception
                .order
                .as_ref()
                .map(|order| order.as_str().to_owned()),
            account_id: exception
                .account
                .as_ref()
                .map(|account| account.as_str().to_owned()),
            kind: exception.kind.name().to_owned(),
            subject: storable(&exception.subject),
            amount: exception.amount.map(Money::fen),
            detail: storable(&exception.detail),
            opened_at: exception.opened_at.millis(),
        }
    }
}

impl TryFrom<Model> for Exception {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let place = Place {
            table: "exceptions",
            id: &row.id,
        };
        let amount = row.amount.map(|fen| place.money("amount", fen));
        Ok(Exception {
            amount: amount.transpose()?,
            kind: place.named("kind", &row.kind, &ExceptionKind::ALL, ExceptionKind::name)?,
            id: ExceptionId::new(row.id),
            order: row.order_id.map(OrderId::new),
            account: row.account_id.map(AccountId::new),
            subject: row.subject,
            detail: row.detail,
            opened_at: Timestamp::from_millis(row.opened_at),
        })
    }
}

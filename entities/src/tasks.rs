//! The table `tasks`: the `next` of orders, flows and refunds.

use crate::place::Place;
use cashier::id::{FlowNo, OrderId, RefundNo};
use cashier::store::StoreError;
use cashier::task::{Call, Claimed, Next, Subject};
use cashier::time::Timestamp;
use sea_orm::entity::prelude::*;

/// A row. `key` and `kind` name the subject.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "tasks")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub key: String,
    pub kind: String,
    pub order_id: String,
    pub call: String,
    pub due_at: i64,
    pub attempt: i64,
    pub leased_until: i64,
}

/// None: an order is loaded by its own few queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of a subject's next call. The lease is the committer's to give,
    /// so that what `next` says about leases is not written.
    pub(crate) fn of(
        order: &OrderId,
        subject: &Subject,
        next: &Next,
        leased_until: Timestamp,
    ) -> Model {
        Model {
            key: subject.key().to_owned(),
            kind: subject.kind().to_owned(),
            order_id: order.as_str().to_owned(),
            call: next.call.name().to_owned(),
            due_at: next.due.millis(),
            attempt: i64::from(next.attempt),
            leased_until: leased_until.millis(),
        }
    }

    fn place(&self) -> Place<'_> {
        Place {
            table: "tasks",
            id: &self.key,
        }
    }

    fn call(&self) -> Result<Call, StoreError> {
        self.place()
            .named("call", &self.call, &Call::ALL, Call::name)
    }

    /// What is to be done next.
    pub(crate) fn next(&self) -> Result<Next, StoreError> {
        Ok(Next {
            call: self.call()?,
            due: Timestamp::from_millis(self.due_at),
            attempt: self.place().count("attempt", self.attempt)?,
            leased_until: Timestamp::from_millis(self.leased_until),
        })
    }
}

impl TryFrom<Model> for Claimed {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let call = row.call()?;
        let subject = match row.kind.as_str() {
            "flow" => Subject::Flow(FlowNo::new(row.key)),
            "refund" => Subject::Refund(RefundNo::new(row.key)),
            "order" => Subject::Order(OrderId::new(row.key)),
            other => {
                return Err(row
                    .place()
                    .corrupt("kind", format!("{other:?} is no kind of task")));
            }
        };
        Ok(Claimed {
            order: OrderId::new(row.order_id),
            subject,
            call,
        })
    }
}

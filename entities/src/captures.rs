//! The table `captures`. Rows are only ever added.

use crate::place::{Place, storable};
use cashier::capture::{Capture, CaptureKind};
use cashier::id::{AccountId, CaptureId, FlowNo, OrderId};
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::entity::prelude::*;

/// A row.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "captures")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub id: String,
    pub order_id: String,
    pub flow_no: String,
    pub account_id: String,
    pub trade_no: String,
    pub amount: i64,
    pub paid_at: i64,
    pub seen_at: i64,
    pub payer: Option<String>,
    pub kind: String,
}

/// None: an order is loaded by its own few queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of an order's capture.
    pub(crate) fn of(order: &OrderId, capture: &Capture) -> Model {
        Model {
            id: capture.id.as_str().to_owned(),
            order_id: order.as_str().to_owned(),
            flow_no: capture.flow_no.as_str().to_owned(),
            account_id: capture.account.as_str().to_owned(),
            trade_no: capture.trade_no.clone(),
            amount: capture.amount.fen(),
            paid_at: capture.paid_at.millis(),
            seen_at: capture.seen_at.millis(),
            payer: capture.payer.as_deref().map(storable),
            kind: capture.kind.name().to_owned(),
        }
    }
}

impl TryFrom<Model> for Capture {
    type Error = StoreError;

    fn try_from(row: Model) -> Result<Self, StoreError> {
        let place = Place {
            table: "captures",
            id: &row.id,
        };
        Ok(Capture {
            amount: place.money("amount", row.amount)?,
            kind: place.named("kind", &row.kind, &CaptureKind::ALL, CaptureKind::name)?,
            id: CaptureId::new(row.id),
            flow_no: FlowNo::new(row.flow_no),
            account: AccountId::new(row.account_id),
            trade_no: row.trade_no,
            paid_at: Timestamp::from_millis(row.paid_at),
            seen_at: Timestamp::from_millis(row.seen_at),
            payer: row.payer,
        })
    }
}

//! The table `refunds`.

use crate::place::{Place, storable};
use cashier::channel::RefundRequest;
use cashier::id::{AccountId, CaptureId, RefundNo};
use cashier::order::Order;
use cashier::refund::{Refund, RefundStatus};
use cashier::store::StoreError;
use cashier::time::Timestamp;
use sea_orm::entity::prelude::*;

/// A row. `amount` repeats what `request` holds, for people and for checks in
/// SQL; `merchant_id` is the order's, for the unique key of the merchant's number.
#[derive(Clone, Debug, PartialEq, Eq, DeriveEntityModel)]
#[sea_orm(table_name = "refunds")]
pub struct Model {
    #[sea_orm(primary_key, auto_increment = false)]
    pub refund_no: String,
    pub order_id: String,
    pub merchant_id: String,
    pub capture_id: String,
    pub account_id: String,
    pub merchant_refund_no: Option<String>,
    pub amount: i64,
    pub request: String,
    pub status: String,
    pub created_at: i64,
    pub settled_at: Option<i64>,
    pub detail: Option<String>,
}

/// None: an order is loaded by its own few queries.
#[derive(Copy, Clone, Debug, EnumIter, DeriveRelation)]
pub enum Relation {}

impl ActiveModelBehavior for ActiveModel {}

impl Model {
    /// The row of an order's refund; its `next` is a row of `tasks`.
    pub(crate) fn of(order: &Order, refund: &Refund) -> Result<Model, StoreError> {
        let place = Place {
            table: "refunds",
            id: refund.no.as_str(),
        };
        Ok(Model {
            refund_no: refund.no.as_str().to_owned(),
            order_id: order.id.as_str().to_owned(),
            merchant_id: order.merchant.as_str().to_owned(),
            capture_id: refund.capture.as_str().to_owned(),
            account_id: refund.account.as_str().to_owned(),
            merchant_refund_no: refund.merchant_refund_no.clone(),
            amount: refund.request.amount.fen(),
            request: place.json("request", &refund.request)?,
            status: refund.status.name().to_owned(),
            created_at: refund.created_at.millis(),
            settled_at: refund.settled_at.map(Timestamp::millis),
            detail: refund.detail.as_deref().map(storable),
        })
    }
}

impl TryFrom<Model> for Refund {
    type Error = StoreError;

    /// The refund of a row, still without its `next`.
    fn try_from(row: Model) -> Result<Self, StoreError> {
        let place = Place {
            table: "refunds",
            id: &row.refund_no,
        };
        let request: RefundRequest = place.structure("request", &row.request)?;
        place.same(
            "refund_no",
            row.refund_no.as_str(),
            request.refund_no.as_str(),
        )?;
        place.same("amount", row.amount, request.amount.fen())?;
        Ok(Refund {
            status: place.named(
                "status",
                &row.status,
                &RefundStatus::ALL,
                RefundStatus::name,
            )?,
            no: RefundNo::new(row.refund_no),
            capture: CaptureId::new(row.capture_id),
            account: AccountId::new(row.account_id),
            merchant_refund_no: row.merchant_refund_no,
            request,
            created_at: Timestamp::from_millis(row.created_at),
            settled_at: row.settled_at.map(Timestamp::from_millis),
            detail: row.detail,
            next: None,
        })
    }
}

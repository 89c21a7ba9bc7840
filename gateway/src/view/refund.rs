//! A refund.

use super::schema;
use cashier::id::RefundNo;
use cashier::snapshot::{RefundSnapshot, refund_snapshot};
use cashier::state::OrderState;
use serde::Serialize;
use utoipa::ToSchema;

/// Money on its way back to the payer.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundView {
    /// Till's number of it, also at the channel.
    #[schema(example = "rfd_01JD3V0Q9G5T0M4N8R2X7Y6Z1A001")]
    id: String,
    /// Always `refund`.
    #[schema(example = "refund")]
    object: &'static str,
    /// The merchant's own number; none for what Till gives back by itself.
    merchant_refund_no: Option<String>,
    /// The capture it gives back from.
    capture: String,
    /// How much, in fen.
    #[schema(example = 800)]
    amount: i64,
    /// Why.
    reason: Option<String>,
    /// Where it stands. `unknown`: it was sent and the channel has not answered;
    /// Till keeps asking.
    #[schema(schema_with = schema::refund_status)]
    status: &'static str,
    /// When it was asked for.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it ended.
    #[schema(format = DateTime)]
    settled_at: Option<String>,
}

/// A refund by itself, with the order it belongs to.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundOfOrderView {
    /// The order it belongs to.
    order_id: String,
    #[serde(flatten)]
    refund: RefundView,
}

impl From<RefundSnapshot> for RefundView {
    fn from(snapshot: RefundSnapshot) -> RefundView {
        let RefundSnapshot {
            id,
            object,
            merchant_refund_no,
            capture,
            amount,
            reason,
            status,
            created_at,
            settled_at,
        } = snapshot;
        RefundView {
            id,
            object,
            merchant_refund_no,
            capture,
            amount: amount.fen(),
            reason,
            status: status.name(),
            created_at,
            settled_at,
        }
    }
}

impl RefundOfOrderView {
    /// The refund of an order; `None` when it is not the order's.
    pub fn of(state: &OrderState, no: &RefundNo) -> Option<RefundOfOrderView> {
        let refund = refund_snapshot(state.refund(no)?).into();
        Some(RefundOfOrderView {
            order_id: state.order.id.to_string(),
            refund,
        })
    }
}

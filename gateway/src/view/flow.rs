//! A flow, a capture, and the answer to a wish to pay.

use super::action::ActionView;
use super::schema;
use cashier::id::FlowNo;
use cashier::snapshot::{CaptureSnapshot, FlowSnapshot, flow_snapshot};
use cashier::state::OrderState;
use serde::Serialize;
use utoipa::ToSchema;

/// A try at paying an order.
#[derive(Debug, Serialize, ToSchema)]
pub struct FlowView {
    /// Its number, the channel's `out_trade_no`.
    #[schema(example = "01JD3V0Q9G5T0M4N8R2X7Y6Z1A001")]
    flow_no: String,
    /// The way of paying.
    #[schema(schema_with = schema::way)]
    way: &'static str,
    /// Where it stands.
    #[schema(schema_with = schema::flow_status)]
    status: &'static str,
    /// Whether the payer has changed to another way while it could not be closed.
    superseded: bool,
    /// What is to be paid, in fen.
    #[schema(example = 8800)]
    amount: i64,
    /// Why it failed, in the channel's words.
    reason: Option<String>,
    /// When it was made.
    #[schema(format = DateTime)]
    created_at: String,
    /// When it can no longer be paid.
    #[schema(format = DateTime)]
    expires_at: String,
}

/// Money that a channel took.
#[derive(Debug, Serialize, ToSchema)]
pub struct CaptureView {
    /// Its id.
    id: String,
    /// The flow it was taken for.
    flow_no: String,
    /// The channel's number of the trade.
    trade_no: String,
    /// How much, in fen.
    #[schema(example = 8800)]
    amount: i64,
    /// What it means for the order: `winner` paid it, everything else is given
    /// back or shown to a person.
    #[schema(schema_with = schema::capture_kind)]
    kind: &'static str,
    /// When the channel took it.
    #[schema(format = DateTime)]
    paid_at: String,
}

/// A flow that can be paid now.
#[derive(Debug, Serialize, ToSchema)]
pub struct PayableView {
    /// The flow.
    flow: FlowView,
    /// What the payer's side does to pay.
    action: ActionView,
}

impl From<FlowSnapshot> for FlowView {
    fn from(snapshot: FlowSnapshot) -> FlowView {
        let FlowSnapshot {
            flow_no,
            way,
            status,
            superseded,
            amount,
            reason,
            created_at,
            expires_at,
        } = snapshot;
        FlowView {
            flow_no,
            way: way.name(),
            status: status.name(),
            superseded,
            amount: amount.fen(),
            reason,
            created_at,
            expires_at,
        }
    }
}

impl From<CaptureSnapshot> for CaptureView {
    fn from(snapshot: CaptureSnapshot) -> CaptureView {
        let CaptureSnapshot {
            id,
            flow_no,
            trade_no,
            amount,
            kind,
            paid_at,
        } = snapshot;
        CaptureView {
            id,
            flow_no,
            trade_no,
            amount: amount.fen(),
            kind: kind.name(),
            paid_at,
        }
    }
}

impl PayableView {
    /// The flow of an order with its action; `None` when there is none to hand out.
    pub fn of(state: &OrderState, no: &FlowNo) -> Option<PayableView> {
        let flow = state.flow(no)?;
        let action = match flow.way().is_barcode() {
            true => ActionView::None,
            false => flow.action.clone()?.into(),
        };
        Some(PayableView {
            flow: flow_snapshot(flow).into(),
            action,
        })
    }

    /// What the payer's side does to pay.
    pub fn into_action(self) -> ActionView {
        self.action
    }
}

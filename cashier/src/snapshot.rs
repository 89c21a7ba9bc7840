//! What a merchant sees of an order: the same in the API's answers and in events.

use crate::capture::CaptureKind;
use crate::event::EventKind;
use crate::flow::{Flow, FlowStatus};
use crate::id::EventId;
use crate::money::Money;
use crate::refund::{Refund, RefundStatus};
use crate::state::OrderState;
use crate::time::Timestamp;
use crate::way::Way;
use chrono::{DateTime, SecondsFormat};
use serde::Serialize;
use std::collections::BTreeMap;

/// An order as its merchant sees it. Amounts are fen, times RFC 3339 in UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct OrderSnapshot {
    /// The order's id.
    pub id: String,
    /// Always `order`.
    pub object: &'static str,
    /// The merchant's own number.
    pub merchant_order_no: String,
    /// What is to be paid, in fen.
    pub amount: Money,
    /// Always `CNY`.
    pub currency: &'static str,
    /// What is bought.
    pub subject: String,
    /// What is bought, in more words.
    pub body: Option<String>,
    /// `open`, `paid` or `closed`.
    pub status: &'static str,
    /// Whether a close was asked for and is not confirmed yet.
    pub closing: bool,
    /// Why it was closed: `requested` or `expired`.
    pub close_reason: Option<&'static str>,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// When the channel took the money.
    pub paid_at: Option<String>,
    /// The way that it was paid by.
    pub paid_way: Option<Way>,
    /// How much of it the payer has back, in fen.
    pub amount_refunded: Money,
    /// The ways that are allowed; empty means all.
    pub ways: Vec<Way>,
    /// Where its events go, in place of the application's webhook.
    pub notify_url: Option<String>,
    /// Where the payer goes afterwards.
    pub return_url: Option<String>,
    /// The merchant's own notes.
    pub metadata: BTreeMap<String, String>,
    /// When it was made.
    pub created_at: String,
    /// When it can no longer be paid.
    pub expires_at: String,
    /// Counts the events: the receiver may drop what is older than what it has.
    pub version: u32,
    /// The tries at paying it, oldest first.
    pub flows: Vec<FlowSnapshot>,
    /// The money that channels took, oldest first.
    pub captures: Vec<CaptureSnapshot>,
    /// The refunds, oldest first.
    pub refunds: Vec<RefundSnapshot>,
}

/// A flow as its merchant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FlowSnapshot {
    /// The flow's number, the channel's `out_trade_no`.
    pub flow_no: String,
    /// The way of paying.
    pub way: Way,
    /// Where it stands.
    pub status: FlowStatus,
    /// Whether the payer has changed to another way while it could not be closed.
    pub superseded: bool,
    /// What is to be paid, in fen.
    pub amount: Money,
    /// Why it failed, in the channel's words.
    pub reason: Option<String>,
    /// When it was made.
    pub created_at: String,
    /// When it can no longer be paid.
    pub expires_at: String,
}

/// A capture as its merchant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct CaptureSnapshot {
    /// The capture's id.
    pub id: String,
    /// The flow it was taken for.
    pub flow_no: String,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// How much, in fen.
    pub amount: Money,
    /// What it means for the order.
    pub kind: CaptureKind,
    /// When the channel took it.
    pub paid_at: String,
}

/// A refund as its merchant sees it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct RefundSnapshot {
    /// Till's number of the refund, also at the channel.
    pub id: String,
    /// Always `refund`.
    pub object: &'static str,
    /// The merchant's own number; none for what Till gave back by itself.
    pub merchant_refund_no: Option<String>,
    /// The capture it gives back from.
    pub capture: String,
    /// How much, in fen.
    pub amount: Money,
    /// Why.
    pub reason: Option<String>,
    /// Where it stands.
    pub status: RefundStatus,
    /// When it was asked for.
    pub created_at: String,
    /// When it ended.
    pub settled_at: Option<String>,
}

/// RFC 3339, UTC, with milliseconds.
pub fn rfc3339(at: Timestamp) -> String {
    DateTime::from_timestamp_millis(at.millis())
        .unwrap_or_default()
        .to_rfc3339_opts(SecondsFormat::Millis, true)
}

/// The order as its merchant sees it.
pub fn snapshot(state: &OrderState) -> OrderSnapshot {
    let order = &state.order;
    let winner = state.winner();
    let paid_flow = order.paid_by.as_ref().and_then(|no| state.flow(no));
    OrderSnapshot {
        id: order.id.to_string(),
        object: "order",
        merchant_order_no: order.merchant_order_no.clone(),
        amount: order.amount,
        currency: "CNY",
        subject: order.subject.clone(),
        body: order.body.clone(),
        status: order.status.name(),
        closing: order.status == crate::order::OrderStatus::Open
            && order.close_requested_at.is_some(),
        close_reason: order.closed.map(|(_, reason)| reason.name()),
        closed_at: order.closed.map(|(at, _)| rfc3339(at)),
        paid_at: order.paid_at.map(rfc3339),
        paid_way: paid_flow.map(Flow::way),
        amount_refunded: winner.map_or(Money::ZERO, |capture| state.refunded(&capture.id)),
        ways: order.ways.clone(),
        notify_url: order.notify_url.clone(),
        return_url: order.return_url.clone(),
        metadata: order.metadata.clone(),
        created_at: rfc3339(order.created_at),
        expires_at: rfc3339(order.expires_at),
        version: order.version,
        flows: state.flows.iter().map(flow_snapshot).collect(),
        captures: state.captures.iter().map(capture_snapshot).collect(),
        refunds: state.refunds.iter().map(refund_snapshot).collect(),
    }
}

/// The flow as its merchant sees it.
pub fn flow_snapshot(flow: &Flow) -> FlowSnapshot {
    FlowSnapshot {
        flow_no: flow.no.to_string(),
        way: flow.way(),
        status: flow.status,
        superseded: flow.superseded_at.is_some(),
        amount: flow.amount(),
        reason: flow.reason.clone(),
        created_at: rfc3339(flow.created_at),
        expires_at: rfc3339(flow.expires_at()),
    }
}

fn capture_snapshot(capture: &crate::capture::Capture) -> CaptureSnapshot {
    CaptureSnapshot {
        id: capture.id.to_string(),
        flow_no: capture.flow_no.to_string(),
        trade_no: capture.trade_no.clone(),
        amount: capture.amount,
        kind: capture.kind,
        paid_at: rfc3339(capture.paid_at),
    }
}

/// The refund as its merchant sees it.
pub fn refund_snapshot(refund: &Refund) -> RefundSnapshot {
    RefundSnapshot {
        id: refund.no.to_string(),
        object: "refund",
        merchant_refund_no: refund.merchant_refund_no.clone(),
        capture: refund.capture.to_string(),
        amount: refund.amount(),
        reason: refund.request.reason.clone(),
        status: refund.status,
        created_at: rfc3339(refund.created_at),
        settled_at: refund.settled_at.map(rfc3339),
    }
}

#[derive(Serialize)]
struct EventBody<'a> {
    id: &'a str,
    #[serde(rename = "type")]
    kind: EventKind,
    timestamp: String,
    data: EventData,
}

#[derive(Serialize)]
struct EventData {
    order: OrderSnapshot,
}

/// The JSON text of an event: what happened, and the order in full.
pub(crate) fn event_body(
    id: &EventId,
    kind: EventKind,
    now: Timestamp,
    state: &OrderState,
) -> String {
    let body = EventBody {
        id: id.as_str(),
        kind,
        timestamp: rfc3339(now),
        data: EventData {
            order: snapshot(state),
        },
    };
    // Plain data with string keys always has a JSON form.
    serde_json::to_string(&body).unwrap_or_default()
}

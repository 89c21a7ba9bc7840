//! Events: what the merchant is told. Written in the commit that makes them true.

use crate::id::{AppId, EventId, OrderId};
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One event. Its body never changes, however often it is delivered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// Its id, the `webhook-id`.
    pub id: EventId,
    /// The order it is about.
    pub order: OrderId,
    /// The application that is told.
    pub app: AppId,
    /// The order's version that it tells of; unique and gap-free in an order.
    pub version: u32,
    /// What happened.
    pub kind: EventKind,
    /// The JSON text that is delivered, byte for byte.
    pub body: String,
    /// When it happened (UTC).
    pub created_at: Timestamp,
}

/// What a merchant is told of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum EventKind {
    /// The order is paid.
    #[serde(rename = "order.paid")]
    OrderPaid,
    /// The order is closed and cannot be paid any more.
    #[serde(rename = "order.closed")]
    OrderClosed,
    /// Money came for an order that was closed.
    #[serde(rename = "order.late_payment")]
    LatePayment,
    /// Money that should not have come was given back.
    #[serde(rename = "order.surplus_refunded")]
    SurplusRefunded,
    /// A refund that the merchant asked for reached the payer.
    #[serde(rename = "refund.succeeded")]
    RefundSucceeded,
    /// A refund did not happen and will not.
    #[serde(rename = "refund.failed")]
    RefundFailed,
}

impl EventKind {
    /// Every kind.
    pub const ALL: [EventKind; 6] = [
        EventKind::OrderPaid,
        EventKind::OrderClosed,
        EventKind::LatePayment,
        EventKind::SurplusRefunded,
        EventKind::RefundSucceeded,
        EventKind::RefundFailed,
    ];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            EventKind::OrderPaid => "order.paid",
            EventKind::OrderClosed => "order.closed",
            EventKind::LatePayment => "order.late_payment",
            EventKind::SurplusRefunded => "order.surplus_refunded",
            EventKind::RefundSucceeded => "refund.succeeded",
            EventKind::RefundFailed => "refund.failed",
        }
    }
}

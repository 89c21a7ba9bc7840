//! An order: what a merchant wants to be paid for, once.

use crate::id::{AppId, CheckoutToken, FlowNo, MerchantId, OrderId};
use crate::money::Money;
use crate::policy::Policy;
use crate::task::Next;
use crate::time::Timestamp;
use crate::way::Way;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// An order (商户订单). One per application and `merchant_order_no`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Order {
    /// Its name.
    pub id: OrderId,
    /// Whose it is.
    pub merchant: MerchantId,
    /// The application that made it.
    pub app: AppId,
    /// The merchant's own number, unique in the application.
    pub merchant_order_no: String,
    /// What is to be paid, in fen; positive.
    pub amount: Money,
    /// What is bought, in one line.
    pub subject: String,
    /// What is bought, in more words.
    pub body: Option<String>,
    /// The payer's address, if the merchant told it.
    pub client_ip: Option<String>,
    /// The ways that the merchant allows; empty means all.
    pub ways: Vec<Way>,
    /// Where this order's events go, in place of the application's webhook.
    pub notify_url: Option<String>,
    /// Where the payer goes afterwards.
    pub return_url: Option<String>,
    /// The merchant's own notes, given back as they came.
    pub metadata: BTreeMap<String, String>,
    /// What is decided when things go otherwise; fixed when the order is made.
    pub policy: Policy,
    /// The secret of the checkout page's address.
    pub token: CheckoutToken,
    /// When it was made (UTC).
    pub created_at: Timestamp,
    /// When it can no longer be paid (UTC).
    pub expires_at: Timestamp,
    /// Where it stands.
    pub status: OrderStatus,
    /// When the merchant asked to close it (UTC), while a payment may be under way.
    pub close_requested_at: Option<Timestamp>,
    /// When it was closed (UTC), and why.
    pub closed: Option<(Timestamp, CloseReason)>,
    /// The flow whose capture paid it.
    pub paid_by: Option<FlowNo>,
    /// When the channel took the money (UTC).
    pub paid_at: Option<Timestamp>,
    /// Counts the commits: every commit is guarded by it.
    pub revision: u32,
    /// Counts what the merchant was told: one event for each version.
    pub version: u32,
    /// When the order itself is looked at next.
    pub next: Option<Next>,
}

/// Where an order stands. `paid` is final; how much was refunded is derived
/// from the refunds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum OrderStatus {
    /// Waiting to be paid.
    Open,
    /// Paid, by exactly one capture of exactly its amount.
    Paid,
    /// Not paid, and nothing that was handed out can be paid any more.
    Closed,
}

/// Why an order was closed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum CloseReason {
    /// The merchant asked for it.
    Requested,
    /// Its time ran out.
    Expired,
}

impl OrderStatus {
    /// Every status.
    pub const ALL: [OrderStatus; 3] = [OrderStatus::Open, OrderStatus::Paid, OrderStatus::Closed];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            OrderStatus::Open => "open",
            OrderStatus::Paid => "paid",
            OrderStatus::Closed => "closed",
        }
    }
}

impl CloseReason {
    /// Every reason.
    pub const ALL: [CloseReason; 2] = [CloseReason::Requested, CloseReason::Expired];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            CloseReason::Requested => "requested",
            CloseReason::Expired => "expired",
        }
    }
}

//! A refund: the intent to give part of a capture back. Its number never changes.

use crate::channel::RefundRequest;
use crate::id::{AccountId, CaptureId, RefundNo};
use crate::money::Money;
use crate::task::Next;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// A refund of part of a capture, or of all of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refund {
    /// Our number, also at the channel.
    pub no: RefundNo,
    /// The capture it gives back from.
    pub capture: CaptureId,
    /// The channel account.
    pub account: AccountId,
    /// The merchant's own number, unique for the merchant; `None` for the
    /// refunds that Till makes by itself.
    pub merchant_refund_no: Option<String>,
    /// What is sent to the channel, the same on every repetition.
    pub request: RefundRequest,
    /// Where it stands.
    pub status: RefundStatus,
    /// When it was asked for (UTC).
    pub created_at: Timestamp,
    /// When it ended (UTC).
    pub settled_at: Option<Timestamp>,
    /// Why it stands where it stands, in the channel's words.
    pub detail: Option<String>,
    /// What to do next about it.
    pub next: Option<Next>,
}

/// Where a refund stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RefundStatus {
    /// The intent is committed; the channel has not taken it yet.
    Requested,
    /// It was sent, and nobody knows what became of it.
    Unknown,
    /// The channel has taken it.
    Processing,
    /// The payer has the money.
    Succeeded,
    /// It did not happen and will not: the amount is free again.
    Failed,
    /// It cannot finish by itself; a person must act.
    Abnormal,
}

impl RefundStatus {
    /// Every status.
    pub const ALL: [RefundStatus; 6] = [
        RefundStatus::Requested,
        RefundStatus::Unknown,
        RefundStatus::Processing,
        RefundStatus::Succeeded,
        RefundStatus::Failed,
        RefundStatus::Abnormal,
    ];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            RefundStatus::Requested => "requested",
            RefundStatus::Unknown => "unknown",
            RefundStatus::Processing => "processing",
            RefundStatus::Succeeded => "succeeded",
            RefundStatus::Failed => "failed",
            RefundStatus::Abnormal => "abnormal",
        }
    }

    /// Whether it counts against what can still be refunded: everything but a
    /// definite failure does, what is unknown included.
    pub const fn holds_money(self) -> bool {
        !matches!(self, RefundStatus::Failed)
    }

    /// Whether nothing more is expected of it.
    pub const fn is_settled(self) -> bool {
        matches!(self, RefundStatus::Succeeded | RefundStatus::Failed)
    }
}

impl Refund {
    /// How much is given back, in fen.
    pub fn amount(&self) -> Money {
        self.request.amount
    }

    /// Whether Till made it by itself, for money that should not have come.
    pub fn is_automatic(&self) -> bool {
        self.merchant_refund_no.is_none()
    }
}

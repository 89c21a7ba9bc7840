//! An exception: something that a person must see. Rows are only ever added.

use crate::id::{AccountId, ExceptionId, OrderId};
use crate::money::Money;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that a person must see: its kind, its money, what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its name.
    pub id: ExceptionId,
    /// The order it concerns; `None` when no order is known.
    pub order: Option<OrderId>,
    /// The channel account it concerns.
    pub account: Option<AccountId>,
    /// What kind of thing it is.
    pub kind: ExceptionKind,
    /// What it is about: a capture, a refund, a flow, a channel's number. With
    /// the kind it is unique, so that the same thing is reported once.
    pub subject: String,
    /// The money involved, in fen.
    pub amount: Option<Money>,
    /// What happened and what Till did by itself, in words.
    pub detail: String,
    /// When it was seen (UTC).
    pub opened_at: Timestamp,
}

/// The kinds of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// An order that was paid already was paid again.
    DuplicatePayment,
    /// A closed order was paid.
    LatePayment,
    /// A channel names another amount than was asked for.
    AmountMismatch,
    /// A signed notice is for another merchant or application.
    IdentityMismatch,
    /// A signed notice names a number that we never gave out.
    UnknownTrade,
    /// A channel gives no usable answer about a flow past its end.
    NoAnswer,
    /// A refund was refused, for now or for good.
    RefundFailed,
    /// A refund cannot finish by itself.
    RefundAbnormal,
    /// A refund that was not asked of Till.
    ExternalRefund,
}

impl ExceptionKind {
    /// Every kind.
    pub const ALL: [ExceptionKind; 9] = [
        ExceptionKind::DuplicatePayment,
        ExceptionKind::LatePayment,
        ExceptionKind::AmountMismatch,
        ExceptionKind::IdentityMismatch,
        ExceptionKind::UnknownTrade,
        ExceptionKind::NoAnswer,
        ExceptionKind::RefundFailed,
        ExceptionKind::RefundAbnormal,
        ExceptionKind::ExternalRefund,
    ];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            ExceptionKind::DuplicatePayment => "duplicate_payment",
            ExceptionKind::LatePayment => "late_payment",
            ExceptionKind::AmountMismatch => "amount_mismatch",
            ExceptionKind::IdentityMismatch => "identity_mismatch",
            ExceptionKind::UnknownTrade => "unknown_trade",
            ExceptionKind::NoAnswer => "no_answer",
            ExceptionKind::RefundFailed => "refund_failed",
            ExceptionKind::RefundAbnormal => "refund_abnormal",
            ExceptionKind::ExternalRefund => "external_refund",
        }
    }
}

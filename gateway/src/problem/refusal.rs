//! The core's no in the interface's words: which code it is, and what to do.

use super::Code;
use cashier::command::Refusal;
use std::borrow::Cow;

/// The stable code of a refusal.
pub(super) const fn code(refusal: &Refusal) -> Code {
    match refusal {
        Refusal::NotFound => Code::NotFound,
        Refusal::OrderConflict { .. } | Refusal::RefundConflict { .. } => Code::OrderConflict,
        Refusal::OrderPaid => Code::OrderPaid,
        Refusal::OrderClosed => Code::OrderClosed,
        Refusal::OrderExpired => Code::OrderExpired,
        Refusal::WayUnavailable { .. } => Code::WayUnavailable,
        Refusal::Incomplete { .. } => Code::InvalidRequest,
        Refusal::PaymentInProgress { .. } => Code::PaymentInProgress,
        Refusal::NotPaid | Refusal::RefundExceedsCapture { .. } => Code::RefundExceedsCapture,
        Refusal::RefundLimit(_) | Refusal::ChannelRefused { .. } => Code::ChannelRefused,
        Refusal::ChannelUnavailable { .. } => Code::ChannelUnavailable,
        Refusal::StoreUnavailable => Code::Unavailable,
    }
}

/// What to do about a refusal.
pub(super) fn advice(refusal: &Refusal) -> Cow<'static, str> {
    let fixed = match refusal {
        Refusal::OrderConflict { field } => {
            return taken("merchant_order_no", "an order", field).into();
        }
        Refusal::RefundConflict { field } => {
            return taken("merchant_refund_no", "a refund", field).into();
        }
        Refusal::WayUnavailable { way } => {
            return format!("{way} cannot be used for this order; choose another way").into();
        }
        Refusal::Incomplete { way, field } => {
            return format!("`{field}` is needed for {way}; send it").into();
        }
        Refusal::RefundExceedsCapture { left } => {
            return format!(
                "{} fen can still be refunded; ask for no more than that",
                left.fen()
            )
            .into();
        }
        Refusal::RefundLimit(why) => return why.clone().into(),
        Refusal::ChannelRefused { reason } => {
            return format!(
                "the channel refused: {reason}; mend what it names, or choose another way"
            )
            .into();
        }
        Refusal::NotFound => "there is no such order for this API key's application; check the id",
        Refusal::OrderPaid => "the order is paid; to give the money back, make a refund",
        Refusal::OrderClosed => {
            "the order is closed; make a new order with a new merchant_order_no"
        }
        Refusal::OrderExpired => {
            "the order's time is over; make a new order with a new merchant_order_no"
        }
        Refusal::PaymentInProgress { .. } => {
            "a payment of this order is being processed (支付处理中，不允许重复支付); \
             wait for its outcome, then ask again"
        }
        Refusal::NotPaid => {
            "the order is not paid, so there is nothing to refund; wait until its status is paid"
        }
        Refusal::ChannelUnavailable { .. } => {
            "the channel does not answer; send the same request again, it continues the same payment"
        }
        Refusal::StoreUnavailable => {
            "the database does not answer; send the same request again, that is safe"
        }
    };
    fixed.into()
}

fn taken(number: &str, thing: &str, field: &str) -> String {
    format!(
        "this {number} was used for {thing} with another {field}; send what was sent the first \
         time, or take a new {number}"
    )
}

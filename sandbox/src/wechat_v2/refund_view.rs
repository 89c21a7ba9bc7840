//! A refund as v2's answers and notices show it.

use super::trade_view::spaced_moment;
use super::xml::Fields;
use crate::ledger::{Refund, RefundState, Trade};

/// Where the sandbox's payer gets the money.
const ACCOUNT: &str = "支付用户零钱";

/// Which money of the merchant's pays for it.
const SOURCE: &str = "REFUND_SOURCE_RECHARGE_FUNDS";

/// v2's word for what a refund is.
pub fn status(state: RefundState) -> &'static str {
    match state {
        RefundState::Processing => "PROCESSING",
        RefundState::Success => "SUCCESS",
        RefundState::Abnormal => "CHANGE",
        RefundState::Closed => "REFUNDCLOSE",
    }
}

/// The answer that a refund was accepted, which is not that it is done.
pub fn accepted(trade: &Trade, refund: &Refund) -> Fields {
    let amount = refund.amount.to_string();
    fields([
        ("transaction_id", trade.trade_no.clone()),
        ("out_trade_no", trade.order.key.out_trade_no.clone()),
        ("out_refund_no", refund.out_refund_no.clone()),
        ("refund_id", refund.refund_id.clone()),
        ("refund_fee", amount.clone()),
        ("total_fee", trade.order.amount.to_string()),
        ("cash_fee", trade.order.amount.to_string()),
        ("cash_refund_fee", amount),
        ("coupon_refund_fee", "0".to_owned()),
        ("coupon_refund_count", "0".to_owned()),
    ])
}

/// A refund in a query, as the one with this index.
pub fn listed(refund: &Refund, index: usize) -> Fields {
    let amount = refund.amount.to_string();
    let time = refund.succeeded_at.map(spaced_moment);
    fields([
        ("out_refund_no", refund.out_refund_no.clone()),
        ("refund_id", refund.refund_id.clone()),
        ("refund_channel", "ORIGINAL".to_owned()),
        ("refund_fee", amount.clone()),
        ("settlement_refund_fee", amount),
        ("refund_status", status(refund.state).to_owned()),
        ("refund_account", SOURCE.to_owned()),
        ("refund_recv_accout", ACCOUNT.to_owned()),
        ("refund_success_time", time.unwrap_or_default()),
    ])
    .into_iter()
    .filter(|(_, value)| !value.is_empty())
    .map(|(name, value)| (format!("{name}_{index}"), value))
    .collect()
}

/// What the notice of a refund's end hides.
pub fn told(trade: &Trade, refund: &Refund) -> Fields {
    let (total, amount) = (trade.order.amount.to_string(), refund.amount.to_string());
    let time = refund.succeeded_at.map(spaced_moment);
    fields([
        ("transaction_id", trade.trade_no.clone()),
        ("out_trade_no", trade.order.key.out_trade_no.clone()),
        ("refund_id", refund.refund_id.clone()),
        ("out_refund_no", refund.out_refund_no.clone()),
        ("total_fee", total.clone()),
        ("settlement_total_fee", total),
        ("refund_fee", amount.clone()),
        ("settlement_refund_fee", amount),
        ("refund_status", status(refund.state).to_owned()),
        ("success_time", time.unwrap_or_default()),
        ("refund_recv_accout", ACCOUNT.to_owned()),
        ("refund_account", SOURCE.to_owned()),
        ("refund_request_source", "API".to_owned()),
    ])
}

fn fields<const N: usize>(own: [(&str, String); N]) -> Fields {
    own.map(|(name, value)| (name.to_owned(), value)).into()
}

//! A refund as the refund calls answer it, and as its notice tells it.

use serde_json::{Value, json};

use super::transaction::{moment, payee, with};
use crate::ledger::{Refund, Trade};

/// Where the sandbox's payer gets the money.
const ACCOUNT: &str = "支付用户零钱";

/// The refund as accepting and querying it answer.
pub fn refund_view(trade: &Trade, refund: &Refund) -> Value {
    let shown = json!({
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "transaction_id": refund.trade_no,
        "out_trade_no": refund.trade.out_trade_no,
        "channel": "ORIGINAL",
        "user_received_account": ACCOUNT,
        "create_time": moment(refund.created_at),
        "status": refund.state_name(),
        "funds_account": refund.details.get("funds_account"),
        "amount": {
            "total": trade.order.amount,
            "refund": refund.amount,
            "from": [],
            "payer_total": trade.order.amount,
            "payer_refund": refund.amount,
            "settlement_refund": refund.amount,
            "settlement_total": trade.order.amount,
            "discount_refund": 0,
            "currency": "CNY",
        },
        "promotion_detail": [],
    });
    with_success_time(shown, refund)
}

/// The refund as the resource of its notice: `refund_status` where the call says `status`.
pub fn refund_resource(trade: &Trade, refund: &Refund) -> Value {
    let shown = json!({
        "transaction_id": refund.trade_no,
        "out_trade_no": refund.trade.out_trade_no,
        "refund_id": refund.refund_id,
        "out_refund_no": refund.out_refund_no,
        "refund_status": refund.state_name(),
        "user_received_account": ACCOUNT,
        "amount": {
            "total": trade.order.amount,
            "refund": refund.amount,
            "payer_total": trade.order.amount,
            "payer_refund": refund.amount,
        },
    });
    let ids = payee(trade)
        .into_iter()
        .filter(|(name, _)| name.ends_with("mchid"));
    with_success_time(with(shown, ids.collect()), refund)
}

fn with_success_time(mut shown: Value, refund: &Refund) -> Value {
    if let (Some(fields), Some(at)) = (shown.as_object_mut(), refund.succeeded_at) {
        fields.insert("success_time".to_owned(), json!(moment(at)));
    }
    shown
}

//! A trade as queries and notices show it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Value, json};

use crate::ledger::{Trade, TradeState, beijing};

/// Who pays when the order does not say: the sandbox's one payer.
const PAYER: &str = "oSandbox_Payer_0000000000001";

/// The trade as a query answers it: few fields while it is unpaid, all of them once it was paid.
pub fn transaction(trade: &Trade) -> Value {
    let (state, description) = match trade.state {
        TradeState::Waiting => ("NOTPAY", "订单未支付"),
        TradeState::Closed => ("CLOSED", "订单已关闭"),
        TradeState::Refunded => ("REFUND", "订单发生过退款，退款详情请查询退款单"),
        TradeState::Paid | TradeState::Finished => ("SUCCESS", "支付成功"),
    };
    match trade.paid_at {
        Some(paid_at) => paid(trade, state, description, paid_at),
        None => unpaid(trade, state, description),
    }
}

/// The trade as the notice of its payment tells it: `SUCCESS`, whatever came after.
pub fn payment(trade: &Trade, paid_at: DateTime<Utc>) -> Value {
    paid(trade, "SUCCESS", "支付成功", paid_at)
}

fn unpaid(trade: &Trade, state: &str, description: &str) -> Value {
    json!({
        "amount": { "payer_currency": "CNY", "total": trade.order.amount },
        "appid": trade.order.details.get("appid"),
        "mchid": trade.order.key.account,
        "out_trade_no": trade.order.key.out_trade_no,
        "promotion_detail": [],
        "scene_info": { "device_id": "" },
        "trade_state": state,
        "trade_state_desc": description,
    })
}

fn paid(trade: &Trade, state: &str, description: &str, paid_at: DateTime<Utc>) -> Value {
    let order = &trade.order;
    let mut shown = json!({
        "mchid": order.key.account,
        "appid": order.details.get("appid"),
        "out_trade_no": order.key.out_trade_no,
        "transaction_id": trade.trade_no,
        "trade_type": order.product,
        "trade_state": state,
        "trade_state_desc": description,
        "bank_type": "OTHERS",
        "success_time": moment(paid_at),
        "payer": { "openid": order.details.get("openid").map_or(PAYER, String::as_str) },
        "amount": {
            "total": order.amount,
            "payer_total": order.amount,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    });
    if let (Some(fields), Some(attach)) = (shown.as_object_mut(), &order.attach) {
        fields.insert("attach".to_owned(), json!(attach));
    }
    shown
}

/// RFC 3339 in Beijing time, whole seconds: `2018-06-08T10:34:56+08:00`.
pub fn moment(moment: DateTime<Utc>) -> String {
    beijing(moment).to_rfc3339_opts(SecondsFormat::Secs, false)
}

//! A trade as queries and notices show it.

use chrono::{DateTime, SecondsFormat, Utc};
use serde_json::{Map, Value, json};

use super::openid::payer_of;
use crate::ledger::{Trade, beijing};

/// The trade as a query answers it: few fields while it is unpaid, all of them once it was paid.
pub fn transaction(trade: &Trade) -> Value {
    let state = trade.state_name();
    match trade.paid_at {
        Some(paid_at) => paid(trade, state, paid_at),
        None => unpaid(trade, state),
    }
}

/// The trade as the notice of its payment tells it: `SUCCESS`, whatever came after.
pub fn payment(trade: &Trade, paid_at: DateTime<Utc>) -> Value {
    paid(trade, "SUCCESS", paid_at)
}

/// What `trade_state_desc` says about each state.
fn description(state: &str) -> &'static str {
    match state {
        "NOTPAY" => "订单未支付",
        "USERPAYING" => "需要用户输入支付密码",
        "PAYERROR" => "支付失败，请撤销订单",
        "CLOSED" => "订单已关闭",
        "REVOKED" => "订单已撤销",
        "REFUND" => "订单发生过退款，退款详情请查询退款单",
        _ => "支付成功",
    }
}

/// Who is paid and under which appid: in a service provider's names where one ordered.
pub fn payee(trade: &Trade) -> Map<String, Value> {
    let order = &trade.order;
    let detail = |name: &str| order.details.get(name).cloned();
    let mchid = Some(order.key.account.clone());
    let names = match detail("sub_mchid") {
        None => vec![("appid", detail("appid")), ("mchid", mchid)],
        sub_mchid => vec![
            ("sp_appid", detail("appid")),
            ("sp_mchid", mchid),
            ("sub_appid", detail("sub_appid")),
            ("sub_mchid", sub_mchid),
        ],
    };
    let names = names
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), json!(value))));
    names.collect()
}

/// Who paid, under the caller's appid: whom the order names, or the sandbox's one payer.
pub fn openid(trade: &Trade) -> String {
    let details = &trade.order.details;
    let named = details.get("openid").cloned();
    named.unwrap_or_else(|| payer_of(details.get("appid").map_or("", String::as_str)))
}

/// The payer: `openid`, or `sp_openid` and `sub_openid`.
fn payer(trade: &Trade) -> Value {
    let details = &trade.order.details;
    let openid = openid(trade);
    match (details.get("sub_mchid"), details.get("sub_openid")) {
        (None, _) => json!({ "openid": openid }),
        (Some(_), None) => json!({ "sp_openid": openid }),
        (Some(_), Some(sub)) => json!({ "sp_openid": openid, "sub_openid": sub }),
    }
}

fn unpaid(trade: &Trade, state: &str) -> Value {
    let shown = json!({
        "amount": { "payer_currency": "CNY", "total": trade.order.amount },
        "out_trade_no": trade.order.key.out_trade_no,
        "promotion_detail": [],
        "scene_info": { "device_id": "" },
        "trade_state": state,
        "trade_state_desc": description(state),
    });
    with(shown, payee(trade))
}

fn paid(trade: &Trade, state: &str, paid_at: DateTime<Utc>) -> Value {
    let order = &trade.order;
    let shown = json!({
        "out_trade_no": order.key.out_trade_no,
        "transaction_id": trade.trade_no,
        "trade_type": order.product,
        "trade_state": state,
        "trade_state_desc": description(state),
        "bank_type": "OTHERS",
        "success_time": moment(paid_at),
        "payer": payer(trade),
        "amount": {
            "total": order.amount,
            "payer_total": order.amount,
            "currency": "CNY",
            "payer_currency": "CNY",
        },
    });
    let mut more = payee(trade);
    if let Some(attach) = &order.attach {
        more.insert("attach".to_owned(), json!(attach));
    }
    with(shown, more)
}

/// The object with more fields.
pub fn with(mut object: Value, more: Map<String, Value>) -> Value {
    if let Some(fields) = object.as_object_mut() {
        fields.extend(more);
    }
    object
}

/// RFC 3339 in Beijing time, whole seconds: `2018-06-08T10:34:56+08:00`.
pub fn moment(moment: DateTime<Utc>) -> String {
    beijing(moment).to_rfc3339_opts(SecondsFormat::Secs, false)
}

//! A trade as v2's answers and notices show it.

use chrono::{DateTime, Utc};

use super::xml::Fields;
use crate::ledger::{Trade, beijing};
use crate::wechat::openid::payer_of;
use crate::wechat::transaction::openid;

/// The trade as a query answers it: few fields while it is unpaid, all of them once it was paid.
pub fn queried(trade: &Trade) -> Fields {
    let mut fields = match trade.paid_at {
        Some(paid_at) => paid(trade, paid_at),
        None => unpaid(trade),
    };
    let (state, description) = (trade.state_name(), described(trade.state_name()));
    fields.insert("trade_state".to_owned(), state.to_owned());
    fields.insert("trade_state_desc".to_owned(), description.to_owned());
    fields
}

fn described(state: &str) -> &'static str {
    match state {
        "SUCCESS" => "支付成功",
        "REFUND" => "订单发生过退款，退款详情请查询退款单",
        "CLOSED" => "订单已关闭",
        "REVOKED" => "订单已撤销",
        "USERPAYING" => "用户支付中，需要输入密码",
        "PAYERROR" => "支付失败，请撤销订单",
        _ => "订单未支付",
    }
}

fn unpaid(trade: &Trade) -> Fields {
    let order = &trade.order;
    let device_info = order.details.get("device_info").cloned();
    Fields::from([
        ("device_info".to_owned(), device_info.unwrap_or_default()),
        ("out_trade_no".to_owned(), order.key.out_trade_no.clone()),
        ("total_fee".to_owned(), order.amount.to_string()),
    ])
}

/// What every message about a paid trade says of the payment.
pub fn paid(trade: &Trade, paid_at: DateTime<Utc>) -> Fields {
    let order = &trade.order;
    let amount = order.amount.to_string();
    let own = [
        ("openid", openid(trade)),
        ("is_subscribe", "N".to_owned()),
        ("trade_type", order.product.clone()),
        ("bank_type", "OTHERS".to_owned()),
        ("total_fee", amount.clone()),
        ("fee_type", "CNY".to_owned()),
        ("cash_fee", amount),
        ("cash_fee_type", "CNY".to_owned()),
        ("transaction_id", trade.trade_no.clone()),
        ("out_trade_no", order.key.out_trade_no.clone()),
        ("attach", order.attach.clone().unwrap_or_default()),
        ("time_end", moment(paid_at)),
    ];
    let mut fields: Fields = own.map(|(name, value)| (name.to_owned(), value)).into();
    if let Some(sub_appid) = order.details.get("sub_appid") {
        let named = order.details.get("sub_openid").cloned();
        let sub_openid = named.unwrap_or_else(|| payer_of(sub_appid));
        fields.insert("sub_openid".to_owned(), sub_openid);
        fields.insert("sub_is_subscribe".to_owned(), "N".to_owned());
    }
    if let Some(device_info) = order.details.get("device_info") {
        fields.insert("device_info".to_owned(), device_info.clone());
    }
    fields
}

/// `yyyyMMddHHmmss` in Beijing's time.
pub fn moment(moment: DateTime<Utc>) -> String {
    beijing(moment).format("%Y%m%d%H%M%S").to_string()
}

/// `yyyy-MM-dd HH:mm:ss` in Beijing's time.
pub fn spaced_moment(moment: DateTime<Utc>) -> String {
    beijing(moment).format("%Y-%m-%d %H:%M:%S").to_string()
}

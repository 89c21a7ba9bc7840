//! The ledger as `GET /sandbox/ledger` shows it: the oracle of tests.

use chrono::{DateTime, SecondsFormat, Utc};
use serde::Serialize;

use super::{Channel, Refund, Trade};

/// Everything the channels believe in. What was handed out but does not exist yet is not here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct LedgerView {
    /// Every trade, by order number.
    pub trades: Vec<TradeView>,
    /// Every refund, by refund number.
    pub refunds: Vec<RefundView>,
}

/// One trade. Times are RFC 3339 (UTC) or null.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct TradeView {
    /// `alipay` or `wechat`.
    pub channel: Channel,
    /// `app_id` or `mchid`.
    pub account: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// The channel's number.
    pub trade_no: String,
    /// Fen.
    pub amount: i64,
    /// In the channel's own words: `TRADE_SUCCESS`, `NOTPAY`, …
    pub state: &'static str,
    /// Set once money was taken, and for ever.
    pub paid_at: Option<String>,
    /// When it was closed.
    pub closed_at: Option<String>,
    /// From when on it cannot be paid.
    pub expires_at: Option<String>,
    /// The merchant behind a service provider, if there is one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub seller_id: Option<String>,
}

/// One refund.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RefundView {
    /// `alipay` or `wechat`.
    pub channel: Channel,
    /// `app_id` or `mchid`.
    pub account: String,
    /// The merchant's number.
    pub out_refund_no: String,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// Fen.
    pub amount: i64,
    /// In the channel's own words: `REFUND_SUCCESS` (Alipay), `PROCESSING`, `SUCCESS`, …
    pub state: &'static str,
}

impl From<&Trade> for TradeView {
    fn from(trade: &Trade) -> Self {
        Self {
            channel: trade.order.key.channel,
            account: trade.order.key.account.clone(),
            out_trade_no: trade.order.key.out_trade_no.clone(),
            trade_no: trade.trade_no.clone(),
            amount: trade.order.amount,
            state: trade.state_name(),
            paid_at: trade.paid_at.map(rfc3339),
            closed_at: trade.closed_at.map(rfc3339),
            expires_at: trade.expires_at.map(rfc3339),
            seller_id: trade.order.details.get("seller_id").cloned(),
        }
    }
}

impl From<&Refund> for RefundView {
    fn from(refund: &Refund) -> Self {
        Self {
            channel: refund.trade.channel,
            account: refund.trade.account.clone(),
            out_refund_no: refund.out_refund_no.clone(),
            trade_no: refund.trade_no.clone(),
            amount: refund.amount,
            state: refund.state_name(),
        }
    }
}

fn rfc3339(moment: DateTime<Utc>) -> String {
    moment.to_rfc3339_opts(SecondsFormat::Millis, true)
}

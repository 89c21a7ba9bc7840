//! One refund of one trade.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::trade::{Channel, TradeKey, TradeState};

/// What a refund is now. The channels' own words for it: [`Refund::state_name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum RefundState {
    /// WeChat Pay: accepted, not finished.
    Processing,
    /// The money went back.
    Success,
    /// WeChat Pay: the payer's account cannot take it; a person must act.
    Abnormal,
    /// WeChat Pay: given up; the money stays with the merchant.
    Closed,
}

/// A refund that a channel is about to accept.
#[derive(Debug, Clone)]
pub struct NewRefund {
    /// The trade.
    pub trade: TradeKey,
    /// `out_request_no` or `out_refund_no`.
    pub out_refund_no: String,
    /// Fen.
    pub amount: i64,
    /// As the merchant gave it.
    pub reason: Option<String>,
    /// WeChat Pay's `notify_url` of the refund.
    pub notify_url: Option<String>,
    /// Alipay: `Success` at once; WeChat Pay: `Processing`.
    pub state: RefundState,
    /// What only one channel keeps, under that channel's own names.
    pub details: BTreeMap<String, String>,
}

/// A refund that exists at the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refund {
    /// The trade.
    pub trade: TradeKey,
    /// The channel's number of that trade.
    pub trade_no: String,
    /// The merchant's number of this refund.
    pub out_refund_no: String,
    /// The channel's number of this refund (WeChat's `refund_id`).
    pub refund_id: String,
    /// Fen.
    pub amount: i64,
    /// As the merchant gave it.
    pub reason: Option<String>,
    /// WeChat Pay's `notify_url` of the refund.
    pub notify_url: Option<String>,
    /// What it is now.
    pub state: RefundState,
    /// UTC.
    pub created_at: DateTime<Utc>,
    /// When the money went back, UTC.
    pub succeeded_at: Option<DateTime<Utc>>,
    /// What only one channel keeps, under that channel's own names.
    pub details: BTreeMap<String, String>,
}

impl Refund {
    pub(super) fn new(
        new: NewRefund,
        refund_id: String,
        trade_no: String,
        now: DateTime<Utc>,
    ) -> Self {
        Self {
            trade: new.trade,
            trade_no,
            out_refund_no: new.out_refund_no,
            refund_id,
            amount: new.amount,
            reason: new.reason,
            notify_url: new.notify_url,
            state: new.state,
            created_at: now,
            succeeded_at: (new.state == RefundState::Success).then_some(now),
            details: new.details,
        }
    }

    /// Whether it is what a reversal (撤销) gave back. Money went back, so that the ledger has
    /// it; but no merchant asked for it as a refund or gave it a number, and no document says
    /// under which number the channel would tell of it. So queries of refunds do not find it,
    /// and its row in a bill is `REVOKED` and without a number of the merchant's.
    pub fn is_reversal(&self) -> bool {
        self.out_refund_no == reversal_number(&self.trade_no)
    }

    /// The state as the channel says it: `refund_status` at Alipay, `status` at WeChat Pay.
    pub fn state_name(&self) -> &'static str {
        match (self.trade.channel, self.state) {
            (Channel::Alipay, RefundState::Success) => "REFUND_SUCCESS",
            (_, RefundState::Processing) => "PROCESSING",
            (Channel::Wechat, RefundState::Success) => "SUCCESS",
            (_, RefundState::Abnormal) => "ABNORMAL",
            (_, RefundState::Closed) => "CLOSED",
        }
    }
}

/// The number under which the ledger keeps what a reversal of this trade gave back.
pub(super) fn reversal_number(trade_no: &str) -> String {
    format!("reverse_{trade_no}")
}

/// Why the ledger took no refund.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum RefundRefused {
    /// No such trade.
    #[error("no such trade")]
    NoTrade,
    /// The trade's state allows no refund.
    #[error("a trade that is {0:?} cannot be refunded")]
    State(TradeState),
    /// More than is left of what was paid, or nothing.
    #[error("the amount is not between 1 fen and what is left of the trade")]
    OverRemainder,
    /// This number belongs to an earlier refund of the trade.
    #[error("the refund number was used before")]
    NumberUsed,
}

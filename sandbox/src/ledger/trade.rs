//! One trade: what was ordered, and what became of it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

/// A payment channel.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Channel {
    /// 支付宝
    Alipay,
    /// 微信支付
    Wechat,
}

impl Channel {
    /// `alipay` or `wechat`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Alipay => "alipay",
            Self::Wechat => "wechat",
        }
    }
}

/// What makes a trade one trade: the merchant's number in one account of one channel.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct TradeKey {
    /// The merchant's order number.
    pub out_trade_no: String,
    /// The channel.
    pub channel: Channel,
    /// `app_id` or `mchid`.
    pub account: String,
}

impl TradeKey {
    /// A key.
    pub fn new(channel: Channel, account: &str, out_trade_no: &str) -> Self {
        Self {
            out_trade_no: out_trade_no.to_owned(),
            channel,
            account: account.to_owned(),
        }
    }

    /// The lowest possible key with this number, for range scans.
    pub(crate) fn first(out_trade_no: &str) -> Self {
        Self::new(Channel::Alipay, "", out_trade_no)
    }
}

/// Until when a trade can be paid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Expiry {
    /// `time_expire`, or a relative timeout whose clock already runs.
    At(DateTime<Utc>),
    /// Seconds from the moment the trade is created (Alipay's wap and app `timeout_express`).
    AfterOpening(i64),
    /// No limit was given.
    Never,
}

impl Expiry {
    /// The moment, if the trade is created at `opened`.
    pub fn moment(self, opened: DateTime<Utc>) -> Option<DateTime<Utc>> {
        match self {
            Self::At(at) => Some(at),
            Self::AfterOpening(seconds) => {
                opened.checked_add_signed(TimeDelta::try_seconds(seconds)?)
            }
            Self::Never => None,
        }
    }

    /// Whether an artefact for this order can no longer be opened at `now`.
    pub fn is_over(self, now: DateTime<Utc>) -> bool {
        matches!(self, Self::At(at) if at <= now)
    }
}

/// What a merchant asked to be paid for: enough to create the trade when its moment comes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Order {
    /// Whose, and under which number.
    pub key: TradeKey,
    /// Fen.
    pub amount: i64,
    /// `subject` at Alipay, `description` at WeChat Pay.
    pub subject: String,
    /// The channel's own word for the product: `alipay.trade.precreate`, `NATIVE`, …
    pub product: String,
    /// Where notices go; none, no notices.
    pub notify_url: Option<String>,
    /// Where a browser goes after paying (Alipay's pages).
    pub return_url: Option<String>,
    /// `passback_params` at Alipay, `attach` at WeChat Pay.
    pub attach: Option<String>,
    /// Until when it can be paid.
    pub expiry: Expiry,
    /// What only one channel keeps, under that channel's own names.
    pub details: BTreeMap<String, String>,
}

/// What a trade is now. The channels' own words for it: [`Trade::state_name`].
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TradeState {
    /// Created and unpaid.
    Waiting,
    /// Paid; nothing has been given back, or (Alipay) a part of it.
    Paid,
    /// WeChat Pay: paid, and some of it turned to refund.
    Refunded,
    /// Unpaid and over; at Alipay also paid and given back in full (`paid_at` tells).
    Closed,
    /// Alipay: paid, and no refund is possible any more.
    Finished,
}

/// WeChat Pay's barcode payments know three states more than [`TradeState`] has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Scan {
    /// `USERPAYING`: unpaid, and the wallet asks for the password.
    AskingPassword,
    /// `PAYERROR`: unpaid, and it cannot be paid any more.
    Failed,
    /// `REVOKED`: the merchant took it back; what had been paid was given back.
    Reversed,
}

/// A trade that exists at the channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trade {
    /// What was ordered.
    pub order: Order,
    /// The channel's number.
    pub trade_no: String,
    /// What it is now.
    pub state: TradeState,
    /// WeChat Pay's barcode payments: where the scan stands.
    #[serde(default)]
    pub scan: Option<Scan>,
    /// UTC.
    pub created_at: DateTime<Utc>,
    /// From when on it cannot be paid, UTC.
    pub expires_at: Option<DateTime<Utc>>,
    /// When the payer paid, UTC. Never unset.
    pub paid_at: Option<DateTime<Utc>>,
    /// When it was closed, UTC: by the merchant, by expiry, or by the last refund.
    pub closed_at: Option<DateTime<Utc>>,
    /// Numbers of its refunds, oldest first.
    pub refunds: Vec<String>,
}

impl Trade {
    /// The state as the channel says it: `trade_status` at Alipay, `trade_state` at WeChat Pay.
    pub fn state_name(&self) -> &'static str {
        match (self.order.key.channel, self.state) {
            (Channel::Alipay, TradeState::Waiting) => "WAIT_BUYER_PAY",
            (Channel::Alipay, TradeState::Paid | TradeState::Refunded) => "TRADE_SUCCESS",
            (Channel::Alipay, TradeState::Closed) => "TRADE_CLOSED",
            (Channel::Alipay, TradeState::Finished) => "TRADE_FINISHED",
            (Channel::Wechat, _) if self.scan == Some(Scan::Reversed) => "REVOKED",
            (Channel::Wechat, TradeState::Waiting) => match self.scan {
                Some(Scan::AskingPassword) => "USERPAYING",
                Some(Scan::Failed) => "PAYERROR",
                _ => "NOTPAY",
            },
            (Channel::Wechat, TradeState::Paid | TradeState::Finished) => "SUCCESS",
            (Channel::Wechat, TradeState::Refunded) => "REFUND",
            (Channel::Wechat, TradeState::Closed) => "CLOSED",
        }
    }

    /// After a refund was accepted and `refunded` fen in all are given back.
    pub(super) fn turn_to_refund(&mut self, refunded: i64, now: DateTime<Utc>) {
        match self.order.key.channel {
            Channel::Wechat => self.state = TradeState::Refunded,
            Channel::Alipay if refunded >= self.order.amount => {
                self.state = TradeState::Closed;
                self.closed_at = Some(now);
            }
            Channel::Alipay => {}
        }
    }
}

/// Why the payer could not pay.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PayRefused {
    /// No such trade.
    #[error("no such trade: open what was handed out first (POST /sandbox/payer/open)")]
    NoTrade,
    /// `expires_at` has passed: 订单已超时，不能付款.
    #[error("the order has expired and cannot be paid (订单已超时，不能付款)")]
    Expired,
    /// Closed before it was paid.
    #[error("the trade is closed (交易已关闭)")]
    Closed,
    /// Paid already: one number is one trade.
    #[error("the trade has been paid already (交易已支付)")]
    AlreadyPaid,
}

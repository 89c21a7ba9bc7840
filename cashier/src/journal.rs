//! The journal: why an order is where it is, in plain words. One line for each
//! thing that was asked, answered or decided; rows are only ever added.

use crate::id::OrderId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// One line of an order's journal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Line {
    /// The order.
    pub order: OrderId,
    /// When (UTC).
    pub at: Timestamp,
    /// Who or what brought it about.
    pub source: Source,
    /// The flow, refund or capture it is about.
    pub subject: Option<String>,
    /// What happened, in words.
    pub text: String,
}

/// Where a line of the journal, a fact, or an entry of the timeline came from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Source {
    /// The merchant's API call.
    Merchant,
    /// The payer at the checkout page.
    Payer,
    /// A channel's answer to the creation of a flow.
    Pay,
    /// A channel's answer to a query.
    Query,
    /// A channel's answer to a close.
    Close,
    /// A channel's answer to a reversal.
    Reverse,
    /// A channel's answer about a refund.
    Refund,
    /// A channel's notice.
    Notice,
    /// A row of the channel's bill.
    Bill,
    /// The clock.
    Timer,
    /// Till itself: a consequence of something else.
    Till,
    /// Something that the merchant is told of.
    Event,
    /// A try to tell the merchant.
    Delivery,
}

impl Source {
    /// Every source.
    pub const ALL: [Source; 13] = [
        Source::Merchant,
        Source::Payer,
        Source::Pay,
        Source::Query,
        Source::Close,
        Source::Reverse,
        Source::Refund,
        Source::Notice,
        Source::Bill,
        Source::Timer,
        Source::Till,
        Source::Event,
        Source::Delivery,
    ];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            Source::Merchant => "merchant",
            Source::Payer => "payer",
            Source::Pay => "pay",
            Source::Query => "query",
            Source::Close => "close",
            Source::Reverse => "reverse",
            Source::Refund => "refund",
            Source::Notice => "notice",
            Source::Bill => "bill",
            Source::Timer => "timer",
            Source::Till => "till",
            Source::Event => "event",
            Source::Delivery => "delivery",
        }
    }
}

//! What is to be done next about a flow, a refund or an order: the durable side
//! of an effect. It is written in the same commit as the decision that wants it,
//! and stays until a later decision replaces it.

use crate::id::OrderId;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// The next thing to do about its subject. Each subject has one at most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Next {
    /// What to do.
    pub call: Call,
    /// When (UTC).
    pub due: Timestamp,
    /// How many times the same call has been made without a usable answer.
    pub attempt: u32,
    /// Until when somebody is busy doing it (UTC). The epoch when nobody is.
    pub leased_until: Timestamp,
}

/// A thing to do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Call {
    /// Make the flow payable at its channel.
    Pay,
    /// Ask the channel what became of the flow.
    Query,
    /// Ask the channel to close the flow.
    Close,
    /// Ask the channel to take the barcode payment back, paid or not.
    Reverse,
    /// Send the refund to the channel.
    Refund,
    /// Ask the channel what became of the refund.
    QueryRefund,
    /// Look whether the order's time is over.
    Expire,
}

/// What a task is about.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Subject {
    /// A flow, by its number.
    Flow(crate::id::FlowNo),
    /// A refund, by its number.
    Refund(crate::id::RefundNo),
    /// The order itself.
    Order(OrderId),
}

/// A task that a worker has taken under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Claimed {
    /// The order it belongs to.
    pub order: OrderId,
    /// What it is about.
    pub subject: Subject,
    /// What to do.
    pub call: Call,
}

impl Call {
    /// Every call.
    pub const ALL: [Call; 7] = [
        Call::Pay,
        Call::Query,
        Call::Close,
        Call::Reverse,
        Call::Refund,
        Call::QueryRefund,
        Call::Expire,
    ];

    /// The name in the database.
    pub const fn name(self) -> &'static str {
        match self {
            Call::Pay => "pay",
            Call::Query => "query",
            Call::Close => "close",
            Call::Reverse => "reverse",
            Call::Refund => "refund",
            Call::QueryRefund => "query_refund",
            Call::Expire => "expire",
        }
    }
}

impl Subject {
    /// The key in the database; the three kinds of numbers never coincide.
    pub fn key(&self) -> &str {
        match self {
            Subject::Flow(no) => no.as_str(),
            Subject::Refund(no) => no.as_str(),
            Subject::Order(id) => id.as_str(),
        }
    }

    /// The kind's name in the database.
    pub const fn kind(&self) -> &'static str {
        match self {
            Subject::Flow(_) => "flow",
            Subject::Refund(_) => "refund",
            Subject::Order(_) => "order",
        }
    }
}

impl Next {
    /// A first try of `call` at `due`.
    pub const fn first(call: Call, due: Timestamp) -> Next {
        Next {
            call,
            due,
            attempt: 0,
            leased_until: Timestamp::from_millis(0),
        }
    }

    /// Whether somebody is busy with it at `now`.
    pub fn is_leased(&self, now: Timestamp) -> bool {
        self.leased_until > now
    }
}

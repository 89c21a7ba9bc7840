//! The evidence that formulas are checked against.

use crate::event::Event;
use crate::id::{AccountId, EventId, FlowNo, RefundNo};
use crate::money::Money;
use crate::state::OrderState;
use crate::time::Timestamp;
use std::collections::BTreeMap;

/// Everything that our rows say about one order.
#[derive(Clone, Copy, Debug)]
pub struct Books<'a> {
    /// The order with its flows, captures, refunds and exceptions.
    pub state: &'a OrderState,
    /// Its events, oldest first.
    pub events: &'a [Event],
    /// How the delivery of each event stands, in the same order.
    pub deliveries: &'a [Delivery],
}

/// How the delivery of an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// The event.
    pub event: EventId,
    /// Where it stands.
    pub standing: Standing,
}

/// Where a delivery stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// It is still to be delivered.
    Pending,
    /// The merchant has it.
    Delivered,
    /// It was tried to the end of the schedule.
    Exhausted,
    /// There is no address: it is only pulled.
    Unaddressed,
}

/// What the channels believe: the oracle of the tests, never shown to the code
/// that is tested.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    /// By our number of the flow. What was handed out and is not a trade yet
    /// (Alipay, before the scan) is [`TradeState::HandedOut`].
    pub trades: BTreeMap<FlowNo, TradeEntry>,
    /// By our number of the refund.
    pub refunds: BTreeMap<RefundNo, RefundEntry>,
}

/// A trade, as a channel believes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TradeEntry {
    /// The account that it belongs to.
    pub account: AccountId,
    /// The channel's own number; empty before the trade exists.
    pub trade_no: String,
    /// How much, in fen.
    pub amount: Money,
    /// Where it stands.
    pub state: TradeState,
    /// Whether it was ever closed unpaid, taken back, or (a payer's code) refused or not
    /// known past its end. A trade that is so and paid all the same is the channel's
    /// contradiction.
    pub closed: bool,
    /// When it can no longer be paid (UTC).
    pub expires_at: Timestamp,
}

/// Where a trade stands at its channel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TradeState {
    /// What was signed is payable, but nobody has scanned it or signed in.
    HandedOut,
    /// It exists and is not paid.
    Waiting,
    /// It was paid; stays so whatever is refunded.
    Paid,
    /// It was closed unpaid.
    Closed,
    /// It was paid, and a reversal gave all of it back: nothing is held, and nobody can
    /// pay it any more.
    Reversed,
}

/// A refund, as a channel believes in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundEntry {
    /// The account that it belongs to.
    pub account: AccountId,
    /// Our number of the flow whose trade it gives back from.
    pub flow_no: FlowNo,
    /// How much, in fen.
    pub amount: Money,
    /// Whether the payer has it.
    pub succeeded: bool,
}

/// One time that the merchant received an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Receipt {
    /// The `webhook-id`.
    pub event: EventId,
    /// The body, byte for byte.
    pub body: String,
}

impl TradeEntry {
    /// Whether money can still come at `now`.
    pub fn is_payable(&self, now: Timestamp) -> bool {
        matches!(self.state, TradeState::HandedOut | TradeState::Waiting) && now < self.expires_at
    }

    /// Whether the channel took money for it, and did not take the payment back.
    pub fn is_paid(&self) -> bool {
        self.state == TradeState::Paid
    }
}

impl Ledger {
    /// What the channels have succeeded in giving back of a flow's trade, in fen.
    pub fn given_back(&self, flow: &FlowNo) -> Option<Money> {
        let of_flow = self
            .refunds
            .values()
            .filter(|refund| refund.flow_no == *flow);
        Money::sum(
            of_flow
                .filter(|refund| refund.succeeded)
                .map(|refund| refund.amount),
        )
    }
}

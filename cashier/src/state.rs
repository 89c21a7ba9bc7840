//! One order, whole: what a decision sees, and the rows that a decision writes.

use crate::capture::{Capture, CaptureKind};
use crate::event::Event;
use crate::exception::{Entry, Exception};
use crate::flow::Flow;
use crate::id::{CaptureId, ExceptionId, FlowNo, RefundNo};
use crate::journal::Line;
use crate::money::Money;
use crate::order::Order;
use crate::refund::Refund;

/// An order with everything that belongs to it. Small, and loaded whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OrderState {
    /// The order.
    pub order: Order,
    /// Its flows, oldest first.
    pub flows: Vec<Flow>,
    /// Its captures, oldest first.
    pub captures: Vec<Capture>,
    /// Its refunds, oldest first.
    pub refunds: Vec<Refund>,
    /// Its exceptions, oldest first.
    pub exceptions: Vec<Exception>,
    /// The resolutions of its exceptions, oldest first.
    pub resolutions: Vec<Entry>,
}

/// A row that a decision writes. Orders, flows and refunds replace the row of
/// the same name; the others are only ever added. The store writes the `next`
/// of orders, flows and refunds as their task, and removes the task if `None`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Row {
    /// The order's new content.
    Order(Box<Order>),
    /// A flow's new content.
    Flow(Box<Flow>),
    /// A new capture.
    Capture(Capture),
    /// A refund's new content.
    Refund(Box<Refund>),
    /// A new exception.
    Exception(Exception),
    /// The one resolution of an exception.
    Resolution(Entry),
    /// A new event, to be delivered.
    Event(Event),
    /// A new line of the journal.
    Line(Line),
}

impl OrderState {
    /// A new order, with nothing yet.
    pub fn new(order: Order) -> OrderState {
        OrderState {
            order,
            flows: Vec::new(),
            captures: Vec::new(),
            refunds: Vec::new(),
            exceptions: Vec::new(),
            resolutions: Vec::new(),
        }
    }

    /// The flow of that number.
    pub fn flow(&self, no: &FlowNo) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.no == *no)
    }

    /// The refund of that number.
    pub fn refund(&self, no: &RefundNo) -> Option<&Refund> {
        self.refunds.iter().find(|refund| refund.no == *no)
    }

    /// The capture of that name.
    pub fn capture(&self, id: &CaptureId) -> Option<&Capture> {
        self.captures.iter().find(|capture| capture.id == *id)
    }

    /// Whether an exception is over.
    pub fn is_resolved(&self, exception: &ExceptionId) -> bool {
        self.resolutions
            .iter()
            .any(|entry| entry.exception == *exception)
    }

    /// The capture that paid the order.
    pub fn winner(&self) -> Option<&Capture> {
        self.captures
            .iter()
            .find(|capture| capture.kind == CaptureKind::Winner)
    }

    /// The try in progress.
    pub fn current_flow(&self) -> Option<&Flow> {
        self.flows.iter().find(|flow| flow.is_current())
    }

    /// How much of a capture is given back or may be on its way back, in fen.
    pub fn held(&self, capture: &CaptureId) -> Money {
        self.sum_of_refunds(capture, |refund| refund.status.holds_money())
    }

    /// How much of a capture the payer surely has back, in fen.
    pub fn refunded(&self, capture: &CaptureId) -> Money {
        use crate::refund::RefundStatus::Succeeded;
        self.sum_of_refunds(capture, |refund| refund.status == Succeeded)
    }

    fn sum_of_refunds(&self, capture: &CaptureId, counts: impl Fn(&Refund) -> bool) -> Money {
        let amounts = self
            .refunds
            .iter()
            .filter(|refund| refund.capture == *capture && counts(refund))
            .map(Refund::amount);
        // The cap keeps the sum under one capture's amount; were it ever
        // broken, the answer must not invite another refund.
        Money::sum(amounts).unwrap_or(Money::MAX)
    }

    /// Takes rows over, as the store does.
    pub fn apply(&mut self, row: &Row) {
        match row {
            Row::Order(order) => self.order = (**order).clone(),
            Row::Flow(flow) => match self.flows.iter_mut().find(|f| f.no == flow.no) {
                Some(known) => *known = (**flow).clone(),
                None => self.flows.push((**flow).clone()),
            },
            Row::Refund(refund) => match self.refunds.iter_mut().find(|r| r.no == refund.no) {
                Some(known) => *known = (**refund).clone(),
                None => self.refunds.push((**refund).clone()),
            },
            Row::Capture(capture) => self.captures.push(capture.clone()),
            Row::Exception(exception) => self.exceptions.push(exception.clone()),
            Row::Resolution(entry) => self.resolutions.push(entry.clone()),
            Row::Event(_) | Row::Line(_) => {}
        }
    }
}

//! A decision being drafted: a copy of the order that is changed freely, and
//! what is to be added. At the end, whatever differs becomes rows.

use super::{Context, Decision, Reply};
use crate::event::{Event, EventKind};
use crate::exception::{Entry, EntryKind, Exception, ExceptionKind, TILL};
use crate::flow::{Flow, FlowFact};
use crate::id::{ExceptionId, FlowNo, RefundNo};
use crate::journal::{Line, Source};
use crate::money::Money;
use crate::order::{CloseReason, OrderStatus};
use crate::refund::Refund;
use crate::snapshot;
use crate::state::{OrderState, Row};
use crate::task::{Call, Next, Subject};
use crate::time::Timestamp;
use crate::timing::Timing;

pub(super) struct Draft<'a> {
    before: &'a OrderState,
    pub(super) state: OrderState,
    pub(super) now: Timestamp,
    /// When the question was put to which this is the answer; else now.
    pub(super) asked: Timestamp,
    pub(super) timing: &'a Timing,
    lines: Vec<Line>,
    told: Vec<EventKind>,
    run: Vec<Subject>,
}

impl<'a> Draft<'a> {
    pub(super) fn of(state: &'a OrderState, context: &Context<'a>) -> Draft<'a> {
        Draft {
            before: state,
            state: state.clone(),
            now: context.now,
            asked: context.now,
            timing: context.timing,
            lines: Vec::new(),
            told: Vec::new(),
            run: Vec::new(),
        }
    }

    pub(super) fn flow_mut(&mut self, no: &FlowNo) -> Option<&mut Flow> {
        self.state.flows.iter_mut().find(|flow| flow.no == *no)
    }

    pub(super) fn refund_mut(&mut self, no: &RefundNo) -> Option<&mut Refund> {
        self.state
            .refunds
            .iter_mut()
            .find(|refund| refund.no == *no)
    }

    /// Moves a flow as the table allows. `false`: the table refuses, and
    /// nothing happened.
    pub(super) fn advance(&mut self, no: &FlowNo, fact: FlowFact) -> bool {
        let Some(flow) = self.flow_mut(no) else {
            return false;
        };
        match flow.status.after(fact) {
            Ok(status) => {
                flow.status = status;
                if status.is_settled() {
                    flow.next = None;
                }
                true
            }
            Err(_) => false,
        }
    }

    /// Sets what is done next about a flow.
    pub(super) fn schedule(&mut self, no: &FlowNo, call: Call, due: Timestamp, attempt: u32) {
        let call = self.ending(no, call);
        if let Some(flow) = self.flow_mut(no) {
            flow.next = Some(Next {
                attempt,
                ..Next::first(call, due)
            });
        }
    }

    /// Lets the caller do it now, at once after the commit.
    pub(super) fn run_flow(&mut self, no: &FlowNo, call: Call, attempt: u32) {
        let until = self.now.plus(self.timing.lease);
        let due = self.now;
        let call = self.ending(no, call);
        if let Some(flow) = self.flow_mut(no) {
            flow.next = Some(Next {
                call,
                due,
                attempt,
                leased_until: until,
            });
            self.run.push(Subject::Flow(no.clone()));
        }
    }

    /// What a call comes to at this flow: a payment by the payer's code is not closed
    /// but taken back, paid or not, and from then on its money is not ours.
    fn ending(&mut self, no: &FlowNo, call: Call) -> Call {
        let now = self.now;
        match self.flow_mut(no).filter(|flow| flow.way().is_barcode()) {
            Some(flow) if matches!(call, Call::Close | Call::Reverse) => {
                flow.reverse_wanted_at = flow.reverse_wanted_at.or(Some(now));
                Call::Reverse
            }
            _ => call,
        }
    }

    /// Sets what is done next about a refund.
    pub(super) fn schedule_refund(
        &mut self,
        no: &RefundNo,
        call: Call,
        due: Timestamp,
        tries: u32,
    ) {
        if let Some(refund) = self.refund_mut(no) {
            refund.next = Some(Next {
                attempt: tries,
                ..Next::first(call, due)
            });
        }
    }

    /// Lets the caller do it now, at once after the commit.
    pub(super) fn run_refund(&mut self, no: &RefundNo, call: Call) {
        let until = self.now.plus(self.timing.lease);
        let due = self.now;
        if let Some(refund) = self.refund_mut(no) {
            refund.next = Some(Next {
                call,
                due,
                attempt: 0,
                leased_until: until,
            });
            self.run.push(Subject::Refund(no.clone()));
        }
    }

    /// Adds a line to the journal.
    pub(super) fn line(&mut self, source: Source, subject: Option<&str>, text: impl Into<String>) {
        self.lines.push(Line {
            order: self.state.order.id.clone(),
            at: self.now,
            source,
            subject: subject.map(str::to_owned),
            text: text.into(),
        });
    }

    /// Tells the merchant, with the order as it is at the decision's end.
    pub(super) fn tell(&mut self, kind: EventKind) {
        self.told.push(kind);
    }

    /// Reports something to a person, once for each kind and subject for as long
    /// as that is open; afterwards anew.
    pub(super) fn report(
        &mut self,
        kind: ExceptionKind,
        subject: &str,
        amount: Option<Money>,
        detail: impl Into<String>,
    ) {
        let order = &self.state.order;
        let account = self.state.flows.iter().find(|f| f.no.as_str() == subject);
        let seen = Exception {
            id: order.id.exception(self.state.exceptions.len() + 1),
            order: Some(order.id.clone()),
            account: account.map(|flow| flow.account.clone()),
            kind,
            subject: subject.to_owned(),
            amount,
            detail: detail.into(),
            opened_at: self.now,
        };
        let is_resolved = |id: &ExceptionId| self.state.is_resolved(id);
        let Some(exception) = seen.opened_beside(&self.state.exceptions, is_resolved) else {
            return;
        };
        let text = format!("exception {}: {}", kind.name(), exception.detail);
        self.state.exceptions.push(exception);
        self.line(Source::Till, Some(subject), text);
    }

    /// Resolves an exception in Till's own name.
    pub(super) fn resolve(&mut self, exception: &Exception, reason: String) {
        let text = format!("exception {} is resolved: {reason}", exception.kind.name());
        self.line(Source::Till, Some(exception.about()), text);
        self.state.resolutions.push(Entry {
            exception: exception.id.clone(),
            kind: EntryKind::Resolved,
            actor: TILL.to_owned(),
            text: reason,
            at: self.now,
        });
    }

    /// Closes the order: nothing that was handed out can be paid any more.
    pub(super) fn close_order(&mut self, reason: CloseReason) {
        let now = self.now;
        let order = &mut self.state.order;
        order.status = OrderStatus::Closed;
        order.closed = Some((now, reason));
        order.next = None;
        self.line(
            Source::Till,
            None,
            format!("the order is closed ({})", reason.name()),
        );
        self.tell(EventKind::OrderClosed);
    }

    /// Everything that differs, as rows.
    pub(super) fn finish(mut self, reply: Reply) -> Decision {
        let events = self.events();
        let mut rows = self.changed();
        rows.extend(self.lines.into_iter().map(Row::Line));
        rows.extend(events.into_iter().map(Row::Event));
        if rows.is_empty() && self.state.order == self.before.order {
            return Decision {
                rows,
                run: self.run,
                reply,
            };
        }
        let mut order = self.state.order;
        order.revision = self.before.order.revision.saturating_add(1);
        rows.insert(0, Row::Order(Box::new(order)));
        Decision {
            rows,
            run: self.run,
            reply,
        }
    }

    fn changed(&self) -> Vec<Row> {
        let (before, after) = (self.before, &self.state);
        let mut rows = Vec::new();
        for flow in &after.flows {
            if before.flow(&flow.no) != Some(flow) {
                rows.push(Row::Flow(Box::new(flow.clone())));
            }
        }
        for capture in after.captures.iter().skip(before.captures.len()) {
            rows.push(Row::Capture(capture.clone()));
        }
        for refund in &after.refunds {
            if before.refund(&refund.no) != Some(refund) {
                rows.push(Row::Refund(Box::new(refund.clone())));
            }
        }
        for exception in after.exceptions.iter().skip(before.exceptions.len()) {
            rows.push(Row::Exception(exception.clone()));
        }
        for entry in after.resolutions.iter().skip(before.resolutions.len()) {
            rows.push(Row::Resolution(entry.clone()));
        }
        rows
    }

    /// One event for each version, numbered without a gap.
    fn events(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        for kind in std::mem::take(&mut self.told) {
            self.state.order.version = self.state.order.version.saturating_add(1);
            let order = &self.state.order;
            let id = order.id.event(order.version);
            events.push(Event {
                body: snapshot::event_body(&id, kind, self.now, &self.state),
                id,
                order: order.id.clone(),
                app: order.app.clone(),
                version: order.version,
                kind,
                created_at: self.now,
            });
        }
        events
    }
}

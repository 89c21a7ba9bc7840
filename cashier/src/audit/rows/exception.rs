//! A12, A19: what a person is shown, and how it ends.

use super::{Findings, Formula};
use crate::exception::{Exception, ExceptionKind, TILL};
use crate::refund::{Refund, RefundStatus};
use crate::state::OrderState;
use std::collections::BTreeSet;

use Formula as F;

/// A19: the same thing is reported once.
pub(super) fn reported(found: &mut Findings, state: &OrderState) {
    let mut seen = BTreeSet::new();
    for exception in &state.exceptions {
        let first = seen.insert((exception.kind, exception.subject.as_str()));
        let row = || format!("exceptions {}", exception.id);
        found.check(first, F::A19, row, || {
            format!("{} is reported twice", exception.subject)
        });
        let own = exception.order.as_ref() == Some(&state.order.id);
        found.check(own, F::A12, row, || {
            "it belongs to another order".to_owned()
        });
    }
}

/// A19: an exception is settled once, by somebody, for a reason.
pub(super) fn resolutions(found: &mut Findings, state: &OrderState) {
    let mut seen = BTreeSet::new();
    for entry in &state.resolutions {
        let row = || format!("exception_entries of {}", entry.exception);
        let known = state
            .exceptions
            .iter()
            .any(|known| known.id == entry.exception);
        found.check(known, F::A19, row, || {
            "it settles no exception of its order".to_owned()
        });
        let first = seen.insert(&entry.exception);
        found.check(first, F::A19, row, || "it is settled twice".to_owned());
        let signed = !entry.actor.trim().is_empty() && !entry.text.trim().is_empty();
        found.check(signed, F::A19, row, || {
            "it is settled by nobody or for no reason".to_owned()
        });
    }
}

/// A19: what Till resolves by itself is over.
pub(super) fn ended_by_till(found: &mut Findings, state: &OrderState) {
    let by_till = state.resolutions.iter().filter(|entry| entry.actor == TILL);
    for entry in by_till {
        let mut exceptions = state.exceptions.iter();
        let resolved = exceptions.find(|exception| exception.id == entry.exception);
        let over = resolved.is_some_and(|exception| is_over(state, exception));
        let row = || format!("exceptions {}", entry.exception);
        found.check(over, F::A19, row, || {
            "Till resolved it and something is left to do".to_owned()
        });
    }
}

/// Whether the flow, the refund or the capture that an exception is about has come
/// to its end. The delivery of an event is no matter of an order's.
fn is_over(state: &OrderState, exception: &Exception) -> bool {
    let about = exception.about();
    let flow = state.flows.iter().find(|flow| flow.no.as_str() == about);
    let is_of = |refund: &&Refund| {
        refund.no.as_str() == about || (refund.is_automatic() && refund.capture.as_str() == about)
    };
    let refund = state.refunds.iter().find(is_of);
    match exception.kind {
        ExceptionKind::WebhookExhausted => true,
        ExceptionKind::NoAnswer => {
            flow.is_some_and(|flow| flow.status.is_settled())
                || refund.is_some_and(|refund| refund.status.is_settled())
        }
        _ => refund.is_some_and(|refund| refund.status == RefundStatus::Succeeded),
    }
}

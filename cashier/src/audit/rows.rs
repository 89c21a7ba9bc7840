//! What holds of an order's rows after every commit.

use super::{Books, Breach, Findings, Formula};
use crate::capture::{Capture, CaptureKind};
use crate::event::EventKind;
use crate::exception::{Exception, ExceptionKind, TILL};
use crate::flow::{Flow, FlowStatus};
use crate::money::Money;
use crate::order::{CloseReason, OrderStatus};
use crate::policy::{LatePayment, Switch};
use crate::refund::{Refund, RefundStatus};
use crate::state::OrderState;
use std::collections::BTreeSet;

use Formula as F;

/// Checks every formula that an order's rows alone can break.
pub fn check(books: &Books<'_>) -> Vec<Breach> {
    let mut found = Findings::default();
    let state = books.state;
    order(&mut found, state);
    for flow in &state.flows {
        of_flow(&mut found, state, flow);
    }
    overlaps(&mut found, state);
    for (index, capture) in state.captures.iter().enumerate() {
        of_capture(&mut found, state, capture, index);
    }
    for (index, refund) in state.refunds.iter().enumerate() {
        of_refund(&mut found, state, refund, index);
    }
    exceptions(&mut found, state);
    resolutions(&mut found, state);
    ended_by_till(&mut found, state);
    events(&mut found, books);
    found.0
}

fn row_of_order(state: &OrderState) -> String {
    format!("orders {}", state.order.id)
}

/// A3, A5, A17, A21: the order itself.
fn order(found: &mut Findings, state: &OrderState) {
    let row = || row_of_order(state);
    let order = &state.order;
    let winners: Vec<&Capture> = winners(state).collect();
    let wins = order.status == OrderStatus::Paid;
    found.check(winners.len() == usize::from(wins), F::A3, row, || {
        format!(
            "it is {} and {} captures won it",
            order.status.name(),
            winners.len()
        )
    });
    if let ([winner], true) = (winners.as_slice(), wins) {
        found.check(winner.amount == order.amount, F::A3, row, || {
            format!(
                "{} fen were asked for and {} won it",
                order.amount.fen(),
                winner.amount.fen()
            )
        });
        found.check(
            order.paid_by.as_ref() == Some(&winner.flow_no),
            F::A3,
            row,
            || format!("paid_by is not {}, whose capture won it", winner.flow_no),
        );
        found.check(order.paid_at == Some(winner.paid_at), F::A21, row, || {
            "paid_at is not when the channel took the money".to_owned()
        });
    }
    late_money(found, state);
    let settled = state.flows.iter().all(|flow| flow.status.is_settled());
    if order.status == OrderStatus::Closed {
        found.check(settled, F::A7, row, || {
            "it is closed while a flow is unsettled".to_owned()
        });
        let ended = order
            .closed
            .is_some_and(|(at, reason)| reason == CloseReason::Requested || at >= order.expires_at);
        found.check(ended, F::A21, row, || {
            "it was closed before its time".to_owned()
        });
    }
    if order.status == OrderStatus::Open {
        let is_kept = order.next.is_some() || !settled;
        found.check(is_kept, F::A5, row, || {
            "it is open and nothing will end it".to_owned()
        });
        let decided = order.closed.is_none() && order.paid_at.is_none();
        found.check(decided, F::A3, row, || {
            "it was paid or closed and is open again".to_owned()
        });
    }
    found.check(is_amount(order.amount), F::A17, row, || {
        "its amount is not positive".to_owned()
    });
}

/// A3: money for a closed order pays it, or goes back, as the policy says.
fn late_money(found: &mut Findings, state: &OrderState) {
    let row = || row_of_order(state);
    let accepts = state.order.policy.late_payment == LatePayment::Accept;
    let reopened = state.order.status == OrderStatus::Paid && state.order.closed.is_some();
    found.check(accepts || !reopened, F::A3, row, || {
        "it was closed and is paid although late money is to be given back".to_owned()
    });
    let mut captures = state.captures.iter();
    let late = captures.any(|capture| capture.kind == CaptureKind::Late);
    found.check(!accepts || !late, F::A3, row, || {
        "it gives late money back although the policy is to accept it".to_owned()
    });
}

fn winners(state: &OrderState) -> impl Iterator<Item = &Capture> {
    let captures = state.captures.iter();
    captures.filter(|capture| capture.kind == CaptureKind::Winner)
}

fn is_amount(amount: Money) -> bool {
    amount.is_positive()
}

/// A3, A5, A7, A8, A17: one flow.
fn of_flow(found: &mut Findings, state: &OrderState, flow: &Flow) {
    let row = || format!("flows {}", flow.no);
    found.check(flow.amount() == state.order.amount, F::A17, row, || {
        format!(
            "it asks for {} fen, its order for {}",
            flow.amount().fen(),
            state.order.amount.fen()
        )
    });
    found.check(
        flow.next.is_some() != flow.status.is_settled(),
        F::A5,
        row,
        || {
            format!(
                "it is {} and has {} task",
                flow.status.name(),
                if flow.next.is_some() { "a" } else { "no" }
            )
        },
    );
    let captured = state
        .captures
        .iter()
        .any(|capture| capture.flow_no == flow.no);
    found.check(
        captured == (flow.status == FlowStatus::Paid),
        F::A3,
        row,
        || {
            format!(
                "it is {} and its capture is {}",
                flow.status.name(),
                if captured { "there" } else { "missing" }
            )
        },
    );
    if flow.status == FlowStatus::Expired {
        let asked = flow.asked_at.is_some_and(|at| at > flow.expires_at());
        found.check(asked, F::A7, row, || {
            "it expired without a question after its end".to_owned()
        });
    }
    if flow.status == FlowStatus::Failed {
        found.check(flow.reason.is_some(), F::A8, row, || {
            "it failed without the channel's no".to_owned()
        });
    }
    found.check(
        flow.expires_at() <= state.order.expires_at,
        F::A21,
        row,
        || "it can be paid longer than its order".to_owned(),
    );
}

/// A6: one try in progress; the others are being closed or watched.
fn overlaps(found: &mut Findings, state: &OrderState) {
    let current = state.flows.iter().filter(|flow| flow.is_current()).count();
    let row = || row_of_order(state);
    found.check(current <= 1, F::A6, row, || {
        format!("{current} flows are in progress at once")
    });
    let order = &state.order;
    let over = order.status != OrderStatus::Open || order.close_requested_at.is_some();
    for flow in state.flows.iter().filter(|flow| !flow.status.is_settled()) {
        let row = || format!("flows {}", flow.no);
        let ending = flow.status == FlowStatus::Closing;
        found.check(ending || !over, F::A6, row, || {
            format!(
                "it is {} although nobody is to pay it any more",
                flow.status.name()
            )
        });
    }
    let strict = order.policy.switch == Switch::Strict;
    for flow in state
        .flows
        .iter()
        .filter(|flow| flow.superseded_at.is_some())
    {
        let row = || format!("flows {}", flow.no);
        let watched = flow.status.is_settled() || flow.status == FlowStatus::Closing;
        found.check(watched, F::A6, row, || {
            format!("it is superseded and {}", flow.status.name())
        });
        let kept_from_payer = !strict || flow.action.is_none();
        found.check(kept_from_payer, F::A6, row, || {
            "it was handed out and superseded although the policy is strict".to_owned()
        });
    }
}

/// A2, A3, A9, A10: one capture.
fn of_capture(found: &mut Findings, state: &OrderState, capture: &Capture, index: usize) {
    let row = || format!("captures {}", capture.id);
    let same = |other: &Capture| {
        other.id == capture.id
            || (other.account == capture.account && other.trade_no == capture.trade_no)
    };
    let repeated = state.captures.iter().take(index).any(same);
    found.check(!repeated, F::A2, row, || {
        format!("trade {} is captured twice", capture.trade_no)
    });
    let flow = state.flow(&capture.flow_no);
    let of_flow = flow.is_some_and(|flow| flow.account == capture.account);
    found.check(of_flow, F::A11, row, || {
        "its flow is missing or another account's".to_owned()
    });
    let right = flow.is_some_and(|flow| flow.amount() == capture.amount);
    let wrong = capture.kind == CaptureKind::WrongAmount;
    found.check(right != wrong, F::A11, row, || {
        format!(
            "{} fen were taken, and it counts as {}",
            capture.amount.fen(),
            capture.kind.name()
        )
    });
    found.check(is_amount(capture.amount), F::A17, row, || {
        "its amount is not positive".to_owned()
    });
    // Counted here anew: the core's own sum is what is being checked.
    let back = state
        .refunds
        .iter()
        .filter(|refund| refund.capture == capture.id && refund.status != RefundStatus::Failed);
    let back = Money::sum(back.map(Refund::amount)).unwrap_or(Money::MAX);
    found.check(back <= capture.amount, F::A9, row, || {
        format!(
            "{} fen were taken and {} are given back",
            capture.amount.fen(),
            back.fen()
        )
    });
    let returned: Vec<&Refund> = state
        .refunds
        .iter()
        .filter(|refund| refund.capture == capture.id && refund.is_automatic())
        .collect();
    let too_much = matches!(capture.kind, CaptureKind::Surplus | CaptureKind::Late);
    found.check(returned.len() == usize::from(too_much), F::A10, row, || {
        format!(
            "it is {} and goes back by itself {} times",
            capture.kind.name(),
            returned.len()
        )
    });
    let whole = returned
        .iter()
        .all(|refund| refund.amount() == capture.amount);
    found.check(whole, F::A10, row, || "not all of it goes back".to_owned());
    found.check(is_shown(state, capture), F::A11, row, || {
        format!("it is {} and no person is told", capture.kind.name())
    });
}

/// Money that did not pay the order as it should is shown to a person.
fn is_shown(state: &OrderState, capture: &Capture) -> bool {
    let (kind, subject) = match capture.kind {
        CaptureKind::Winner => return true,
        CaptureKind::Surplus => (ExceptionKind::DuplicatePayment, capture.id.as_str()),
        CaptureKind::Late => (ExceptionKind::LatePayment, capture.id.as_str()),
        CaptureKind::WrongAmount => (ExceptionKind::AmountMismatch, capture.flow_no.as_str()),
    };
    let mut exceptions = state.exceptions.iter();
    exceptions.any(|exception| exception.kind == kind && exception.about() == subject)
}

/// A5, A10, A12, A17: one refund.
fn of_refund(found: &mut Findings, state: &OrderState, refund: &Refund, index: usize) {
    let row = || format!("refunds {}", refund.no);
    let same = |other: &Refund| {
        let number = other.merchant_refund_no.as_ref();
        other.no == refund.no || (number.is_some() && number == refund.merchant_refund_no.as_ref())
    };
    let repeated = state.refunds.iter().take(index).any(same);
    found.check(!repeated, F::A10, row, || {
        "its number is used twice".to_owned()
    });
    found.check(refund.request.refund_no == refund.no, F::A10, row, || {
        format!(
            "it is sent under another number: {}",
            refund.request.refund_no
        )
    });
    found.check(
        refund.next.is_some() != refund.status.is_settled(),
        F::A5,
        row,
        || {
            format!(
                "it is {} and has {} task",
                refund.status.name(),
                if refund.next.is_some() { "a" } else { "no" }
            )
        },
    );
    let capture = state.capture(&refund.capture);
    let fits = capture.is_some_and(|capture| {
        capture.account == refund.account
            && capture.flow_no == refund.request.flow_no
            && capture.trade_no == refund.request.trade_no
    });
    found.check(fits, F::A11, row, || {
        "its capture is missing or another one".to_owned()
    });
    let total = capture.is_some_and(|capture| capture.amount == refund.request.total);
    found.check(total && is_amount(refund.amount()), F::A17, row, || {
        format!(
            "{} of {} fen are not what was taken",
            refund.amount().fen(),
            refund.request.total.fen()
        )
    });
    let ended = refund.settled_at.is_some() == refund.status.is_settled();
    found.check(ended, F::A8, row, || {
        format!("it is {} and its end is not", refund.status.name())
    });
}

/// A19: the same thing is reported once.
fn exceptions(found: &mut Findings, state: &OrderState) {
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
fn resolutions(found: &mut Findings, state: &OrderState) {
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
fn ended_by_till(found: &mut Findings, state: &OrderState) {
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

/// A14, A15: an event for each version and for each thing that is to be told.
fn events(found: &mut Findings, books: &Books<'_>) {
    let state = books.state;
    let row = || row_of_order(state);
    let versions = books.events.iter().map(|event| event.version);
    let count = u32::try_from(books.events.len()).unwrap_or(u32::MAX);
    let gapless = versions.eq(1..=count);
    found.check(gapless, F::A15, row, || {
        "the versions of its events have a gap or repeat".to_owned()
    });
    found.check(count == state.order.version, F::A14, row, || {
        format!(
            "its version is {} and it has {count} events",
            state.order.version
        )
    });
    for event in books.events {
        let row = || format!("events {}", event.id);
        let own = event.order == state.order.id && event.app == state.order.app;
        found.check(own, F::A12, row, || {
            "it belongs to another order or application".to_owned()
        });
        found.check(
            event.id == state.order.id.event(event.version),
            F::A15,
            row,
            || "its id is not that of its version".to_owned(),
        );
    }
    let told = books.deliveries.len() == books.events.len()
        && books
            .deliveries
            .iter()
            .zip(books.events)
            .all(|(delivery, event)| delivery.event == event.id);
    found.check(told, F::A14, row, || "an event has no delivery".to_owned());
    for (kind, wanted) in to_be_told(state) {
        let count = books
            .events
            .iter()
            .filter(|event| event.kind == kind)
            .count();
        found.check(count == wanted, F::A14, row, || {
            format!(
                "{} was told {count} times in place of {wanted}",
                kind.name()
            )
        });
    }
}

/// How many times the merchant must have been told of what.
fn to_be_told(state: &OrderState) -> [(EventKind, usize); 6] {
    let captures = |kind| state.captures.iter().filter(|c| c.kind == kind).count();
    let refunds = |status, automatic| {
        let of = |r: &&Refund| r.status == status && r.is_automatic() == automatic;
        state.refunds.iter().filter(of).count()
    };
    [
        (
            EventKind::OrderPaid,
            usize::from(state.order.status == OrderStatus::Paid),
        ),
        // An order that was closed and accepts late money was closed all the same.
        (
            EventKind::OrderClosed,
            usize::from(state.order.closed.is_some()),
        ),
        (EventKind::LatePayment, captures(CaptureKind::Late)),
        (
            EventKind::SurplusRefunded,
            refunds(RefundStatus::Succeeded, true),
        ),
        (
            EventKind::RefundSucceeded,
            refunds(RefundStatus::Succeeded, false),
        ),
        (
            EventKind::RefundFailed,
            refunds(RefundStatus::Failed, false),
        ),
    ]
}

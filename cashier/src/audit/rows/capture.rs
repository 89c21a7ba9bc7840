//! A2, A9, A10, A11, A17: what a channel took.

use super::{Findings, Formula, is_amount};
use crate::capture::{Capture, CaptureKind};
use crate::exception::ExceptionKind;
use crate::money::Money;
use crate::refund::{Refund, RefundStatus};
use crate::state::OrderState;

use Formula as F;

/// A2, A3, A9, A10: one capture.
pub(super) fn check(found: &mut Findings, state: &OrderState, capture: &Capture, index: usize) {
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

//! A5, A8, A10, A11, A17: what goes back.

use super::{Findings, Formula, is_amount};
use crate::refund::Refund;
use crate::state::OrderState;

use Formula as F;

/// A5, A10, A12, A17: one refund.
pub(super) fn check(found: &mut Findings, state: &OrderState, refund: &Refund, index: usize) {
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

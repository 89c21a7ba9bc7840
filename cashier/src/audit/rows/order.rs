//! A3, A5, A7, A17, A21: the order itself, and when it may end.

use super::{Findings, Formula, is_amount, row_of_order};
use crate::capture::{Capture, CaptureKind};
use crate::flow::Flow;
use crate::order::{CloseReason, OrderStatus};
use crate::policy::LatePayment;
use crate::state::OrderState;

use Formula as F;

/// A3, A5, A17, A21: the order itself.
pub(super) fn check(found: &mut Findings, state: &OrderState) {
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

/// A3: money for a closed order pays it, or goes back, as the policy says, and so does
/// money of a code whose payer was told no; all other money is in time.
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
    for capture in state.captures.iter() {
        let was_closed = state
            .order
            .closed
            .is_some_and(|(at, _)| at <= capture.seen_at);
        let by_code = |flow: &Flow| flow.way().is_barcode();
        let may_be = was_closed || state.flow(&capture.flow_no).is_some_and(by_code);
        let row = || format!("captures {}", capture.id);
        found.check(
            may_be || capture.kind != CaptureKind::Late,
            F::A3,
            row,
            || "it counts as late, and its order was not closed when it came".to_owned(),
        );
    }
}

fn winners(state: &OrderState) -> impl Iterator<Item = &Capture> {
    let captures = state.captures.iter();
    captures.filter(|capture| capture.kind == CaptureKind::Winner)
}

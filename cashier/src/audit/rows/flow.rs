//! A3, A5, A6, A7, A8, A13, A17, A21: flows, each for itself and beside each other.

use super::{Findings, Formula, row_of_order};
use crate::flow::{Flow, FlowStatus};
use crate::order::OrderStatus;
use crate::policy::Switch;
use crate::state::OrderState;
use crate::task::Call;
use std::collections::BTreeSet;

use Formula as F;

/// A3, A5, A7, A8, A17: one flow.
pub(super) fn check(found: &mut Findings, state: &OrderState, flow: &Flow) {
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
    taken_back(found, flow);
    found.check(
        flow.expires_at() <= state.order.expires_at,
        F::A21,
        row,
        || "it can be paid longer than its order".to_owned(),
    );
}

/// A5, A7: a payment by code is not closed but taken back, and nothing else is. Once
/// that is wanted, it does not count as payable any more.
fn taken_back(found: &mut Findings, flow: &Flow) {
    let row = || format!("flows {}", flow.no);
    let (by_code, is_wanted) = (flow.way().is_barcode(), flow.reverse_wanted_at.is_some());
    found.check(by_code || !is_wanted, F::A5, row, || {
        format!("{} is closed, and this one is to be taken back", flow.way())
    });
    let call = flow.next.map(|next| next.call);
    let other = match by_code {
        true => Call::Close,
        false => Call::Reverse,
    };
    found.check(call != Some(other), F::A5, row, || {
        format!("{} does not end by a {}", flow.way(), other.name())
    });
    let is_over = matches!(
        flow.status,
        FlowStatus::Closing | FlowStatus::Closed | FlowStatus::Expired | FlowStatus::Paid
    );
    found.check(!is_wanted || is_over, F::A7, row, || {
        format!(
            "it is to be taken back and counts as {}",
            flow.status.name()
        )
    });
}

/// A13: a payer's code is charged once.
pub(super) fn codes(found: &mut Findings, state: &OrderState) {
    let mut charged = BTreeSet::new();
    for flow in &state.flows {
        let code = flow.request.auth_code.as_ref();
        let is_first = code.is_none_or(|code| charged.insert(code));
        let row = || format!("flows {}", flow.no);
        found.check(is_first, F::A13, row, || {
            "its code was charged by an earlier flow".to_owned()
        });
    }
}

/// A6: one try in progress; the others are being closed or watched.
pub(super) fn overlaps(found: &mut Findings, state: &OrderState) {
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
        let left_till = flow.action.is_some() || flow.way().is_barcode();
        let kept_from_payer = !strict || !left_till;
        found.check(kept_from_payer, F::A6, row, || {
            "it was handed out and superseded although the policy is strict".to_owned()
        });
    }
}

//! What holds of a commit, for whoever sees the order as it was before: only tests do.

use super::{Breach, Formula};
use crate::capture::{Capture, CaptureKind};
use crate::flow::{Flow, FlowStatus};
use crate::order::OrderStatus;
use crate::policy::LatePayment;
use crate::state::OrderState;

/// A3, A16: new money counts if it came in time, and goes back if it did not. Too late
/// is what comes after the order was closed, and what comes by a code of which the payer
/// was told that it has paid nothing; nothing else is.
pub fn captured(before: &OrderState, capture: &Capture) -> Option<Breach> {
    let is_denied = before.flow(&capture.flow_no).is_some_and(was_denied);
    let accepts = before.order.policy.late_payment == LatePayment::Accept;
    let wanted = match before.order.status {
        OrderStatus::Paid => CaptureKind::Surplus,
        OrderStatus::Closed if !accepts => CaptureKind::Late,
        OrderStatus::Open if is_denied && !accepts => CaptureKind::Late,
        OrderStatus::Open | OrderStatus::Closed => CaptureKind::Winner,
    };
    if capture.kind == wanted || capture.kind == CaptureKind::WrongAmount {
        return None;
    }
    let formula = match is_denied {
        true => Formula::A16,
        false => Formula::A3,
    };
    let detail = format!(
        "it counts as {} and should as {}: its order was {}, its payer was told {}",
        capture.kind.name(),
        wanted.name(),
        before.order.status.name(),
        if is_denied { "no" } else { "nothing yet" }
    );
    let row = format!("captures {}", capture.id);
    Some(Breach {
        formula,
        row,
        detail,
    })
}

/// Whoever shows a code is told at the counter how it ended. What is still being taken
/// back has not ended. Said here anew: the core's own word is what is being checked.
fn was_denied(flow: &Flow) -> bool {
    let is_over = matches!(
        flow.status,
        FlowStatus::Failed | FlowStatus::Expired | FlowStatus::Closed
    );
    flow.way().is_barcode() && is_over
}

//! Where a payer stands with an order: derived from what the database says and
//! the time, and from nothing else, so that every state survives a reload.

use cashier::capture::CaptureKind;
use cashier::flow::{Flow, FlowStatus};
use cashier::order::{CloseReason, OrderStatus};
use cashier::refund::RefundStatus;
use cashier::state::OrderState;
use cashier::time::Timestamp;
use sha2::{Digest as _, Sha256};

/// Where a payer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage<'a> {
    /// No payment is under way.
    Choose,
    /// A payment can be made, with what this flow handed out.
    Waiting(&'a Flow),
    /// A payment is being confirmed or given up; no other may begin.
    Processing {
        /// When the channel is asked next (UTC).
        next: Option<Timestamp>,
    },
    /// A wrong amount was paid, and a person looks at it.
    Reviewed,
    /// Paid.
    Paid,
    /// The order's time is over.
    Expired,
    /// The merchant has closed it, or is about to.
    Closed,
    /// Money came after the order's end, and goes back.
    Returned {
        /// Whether the payer has it.
        done: bool,
    },
}

impl<'a> Stage<'a> {
    /// Where the payer of this order stands now.
    pub fn of(state: &'a OrderState, now: Timestamp) -> Stage<'a> {
        let order = &state.order;
        let has = |kind| state.captures.iter().any(|capture| capture.kind == kind);
        match (order.status, order.closed) {
            (OrderStatus::Paid, _) => Stage::Paid,
            _ if has(CaptureKind::WrongAmount) => Stage::Reviewed,
            (OrderStatus::Closed, _) if has(CaptureKind::Late) => Stage::Returned {
                done: late_money_is_back(state),
            },
            (OrderStatus::Closed, Some((_, CloseReason::Expired))) => Stage::Expired,
            (OrderStatus::Closed, _) => Stage::Closed,
            (OrderStatus::Open, _) if order.close_requested_at.is_some() => Stage::Closed,
            (OrderStatus::Open, _) if now >= order.expires_at => Stage::Expired,
            (OrderStatus::Open, _) => Stage::of_flow(state.current_flow(), now),
        }
    }

    fn of_flow(current: Option<&'a Flow>, now: Timestamp) -> Stage<'a> {
        let Some(flow) = current else {
            return Stage::Choose;
        };
        let next = flow.next.map(|next| next.due);
        let is_being_made = flow.next.is_some_and(|next| next.is_leased(now));
        match flow.status {
            FlowStatus::Closing => Stage::Processing { next },
            FlowStatus::Live if flow.action.is_some() && now < flow.expires_at() => {
                Stage::Waiting(flow)
            }
            FlowStatus::Created | FlowStatus::Unknown if is_being_made => {
                Stage::Processing { next: None }
            }
            // A code was shown at the counter, and the wallet is deciding about it.
            FlowStatus::Created | FlowStatus::Unknown | FlowStatus::Live
                if flow.way().is_barcode() =>
            {
                Stage::Processing { next }
            }
            // Choosing goes on with it, or gives it up safely.
            _ => Stage::Choose,
        }
    }

    /// The name on the page and in the answers of `status` and `events`.
    pub const fn name(&self) -> &'static str {
        match self {
            Stage::Choose => "choose",
            Stage::Waiting(_) => "waiting",
            Stage::Processing { .. } | Stage::Reviewed => "processing",
            Stage::Paid => "paid",
            Stage::Expired => "expired",
            Stage::Closed => "closed",
            Stage::Returned { .. } => "returned",
        }
    }

    /// Differs when the page has to look different. It tells nothing else.
    pub fn mark(&self) -> String {
        let more = match self {
            Stage::Waiting(flow) => fingerprint(flow),
            Stage::Reviewed => "reviewed".to_owned(),
            Stage::Returned { done: true } => "done".to_owned(),
            _ => return self.name().to_owned(),
        };
        format!("{}-{more}", self.name())
    }

    /// Whether what the payer sees can still change.
    pub const fn is_final(&self) -> bool {
        matches!(self, Stage::Paid)
    }
}

/// The same flow may hand out a fresh artefact.
fn fingerprint(flow: &Flow) -> String {
    let handed_out = serde_json::to_string(&(&flow.no, &flow.action)).unwrap_or_default();
    let mut digest = hex::encode(Sha256::digest(handed_out));
    digest.truncate(16);
    digest
}

fn late_money_is_back(state: &OrderState) -> bool {
    state
        .captures
        .iter()
        .filter(|capture| capture.kind == CaptureKind::Late)
        .all(|capture| {
            let mut refunds = state
                .refunds
                .iter()
                .filter(|refund| refund.capture == capture.id);
            refunds.any(|refund| refund.status == RefundStatus::Succeeded)
        })
}

#[cfg(test)]
mod tests;

//! Closing: what the merchant's wish leads to, what a channel's answer to a close
//! means, and when an order comes to its end.

use super::Reply;
use super::draft::Draft;
use crate::channel::{Closed, Outcome};
use crate::command::Refusal;
use crate::flow::{FlowFact, FlowStatus};
use crate::id::FlowNo;
use crate::journal::Source;
use crate::order::{CloseReason, OrderStatus};
use crate::policy::Switch;
use crate::task::{Call, Next};

use super::answer::{put_off, reason_of};

/// The merchant wants the order closed.
pub(super) fn close(draft: &mut Draft<'_>) -> Reply {
    match draft.state.order.status {
        OrderStatus::Paid => return Reply::No(Refusal::OrderPaid),
        OrderStatus::Closed => return Reply::Closed,
        OrderStatus::Open => {}
    }
    if draft.state.order.close_requested_at.is_none() {
        draft.state.order.close_requested_at = Some(draft.now);
        draft.line(
            Source::Merchant,
            None,
            "the merchant asks to close the order",
        );
    }
    let now = draft.now;
    let idle = |next: Option<Next>| next.is_none_or(|n| !n.is_leased(now) && n.due <= now);
    let asked: Vec<FlowNo> = draft
        .state
        .flows
        .iter()
        .filter(|flow| !flow.status.is_settled())
        .filter(|flow| flow.status != FlowStatus::Closing || idle(flow.next))
        .map(|flow| flow.no.clone())
        .collect();
    for no in &asked {
        draft.advance(no, FlowFact::CloseWanted);
        draft.run_flow(no, Call::Close, 0);
    }
    if asked.is_empty() {
        Reply::Closing
    } else {
        Reply::Again(None)
    }
}

/// Wants every flow but one closed: the order has been paid by that one.
pub(super) fn close_others(draft: &mut Draft<'_>, winner: &FlowNo) {
    let others: Vec<FlowNo> = draft
        .state
        .flows
        .iter()
        .filter(|flow| flow.no != *winner && !flow.status.is_settled())
        .filter(|flow| flow.status != FlowStatus::Closing)
        .map(|flow| flow.no.clone())
        .collect();
    for no in others {
        draft.advance(&no, FlowFact::CloseWanted);
        let now = draft.now;
        draft.schedule(&no, Call::Close, now, 0);
        draft.line(
            Source::Till,
            Some(no.as_str()),
            "the order is paid: this flow is to be closed",
        );
    }
}

/// A channel answered a close, or did not.
pub(super) fn answered(draft: &mut Draft<'_>, no: &FlowNo, attempt: u32, said: &Outcome<Closed>) {
    match said {
        Outcome::Done(Closed::Confirmed) => {
            draft.line(
                Source::Close,
                Some(no.as_str()),
                "the channel confirms: closed, unpaid",
            );
            draft.advance(no, FlowFact::SeenClosed);
        }
        Outcome::Done(Closed::NotFound) => {
            let text = "the channel does not know it (nobody has scanned or signed in yet), so it cannot be closed";
            draft.line(Source::Close, Some(no.as_str()), text);
            not_closable(draft, no);
        }
        Outcome::Done(Closed::TooEarly) => {
            draft.line(
                Source::Close,
                Some(no.as_str()),
                "the channel says that it is too early to close",
            );
            not_closable(draft, no);
        }
        Outcome::Done(Closed::NotAllowed) => {
            let text = "its state does not allow a close (it may be paid): asking";
            draft.line(Source::Close, Some(no.as_str()), text);
            draft.run_flow(no, Call::Query, attempt.saturating_add(1));
        }
        Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => {
            let text = format!(
                "no usable answer to the close ({}); asking again",
                reason_of(said)
            );
            draft.line(Source::Close, Some(no.as_str()), text);
            put_off(draft, no, Call::Close, attempt);
        }
    }
}

/// It could not be closed, and what was handed out can still be paid.
pub(super) fn not_closable(draft: &mut Draft<'_>, no: &FlowNo) {
    let (now, timing) = (draft.now, draft.timing);
    let wanted_by_order = draft.state.order.status != OrderStatus::Open
        || draft.state.order.close_requested_at.is_some();
    let policy = draft.state.order.policy.switch;
    let Some(flow) = draft.flow_mut(no) else {
        return;
    };
    let due = if now < flow.expires_at() {
        timing.next_query(flow.created_at, flow.expires_at(), now)
    } else {
        flow.expires_at()
            .plus(timing.margin)
            .max(now.plus(timing.shortest_gap))
    };
    flow.next = Some(Next::first(Call::Query, due));
    if wanted_by_order || now >= flow.expires_at() || flow.superseded_at.is_some() {
        return;
    }
    // What never reached the payer cannot be paid by them.
    let handed_out = flow.action.is_some() || flow.way().is_barcode();
    if policy == Switch::Overlap || !handed_out {
        flow.superseded_at = Some(now);
        let text = "superseded: watched until it cannot be paid any more; money that still comes is given back";
        draft.line(Source::Till, Some(no.as_str()), text);
    } else if flow.way().is_barcode() {
        // Another reversal may be under way: its money is not ours any more.
        let text = "the change of way is refused until this code is settled (policy: strict)";
        draft.line(Source::Till, Some(no.as_str()), text);
    } else {
        flow.close_refused_at = Some(now);
        draft.advance(no, FlowFact::Reopened);
        let text = "the change of way is refused until this flow has expired (policy: strict)";
        draft.line(Source::Till, Some(no.as_str()), text);
    }
}

/// Ends the order when nothing that was handed out can be paid any more, and
/// keeps its own timer true.
pub(super) fn settle(draft: &mut Draft<'_>) {
    let now = draft.now;
    let order = &draft.state.order;
    if order.status != OrderStatus::Open {
        draft.state.order.next = None;
        return;
    }
    let over = now >= order.expires_at;
    let requested = order.close_requested_at.is_some();
    let expires_at = order.expires_at;
    let settled = draft
        .state
        .flows
        .iter()
        .all(|flow| flow.status.is_settled());
    if settled && (requested || over) {
        let reason = if requested {
            CloseReason::Requested
        } else {
            CloseReason::Expired
        };
        draft.close_order(reason);
        return;
    }
    // Past its end, the order waits for its flows, which have timers of their own.
    let order = &mut draft.state.order;
    order.next = order
        .next
        .or(Some(Next::first(Call::Expire, expires_at)))
        .filter(|_| !over);
}

//! Taking a barcode payment back, which is how it is closed: whether the payer has
//! paid or not, the channel gives everything back and lets nobody pay any more. Once
//! that is wanted, the money is not ours whatever is heard of it, until the channel
//! refuses to take it back.

use super::answer::{put_off, reason_of};
use super::close::not_closable;
use super::draft::Draft;
use crate::channel::{Outcome, Payment, RefusalKind, Reversed};
use crate::exception::ExceptionKind;
use crate::flow::{Flow, FlowFact, FlowStatus};
use crate::id::FlowNo;
use crate::journal::Source;
use crate::task::{Call, Next};

/// A channel answered a reversal, or did not.
pub(super) fn answered(draft: &mut Draft<'_>, no: &FlowNo, attempt: u32, said: &Outcome<Reversed>) {
    let text = match said {
        Outcome::Done(Reversed::Confirmed) => {
            draft.advance(no, FlowFact::SeenClosed);
            "the channel confirms: taken back, nothing is paid".to_owned()
        }
        Outcome::Done(Reversed::NotFound) => {
            not_closable(draft, no);
            "the channel knows no such trade; a call that is still on its way may make it"
                .to_owned()
        }
        Outcome::Done(Reversed::Again) => {
            put_off(draft, no, Call::Reverse, attempt);
            "the channel is not done with taking it back; asking again".to_owned()
        }
        Outcome::Refused(refusal) if refusal.kind == RefusalKind::Final => {
            if let Some(flow) = draft.flow_mut(no) {
                flow.reverse_wanted_at = None;
            }
            draft.run_flow(no, Call::Query, attempt.saturating_add(1));
            format!(
                "the channel does not take it back ({}); asking what it is",
                reason_of(said)
            )
        }
        Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => {
            put_off(draft, no, Call::Reverse, attempt);
            format!(
                "no usable answer to taking it back ({}); asking again",
                reason_of(said)
            )
        }
    };
    draft.line(Source::Reverse, Some(no.as_str()), text);
}

/// An answer to a reversal of what has been settled meanwhile, as by a process that stood
/// still before it called: if the payment counts, it has gone back all the same.
pub(super) fn too_late(draft: &mut Draft<'_>, no: &FlowNo, said: &Outcome<Reversed>) {
    let is_ours = |flow: &&Flow| flow.status == FlowStatus::Paid;
    let Some(amount) = draft.state.flow(no).filter(is_ours).map(Flow::amount) else {
        return;
    };
    if *said == Outcome::Done(Reversed::Confirmed) {
        let detail = "the payment counted already when a reversal was carried out that had been under way for long: the payer has this money back";
        let kind = ExceptionKind::ExternalRefund;
        draft.report(kind, no.as_str(), Some(amount), detail);
    }
}

/// Takes a barcode payment back whose time is over without an answer. `false`: it is
/// none, or it has time left, or that is under way.
pub(super) fn overdue(draft: &mut Draft<'_>, no: &FlowNo) -> bool {
    let now = draft.now;
    let is_overdue = |flow: &&Flow| {
        flow.way().is_barcode()
            && now >= flow.expires_at()
            && matches!(
                flow.status,
                FlowStatus::Created | FlowStatus::Unknown | FlowStatus::Live
            )
    };
    if draft.state.flow(no).filter(is_overdue).is_none() {
        return false;
    }
    let text = "no payment within its time: taking it back";
    draft.line(Source::Till, Some(no.as_str()), text);
    draft.advance(no, FlowFact::CloseWanted);
    draft.run_flow(no, Call::Reverse, 0);
    true
}

/// Whether Till has asked to take a payment back, and the channel may have refused.
fn is_ending(flow: &Flow) -> bool {
    flow.way().is_barcode() && flow.status == FlowStatus::Closing
}

/// A flow is closed, as the channel says. `false`: it was settled. If Till was taking
/// it back, that has happened: a refusal after a first call without an answer said no
/// more than that there was nothing left to do.
pub(super) fn closed(draft: &mut Draft<'_>, no: &FlowNo) -> bool {
    let now = draft.now;
    if let Some(flow) = draft.flow_mut(no).filter(|flow| is_ending(flow)) {
        flow.reverse_wanted_at = flow.reverse_wanted_at.or(Some(now));
    }
    let unsettled = draft
        .state
        .flow(no)
        .filter(|flow| !flow.status.is_settled());
    unsettled.is_some() && draft.advance(no, FlowFact::SeenClosed)
}

/// Whether a flow is being taken back, or was: what goes back of it is no refund, under
/// whatever number the channel lists it.
pub(super) fn is_taken_back(draft: &Draft<'_>, no: &FlowNo) -> bool {
    let is_ours = |flow: &Flow| flow.status == FlowStatus::Paid;
    let flow = draft.state.flow(no).filter(|flow| !is_ours(flow));
    flow.is_some_and(|flow| flow.reverse_wanted_at.is_some())
}

/// Money was seen on a flow that is being taken back, or was: it is on its way back to
/// the payer. `false`: nobody wants it back.
pub(super) fn returns(
    draft: &mut Draft<'_>,
    flow: &Flow,
    payment: &Payment,
    source: Source,
) -> bool {
    let is_back = is_ending(flow) && payment.returned;
    if flow.reverse_wanted_at.is_none() && !is_back {
        return false;
    }
    let text = match flow.status {
        FlowStatus::Closing if payment.returned => {
            closed(draft, &flow.no);
            "it was paid and taken back: nothing of it is left"
        }
        FlowStatus::Closing => {
            let now = draft.now;
            let is_next = |next: Next| next.call == Call::Reverse && next.due <= now;
            let is_busy = |next: Next| next.is_leased(now) || is_next(next);
            if source == Source::Query || !flow.next.is_some_and(is_busy) {
                draft.schedule(&flow.no, Call::Reverse, now, 0);
            }
            "it says: paid; it is being taken back"
        }
        FlowStatus::Closed => "it says: paid; it was taken back",
        // The channel knew nothing to take back, and now there is something.
        _ => return false,
    };
    if source != Source::Bill {
        draft.line(source, Some(flow.no.as_str()), text);
    }
    true
}

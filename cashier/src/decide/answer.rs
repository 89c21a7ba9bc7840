//! A channel answered a call, or did not: each answer goes to whoever knows what
//! it means.

use super::draft::Draft;
use super::{Answer, Reply, close, refunded, reverse, trade};
use crate::channel::{Action, Offer, Outcome, RefusalKind, Trade};
use crate::exception::ExceptionKind;
use crate::flow::{Flow, FlowFact, FlowStatus};
use crate::id::FlowNo;
use crate::journal::Source;
use crate::task::{Call, Subject};
use crate::way::Way;

pub(super) fn answered(draft: &mut Draft<'_>, subject: &Subject, answer: &Answer) -> Reply {
    match (subject, answer) {
        (Subject::Flow(no), answer) => {
            let unsettled = draft
                .state
                .flow(no)
                .filter(|flow| !flow.status.is_settled());
            let attempt = unsettled
                .and_then(|flow| flow.next)
                .map_or(0, |next| next.attempt);
            // Whatever else is late, money never is.
            let paid = matches!(
                answer,
                Answer::Query(Outcome::Done(Trade::Paid(_)))
                    | Answer::Pay(Outcome::Done(Offer::Trade(Trade::Paid(_))))
            );
            if unsettled.is_some() || paid {
                flow_answered(draft, no, attempt, answer);
            } else if draft.state.flow(no).is_some() {
                let text = format!("an answer after the flow's end: {}", answer.in_words());
                draft.line(answer.source(), Some(no.as_str()), text);
                if let Answer::Reverse(said) = answer {
                    reverse::too_late(draft, no, said);
                }
            }
        }
        (Subject::Refund(no), Answer::Refund(said)) => refunded::sent(draft, no, said),
        (Subject::Refund(no), Answer::QueryRefund(said)) => refunded::asked(draft, no, said),
        (Subject::Refund(_) | Subject::Order(_), _) => {}
    }
    Reply::Noted
}

fn flow_answered(draft: &mut Draft<'_>, no: &FlowNo, attempt: u32, answer: &Answer) {
    if let (Answer::Query(_), asked) = (answer, draft.asked)
        && let Some(flow) = draft.flow_mut(no)
    {
        flow.asked_at = flow.asked_at.max(Some(asked));
    }
    match answer {
        Answer::Pay(said) => paid_for(draft, no, attempt, said),
        Answer::Query(Outcome::Done(seen)) => trade::seen(draft, no, seen, Source::Query),
        Answer::Query(said) => {
            let text = format!("no usable answer to the query ({})", reason_of(said));
            draft.line(Source::Query, Some(no.as_str()), text);
            if !reverse::overdue(draft, no) {
                put_off(draft, no, Call::Query, attempt);
            }
        }
        Answer::Close(said) => close::answered(draft, no, attempt, said),
        Answer::Reverse(said) => reverse::answered(draft, no, attempt, said),
        Answer::Refund(_) | Answer::QueryRefund(_) => {}
    }
}

/// The answer to the creation of a flow.
fn paid_for(draft: &mut Draft<'_>, no: &FlowNo, attempt: u32, said: &Outcome<Offer>) {
    match said {
        Outcome::Done(Offer::Action(action)) => issued(draft, no, action),
        Outcome::Done(Offer::Trade(Trade::NotFound)) => {
            let reason = "the channel does not know what was sent to it".to_owned();
            not_made(draft, no, attempt, FlowFact::Unanswered, reason);
        }
        Outcome::Done(Offer::Trade(seen)) => trade::seen(draft, no, seen, Source::Pay),
        Outcome::Refused(no_) => match no_.kind {
            RefusalKind::AlreadyPaid => {
                draft.line(
                    Source::Pay,
                    Some(no.as_str()),
                    "the channel says that it is paid: asking",
                );
                draft.advance(no, FlowFact::Unanswered);
                draft.run_flow(no, Call::Query, 0);
            }
            RefusalKind::Later => not_made(draft, no, attempt, FlowFact::NotSent, reason_of(said)),
            RefusalKind::Final => refused(draft, no, reason_of(said)),
        },
        Outcome::NotSent(_) => not_made(draft, no, attempt, FlowFact::NotSent, reason_of(said)),
        Outcome::Unknown(_) => not_made(draft, no, attempt, FlowFact::Unanswered, reason_of(said)),
    }
}

fn issued(draft: &mut Draft<'_>, no: &FlowNo, action: &Action) {
    let (now, timing) = (draft.now, draft.timing);
    if draft
        .state
        .flow(no)
        .is_some_and(|flow| flow.status == FlowStatus::Closing)
    {
        let text = "the channel's answer came after the close was wanted: it is not handed out";
        draft.line(Source::Pay, Some(no.as_str()), text);
        return;
    }
    if !draft.advance(no, FlowFact::Issued) {
        return;
    }
    let Some(flow) = draft.flow_mut(no) else {
        return;
    };
    flow.action = Some(action.clone());
    flow.action_until = (flow.way() == Way::WxH5).then(|| now.plus(timing.h5_life));
    flow.reason = None;
    let due = now.plus(timing.first_query).min(flow.expires_at());
    let text = format!("{} can be paid until its end", flow.way());
    draft.schedule(no, Call::Query, due, 0);
    draft.line(Source::Pay, Some(no.as_str()), text);
}

/// The channel will never make it payable. Whoever made the flow calls first, under
/// its lease. A later call cannot know whether that one, cut off by a crash, was
/// carried out, nor can a process that stood still until its lease had lapsed: what
/// may have been made is closed.
fn refused(draft: &mut Draft<'_>, no: &FlowNo, reason: String) {
    draft.line(
        Source::Pay,
        Some(no.as_str()),
        format!("the channel refuses: {reason}"),
    );
    let lease = draft.timing.lease;
    let is_first = |flow: &Flow| draft.now < flow.created_at.plus(lease);
    if !draft.state.flow(no).is_some_and(is_first) {
        draft.advance(no, FlowFact::Unanswered);
    }
    draft.advance(no, FlowFact::Refused);
    let now = draft.now;
    let Some(flow) = draft.flow_mut(no) else {
        return;
    };
    flow.reason = Some(reason);
    if flow.status == FlowStatus::Closing {
        // An earlier call may have made something: that is closed in any case.
        draft.schedule(no, Call::Close, now, 0);
    }
}

/// It is not known to be payable: the same call is made again, as long as that
/// makes sense, and whatever it may have made is closed at the end.
fn not_made(draft: &mut Draft<'_>, no: &FlowNo, attempt: u32, fact: FlowFact, reason: String) {
    let text = format!("no usable answer to the creation ({reason})");
    draft.line(Source::Pay, Some(no.as_str()), text);
    draft.advance(no, fact);
    let (now, timing) = (draft.now, draft.timing);
    let Some(flow) = draft.flow_mut(no) else {
        return;
    };
    flow.reason = Some(reason);
    match flow.status {
        FlowStatus::Live => {
            let due = timing.next_query(flow.created_at, flow.expires_at(), now);
            draft.schedule(no, Call::Query, due, 0);
        }
        // A close is wanted; its task is what counts.
        FlowStatus::Closing => {
            let due = flow
                .next
                .map_or(now, |next| next.due.min(timing.retry(0, now)));
            draft.schedule(no, Call::Close, due, 0);
        }
        _ => make_again(draft, no, attempt),
    }
}

/// Sends the same creation again after a pause, or asks about it, or closes what may be there when
/// too little time is left.
pub(super) fn make_again(draft: &mut Draft<'_>, no: &FlowNo, attempt: u32) {
    let (now, timing) = (draft.now, draft.timing);
    let Some(flow) = draft.state.flow(no) else {
        return;
    };
    // A payment code is sent once: what became of it is asked.
    if flow.way().is_barcode() {
        if !reverse::overdue(draft, no) {
            trade::ask_later(draft, no);
        }
        return;
    }
    let due = timing.retry(attempt, now);
    if flow.expires_at().since(due) >= timing.least_life {
        draft.schedule(no, Call::Pay, due, attempt.saturating_add(1));
    } else {
        draft.advance(no, FlowFact::CloseWanted);
        draft.schedule(no, Call::Close, now, 0);
    }
}

/// Makes the same call again after a pause that doubles; past the flow's end a
/// person hears of it.
pub(super) fn put_off(draft: &mut Draft<'_>, no: &FlowNo, call: Call, attempt: u32) {
    let (now, timing) = (draft.now, draft.timing);
    let Some(flow) = draft.state.flow(no) else {
        return;
    };
    let end = flow.expires_at().plus(timing.margin);
    let mut due = timing.retry(attempt, now);
    if now < end {
        due = due.min(now.plus(timing.longest_gap));
    }
    if flow.way().is_barcode() && now < flow.expires_at() {
        due = due
            .min(now.plus(timing.shortest_gap))
            .min(flow.expires_at());
    }
    let amount = flow.amount();
    draft.schedule(no, call, due, attempt.saturating_add(1));
    if now.since(end) > timing.unanswered {
        let detail = match call {
            Call::Reverse => {
                "the channel does not say whether it has taken this payment back; Till keeps asking"
            }
            _ => {
                "the channel gives no usable answer about a flow whose time is over; Till keeps \
                 asking"
            }
        };
        draft.report(ExceptionKind::NoAnswer, no.as_str(), Some(amount), detail);
    }
}

impl Answer {
    /// Where the lines about it come from.
    fn source(&self) -> Source {
        match self {
            Answer::Pay(_) => Source::Pay,
            Answer::Close(_) => Source::Close,
            Answer::Reverse(_) => Source::Reverse,
            Answer::Refund(_) => Source::Refund,
            Answer::Query(_) | Answer::QueryRefund(_) => Source::Query,
        }
    }

    /// What became of the call, in short.
    fn in_words(&self) -> String {
        match self {
            Answer::Pay(said) => reason_of(said),
            Answer::Query(said) => reason_of(said),
            Answer::Close(said) => reason_of(said),
            Answer::Reverse(said) => reason_of(said),
            Answer::Refund(said) | Answer::QueryRefund(said) => reason_of(said),
        }
    }
}

/// The channel's code and words, or what was seen instead of an answer.
pub(super) fn reason_of<T>(said: &Outcome<T>) -> String {
    match said {
        Outcome::Done(_) => "done".to_owned(),
        Outcome::Refused(refusal) => format!("{}: {}", refusal.code, refusal.message),
        Outcome::NotSent(cause) | Outcome::Unknown(cause) => {
            format!("{:?}: {}", cause.kind, cause.detail)
        }
    }
}

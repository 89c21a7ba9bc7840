//! What a channel says about a refund, whoever brought the word. Each word leaves
//! one line in the journal, also if it changes nothing.

use super::answer::reason_of;
use super::draft::Draft;
use super::reverse::is_taken_back;
use crate::channel::{Outcome, Refunded, RefusalKind};
use crate::event::EventKind;
use crate::exception::ExceptionKind;
use crate::id::{FlowNo, RefundNo};
use crate::journal::Source;
use crate::money::Money;
use crate::refund::{Refund, RefundStatus};
use crate::task::Call;
use crate::time::Span;

/// How long a refund may be under way before a person hears of it.
const TOO_LONG: Span = Span::minutes(3 * 24 * 60);

/// How many times a refund is sent before a person hears of it.
const MANY_TIMES: u32 = 6;

/// The answer to sending it.
pub(super) fn sent(draft: &mut Draft<'_>, no: &RefundNo, said: &Outcome<Refunded>) {
    let Some(refund) = unsettled(draft, no) else {
        too_late(draft, no, said, Source::Refund);
        return;
    };
    let later = draft.now.plus(draft.timing.refund_query);
    match said {
        Outcome::Done(Refunded::NotFound) | Outcome::Unknown(_) => {
            set_status(draft, no, RefundStatus::Unknown);
            draft.schedule_refund(no, Call::QueryRefund, later, attempt_of(&refund));
            let text = format!(
                "no usable answer to the refund ({}); asking",
                reason_of(said)
            );
            draft.line(Source::Refund, Some(no.as_str()), text);
        }
        Outcome::Done(state) => apply(draft, &refund, *state, Source::Refund),
        Outcome::NotSent(_) => {
            send_again(draft, &refund);
            let text = format!("the refund was not sent ({})", reason_of(said));
            draft.line(Source::Refund, Some(no.as_str()), text);
        }
        Outcome::Refused(refusal) if refusal.kind == RefusalKind::Final => {
            let reason = reason_of(said);
            draft.line(
                Source::Refund,
                Some(no.as_str()),
                format!("the channel refuses: {reason}"),
            );
            if let Some(known) = draft.refund_mut(no) {
                known.detail = Some(reason);
            }
            // An earlier call, cut off by a crash, may have given the money back,
            // and the no may be because of that: asked before it is believed.
            draft.schedule_refund(no, Call::QueryRefund, later, attempt_of(&refund));
        }
        Outcome::Refused(_) => {
            let reason = reason_of(said);
            draft.line(
                Source::Refund,
                Some(no.as_str()),
                format!("the channel does not refund now: {reason}"),
            );
            let detail = format!(
                "the channel does not refund now ({reason}); tried again under the same number"
            );
            draft.report(
                ExceptionKind::RefundFailed,
                no.as_str(),
                Some(refund.amount()),
                detail,
            );
            send_again(draft, &refund);
        }
    }
}

/// The answer to asking about it.
pub(super) fn asked(draft: &mut Draft<'_>, no: &RefundNo, said: &Outcome<Refunded>) {
    let Some(refund) = unsettled(draft, no) else {
        too_late(draft, no, said, Source::Query);
        return;
    };
    match said {
        Outcome::Done(Refunded::NotFound) if refund.detail.is_some() => {
            let text = "the channel has not got it: its refusal stands";
            draft.line(Source::Query, Some(no.as_str()), text);
            fail(draft, no);
        }
        Outcome::Done(Refunded::NotFound) => {
            send_again(draft, &refund);
            let text = "the channel has not got it: sent again under the same number";
            draft.line(Source::Query, Some(no.as_str()), text);
        }
        Outcome::Done(state) => apply(draft, &refund, *state, Source::Query),
        Outcome::Refused(_) | Outcome::NotSent(_) | Outcome::Unknown(_) => {
            let text = format!(
                "no usable answer about the refund ({}); asking again",
                reason_of(said)
            );
            draft.line(Source::Query, Some(no.as_str()), text);
            ask_again(draft, &refund);
        }
    }
}

/// A row of the bill: the payer has the money.
pub(super) fn billed(draft: &mut Draft<'_>, no: &RefundNo, amount: Money) {
    match draft.state.refund(no).cloned() {
        None => external(draft, no, Some(amount)),
        Some(refund) if refund.amount() != amount => {
            let text = "the bill names another amount of this refund than was asked for";
            draft.report(
                ExceptionKind::AmountMismatch,
                no.as_str(),
                Some(amount),
                text,
            );
        }
        Some(refund) if !refund.status.is_settled() => succeed(draft, &refund, Source::Bill),
        Some(_) => {}
    }
}

/// A refund that was not asked of Till.
fn external(draft: &mut Draft<'_>, no: &RefundNo, amount: Option<Money>) {
    let detail = "a refund that was not asked of Till; compare with the channel's back office";
    draft.report(ExceptionKind::ExternalRefund, no.as_str(), amount, detail);
}

/// A verified notice.
pub(super) fn noticed(draft: &mut Draft<'_>, flow: &FlowNo, no: &RefundNo, said: Option<Refunded>) {
    if draft.state.refund(no).is_none() && is_taken_back(draft, flow) {
        let text = "its money goes back to the payer: it is taken back";
        draft.line(Source::Notice, Some(flow.as_str()), text);
        return;
    }
    if draft.state.refund(no).is_none() {
        let text = "about a refund that Till did not make";
        draft.line(Source::Notice, Some(no.as_str()), text);
        external(draft, no, None);
        return;
    }
    let Some(refund) = unsettled(draft, no) else {
        let text = "about a refund that has come to its end: it changes nothing";
        draft.line(Source::Notice, Some(no.as_str()), text);
        return;
    };
    match said {
        Some(Refunded::NotFound) | None => {
            let now = draft.now;
            let text = "about the refund, without saying what became of it: asking";
            draft.line(Source::Notice, Some(no.as_str()), text);
            draft.schedule_refund(no, Call::QueryRefund, now, attempt_of(&refund));
        }
        Some(state) => apply(draft, &refund, state, Source::Notice),
    }
}

fn apply(draft: &mut Draft<'_>, refund: &Refund, state: Refunded, source: Source) {
    let no = &refund.no;
    match state {
        Refunded::Succeeded => succeed(draft, refund, source),
        Refunded::Closed => {
            draft.line(source, Some(no.as_str()), "the channel closed the refund");
            fail(draft, no);
        }
        Refunded::Abnormal => {
            set_status(draft, no, RefundStatus::Abnormal);
            let text = "the channel says that it cannot finish the refund by itself";
            draft.line(source, Some(no.as_str()), text);
            let detail = "the refund cannot finish by itself (the payer's card?): a person must act in the channel's back office";
            draft.report(
                ExceptionKind::RefundAbnormal,
                no.as_str(),
                Some(refund.amount()),
                detail,
            );
            ask_again(draft, refund);
        }
        Refunded::Processing => {
            let text = match refund.status {
                RefundStatus::Processing => "the refund is under way",
                _ => "the channel has taken the refund",
            };
            set_status(draft, no, RefundStatus::Processing);
            draft.line(source, Some(no.as_str()), text);
            ask_again(draft, refund);
        }
        // Said by queries only, and dealt with there.
        Refunded::NotFound => {}
    }
}

fn succeed(draft: &mut Draft<'_>, refund: &Refund, source: Source) {
    let now = draft.now;
    if let Some(known) = draft.refund_mut(&refund.no) {
        known.status = RefundStatus::Succeeded;
        known.settled_at = Some(now);
        known.detail = None;
        known.next = None;
    }
    let text = format!("{} CNY are back with the payer", refund.amount());
    draft.line(source, Some(refund.no.as_str()), text);
    draft.tell(match refund.is_automatic() {
        true => EventKind::SurplusRefunded,
        false => EventKind::RefundSucceeded,
    });
}

fn fail(draft: &mut Draft<'_>, no: &RefundNo) {
    let now = draft.now;
    let Some(known) = draft.refund_mut(no) else {
        return;
    };
    known.status = RefundStatus::Failed;
    known.settled_at = Some(now);
    known.next = None;
    let (amount, automatic) = (known.amount(), known.is_automatic());
    let reason = known
        .detail
        .clone()
        .unwrap_or_else(|| "closed by the channel".to_owned());
    let detail = format!("the refund failed for good: {reason}");
    draft.report(
        ExceptionKind::RefundFailed,
        no.as_str(),
        Some(amount),
        detail,
    );
    if !automatic {
        draft.tell(EventKind::RefundFailed);
    }
}

/// An answer about a refund that has come to its end.
fn too_late(draft: &mut Draft<'_>, no: &RefundNo, said: &Outcome<Refunded>, source: Source) {
    if draft.state.refund(no).is_some() {
        let text = format!("an answer after the refund's end: {}", reason_of(said));
        draft.line(source, Some(no.as_str()), text);
    }
}

fn unsettled(draft: &Draft<'_>, no: &RefundNo) -> Option<Refund> {
    draft
        .state
        .refund(no)
        .filter(|refund| !refund.status.is_settled())
        .cloned()
}

fn set_status(draft: &mut Draft<'_>, no: &RefundNo, status: RefundStatus) {
    if let Some(known) = draft.refund_mut(no) {
        known.status = status;
    }
}

fn attempt_of(refund: &Refund) -> u32 {
    refund.next.map_or(0, |next| next.attempt)
}

/// Sends the very same request again after a pause that doubles; a person hears
/// of it when that goes on and on.
fn send_again(draft: &mut Draft<'_>, refund: &Refund) {
    let attempt = attempt_of(refund);
    let no = &refund.no;
    let pause = draft
        .timing
        .refund_query
        .doubled(attempt, draft.timing.refund_longest);
    let due = draft.now.plus(pause);
    draft.schedule_refund(no, Call::Refund, due, attempt.saturating_add(1));
    if attempt >= MANY_TIMES {
        let detail = "the channel neither makes the refund nor refuses it; Till keeps sending it under the same number";
        draft.report(
            ExceptionKind::RefundFailed,
            no.as_str(),
            Some(refund.amount()),
            detail,
        );
    }
}

/// Asks again after a pause that doubles; what takes days is shown to a person.
fn ask_again(draft: &mut Draft<'_>, refund: &Refund) {
    let attempt = attempt_of(refund);
    let pause = draft
        .timing
        .refund_query
        .doubled(attempt, draft.timing.refund_longest);
    let due = draft.now.plus(pause);
    draft.schedule_refund(
        &refund.no,
        Call::QueryRefund,
        due,
        attempt.saturating_add(1),
    );
    if draft.now.since(refund.created_at) > TOO_LONG {
        let detail = "the refund has been under way for three days";
        draft.report(
            ExceptionKind::NoAnswer,
            refund.no.as_str(),
            Some(refund.amount()),
            detail,
        );
    }
}

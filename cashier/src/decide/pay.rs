//! Close before create: what a wish to pay leads to.

use super::Reply;
use super::draft::Draft;
use crate::capture::CaptureKind;
use crate::channel::PayRequest;
use crate::command::{PayCommand, Refusal};
use crate::flow::{Flow, FlowFact, FlowStatus};
use crate::id::FlowNo;
use crate::journal::Source;
use crate::order::{CloseReason, OrderStatus};
use crate::task::Call;
use crate::time::{Span, Timestamp};
use crate::way::{ChannelKind, Way};

/// How long an answer is good enough for a payer who asks again.
const ASKED_LATELY: Span = Span::seconds(2);

/// The least time that an artefact must have left to be shown again.
const STILL_GOOD: Span = Span::seconds(30);

pub(super) fn pay(draft: &mut Draft<'_>, wish: &PayCommand, mine: Option<&FlowNo>) -> Reply {
    if let Some(reply) = sent_before(draft, wish) {
        return reply;
    }
    if let Some(refusal) = order_refuses(draft, wish) {
        return Reply::No(refusal);
    }
    if let Some(reply) = mine.and_then(|no| became(draft, no)) {
        return reply;
    }
    let Some(flow) = draft.state.current_flow().cloned() else {
        return create(draft, wish);
    };
    if is_same_try(&flow, wish) {
        again(draft, &flow, wish.source)
    } else {
        switch(draft, &flow, wish.source)
    }
}

/// What the order itself says against it.
fn order_refuses(draft: &Draft<'_>, wish: &PayCommand) -> Option<Refusal> {
    let order = &draft.state.order;
    match (order.status, &order.closed) {
        (OrderStatus::Paid, _) => return Some(Refusal::OrderPaid),
        (OrderStatus::Closed, Some((_, CloseReason::Expired))) => {
            return Some(Refusal::OrderExpired);
        }
        (OrderStatus::Closed, _) => return Some(Refusal::OrderClosed),
        (OrderStatus::Open, _) if order.close_requested_at.is_some() => {
            return Some(Refusal::OrderClosed);
        }
        (OrderStatus::Open, _) => {}
    }
    if draft.now >= order.expires_at {
        return Some(Refusal::OrderExpired);
    }
    let way = wish.way;
    if !order.ways.is_empty() && !order.ways.contains(&way) {
        return Some(Refusal::WayUnavailable { way });
    }
    if let Some(field) = way.payer_field().filter(|_| wish.payer.is_none()) {
        return Some(Refusal::Incomplete { way, field });
    }
    if way.is_barcode() && wish.auth_code.is_none() {
        let field = "auth_code";
        return Some(Refusal::Incomplete { way, field });
    }
    if way.needs_client_ip() && wish.client_ip.is_none() && order.client_ip.is_none() {
        return Some(Refusal::Incomplete {
            way,
            field: "client_ip",
        });
    }
    None
}

/// What became of the payer's code, if it was sent before and is not the try in
/// progress: a code is good once, and the same wish again is the same try.
fn sent_before(draft: &Draft<'_>, wish: &PayCommand) -> Option<Reply> {
    let code = wish.auth_code.as_ref()?;
    let flow = draft
        .state
        .flows
        .iter()
        .rev()
        .find(|flow| flow.request.auth_code.as_ref() == Some(code) && !flow.is_current())?;
    let reason = match flow.status {
        FlowStatus::Paid => return Some(paid_with(draft, wish, &flow.no)),
        FlowStatus::Failed => flow.reason.clone(),
        // It was left for another way and is still being taken back.
        FlowStatus::Closing => {
            let retry_at = flow.next.map_or(draft.now, |next| next.due);
            return Some(Reply::No(Refusal::PaymentInProgress { retry_at }));
        }
        _ => None,
    };
    let reason = reason.unwrap_or_else(|| "no payment came about, or it was taken back".to_owned());
    Some(Reply::No(Refusal::ChannelRefused { reason }))
}

/// The code was paid with: that is good news only if it is what paid the order. Money
/// that came late goes back, and the answer stays no; one of another amount is looked
/// at by a person.
fn paid_with(draft: &Draft<'_>, wish: &PayCommand, no: &FlowNo) -> Reply {
    if draft.state.order.paid_by.as_ref() == Some(no) {
        return Reply::Payable(no.clone());
    }
    let mut captures = draft.state.captures.iter();
    let is_late = captures.any(|known| known.flow_no == *no && known.kind == CaptureKind::Late);
    let or_else = || match is_late {
        true => Refusal::ChannelRefused {
            reason: "it was paid too late, and is given back".to_owned(),
        },
        false => Refusal::PaymentInProgress {
            retry_at: draft.now,
        },
    };
    Reply::No(order_refuses(draft, wish).unwrap_or_else(or_else))
}

/// What became of the flow that this same wish made in an earlier round.
fn became(draft: &Draft<'_>, no: &FlowNo) -> Option<Reply> {
    let flow = draft.state.flow(no)?;
    let reason = || {
        flow.reason
            .clone()
            .unwrap_or_else(|| "without a reason".to_owned())
    };
    let retry_at = flow.next.map_or(draft.now, |next| next.due);
    let is_deciding = flow.way().is_barcode() && !is_leased(flow, draft.now);
    match flow.status {
        FlowStatus::Live if flow.action.is_some() => Some(Reply::Payable(no.clone())),
        FlowStatus::Created | FlowStatus::Unknown | FlowStatus::Live if is_deciding => {
            Some(Reply::Payable(no.clone()))
        }
        FlowStatus::Failed => Some(Reply::No(Refusal::ChannelRefused { reason: reason() })),
        FlowStatus::Created | FlowStatus::Unknown if !is_leased(flow, draft.now) => {
            Some(Reply::No(Refusal::ChannelUnavailable { retry_at }))
        }
        FlowStatus::Created | FlowStatus::Unknown => Some(Reply::Busy),
        // Somebody else has changed the way meanwhile.
        FlowStatus::Closing | FlowStatus::Closed | FlowStatus::Expired => {
            Some(Reply::No(Refusal::PaymentInProgress { retry_at }))
        }
        FlowStatus::Live if flow.way().is_barcode() => Some(Reply::Busy),
        FlowStatus::Live | FlowStatus::Paid => None,
    }
}

/// A reload or a double click is the same try.
fn is_same_try(flow: &Flow, wish: &PayCommand) -> bool {
    flow.way() == wish.way
        && flow.account == wish.account
        && flow.request.payer == needed_payer(wish)
        && flow.request.auth_code == needed_code(wish)
}

fn needed_payer(wish: &PayCommand) -> Option<String> {
    let needed = wish.way.payer_field().is_some();
    wish.payer.clone().filter(|_| needed)
}

fn needed_code(wish: &PayCommand) -> Option<String> {
    wish.auth_code.clone().filter(|_| wish.way.is_barcode())
}

/// How long a flow of that way can be paid at most, and how much of that the order
/// must have left.
fn life(draft: &Draft<'_>, way: Way) -> (Span, Span) {
    if !way.is_barcode() {
        return (draft.state.order.policy.flow_life, draft.timing.least_life);
    }
    let life = match (draft.timing.barcode_life, way.channel()) {
        (None, channel) => channel.traits().barcode_life,
        (Some((wechat, _)), ChannelKind::Wechat) => wechat,
        (Some((_, others)), _) => others,
    };
    (life, life)
}

/// A new flow: the intent, to be committed before the channel hears of it.
fn create(draft: &mut Draft<'_>, wish: &PayCommand) -> Reply {
    let order = &draft.state.order;
    let (life, least) = life(draft, wish.way);
    let expires_at = draft.now.plus(life).min(order.expires_at);
    if expires_at.since(draft.now) < least {
        return Reply::No(Refusal::OrderExpired);
    }
    let no = order.id.flow(draft.state.flows.len() + 1);
    let client_ip = wish.client_ip.clone().or_else(|| order.client_ip.clone());
    let request = PayRequest {
        flow_no: no.clone(),
        way: wish.way,
        amount: order.amount,
        subject: order.subject.clone(),
        expires_at,
        notify_url: wish.notify_url.clone(),
        return_url: wish.return_url.clone(),
        client_ip: client_ip.filter(|_| wish.way.needs_client_ip()),
        payer: needed_payer(wish),
        auth_code: needed_code(wish),
    };
    draft.state.flows.push(Flow {
        no: no.clone(),
        account: wish.account.clone(),
        request,
        status: FlowStatus::Created,
        action: None,
        action_until: None,
        created_at: draft.now,
        superseded_at: None,
        close_refused_at: None,
        reverse_wanted_at: None,
        asked_at: None,
        reason: None,
        claimed: None,
        next: None,
    });
    draft.line(
        wish.source,
        Some(no.as_str()),
        format!("a flow is made to pay by {}", wish.way),
    );
    draft.run_flow(&no, Call::Pay, 0);
    Reply::Again(Some(no))
}

/// The same way once more.
fn again(draft: &mut Draft<'_>, flow: &Flow, source: Source) -> Reply {
    let left = flow.expires_at().since(draft.now);
    let handle_good = flow.action_until.is_none_or(|until| until > draft.now);
    match flow.status {
        FlowStatus::Closing => closing(draft, flow, source),
        FlowStatus::Live if handle_good && left >= STILL_GOOD => Reply::Payable(flow.no.clone()),
        _ if is_being_made(flow, draft.now) => Reply::Busy,
        // Its code was sent: the channel is deciding.
        _ if flow.way().is_barcode() => Reply::Payable(flow.no.clone()),
        _ if left >= draft.timing.least_life => {
            let text = format!("{} is wanted again: asking for a fresh code", flow.way());
            draft.line(source, Some(flow.no.as_str()), text);
            draft.run_flow(&flow.no, Call::Pay, 0);
            Reply::Again(Some(flow.no.clone()))
        }
        _ => switch(draft, flow, source),
    }
}

/// Another way: the flow in progress is closed first.
fn switch(draft: &mut Draft<'_>, flow: &Flow, source: Source) -> Reply {
    if flow.status == FlowStatus::Closing {
        return closing(draft, flow, source);
    }
    if is_being_made(flow, draft.now) {
        return Reply::Busy;
    }
    let asked_lately = |at: Timestamp| draft.now.since(at) < draft.timing.close_again;
    if flow.close_refused_at.is_some_and(asked_lately) {
        let retry_at = flow.expires_at().plus(draft.timing.margin);
        return Reply::No(Refusal::PaymentInProgress { retry_at });
    }
    let text = format!(
        "another way is wanted: {} is to be closed first",
        flow.way()
    );
    draft.line(source, Some(flow.no.as_str()), text);
    draft.advance(&flow.no, FlowFact::CloseWanted);
    draft.run_flow(&flow.no, Call::Close, 0);
    Reply::Again(None)
}

/// A flow whose close is under way, or could not be confirmed yet.
fn closing(draft: &mut Draft<'_>, flow: &Flow, source: Source) -> Reply {
    match flow.next {
        Some(next) if next.is_leased(draft.now) => Reply::Busy,
        Some(next) if next.due > draft.now => {
            Reply::No(Refusal::PaymentInProgress { retry_at: next.due })
        }
        next => {
            let text = "another try at paying is wanted: closing this one again";
            draft.line(source, Some(flow.no.as_str()), text);
            draft.run_flow(&flow.no, Call::Close, next.map_or(0, |next| next.attempt));
            Reply::Again(None)
        }
    }
}

fn is_leased(flow: &Flow, now: Timestamp) -> bool {
    flow.next.is_some_and(|next| next.is_leased(now))
}

fn is_being_made(flow: &Flow, now: Timestamp) -> bool {
    flow.next
        .is_some_and(|next| next.call == Call::Pay && next.is_leased(now))
}

/// The payer says that they have paid: every flow that could be is asked about,
/// unless that has just been done.
pub(super) fn check(draft: &mut Draft<'_>) -> Reply {
    let now = draft.now;
    let just_asked = |at: Timestamp| now.since(at) < ASKED_LATELY;
    let asked: Vec<FlowNo> = draft
        .state
        .flows
        .iter()
        .filter(|flow| matches!(flow.status, FlowStatus::Live | FlowStatus::Closing))
        .filter(|flow| !is_leased(flow, now) && !flow.asked_at.is_some_and(just_asked))
        .map(|flow| flow.no.clone())
        .collect();
    for no in asked {
        let text = "the payer says that it is paid: asking";
        draft.line(Source::Payer, Some(no.as_str()), text);
        draft.run_flow(&no, Call::Query, 0);
    }
    Reply::Noted
}

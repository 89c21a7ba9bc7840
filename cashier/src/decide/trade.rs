//! What a channel says about the trade of a flow, whoever brought the word. Each
//! word leaves one line in the journal, also if it changes nothing; only a bill, which
//! is read as often as somebody likes, is silent about what is known.

use super::answer::make_again;
use super::close::close_others;
use super::draft::Draft;
use super::reverse;
use crate::capture::{Capture, CaptureKind};
use crate::channel::{Payment, RefundRequest, Trade};
use crate::event::EventKind;
use crate::exception::ExceptionKind;
use crate::flow::{Flow, FlowFact, FlowStatus};
use crate::id::FlowNo;
use crate::journal::Source;
use crate::order::OrderStatus;
use crate::policy::LatePayment;
use crate::refund::{Refund, RefundStatus};
use crate::task::{Call, Next};

pub(super) fn seen(draft: &mut Draft<'_>, no: &FlowNo, trade: &Trade, source: Source) {
    let Some(flow) = draft.state.flow(no).cloned() else {
        unchanged(draft, no, source, "the order has no such flow");
        return;
    };
    match trade {
        Trade::Paid(payment) => paid(draft, &flow, payment, source),
        Trade::Closed => {
            let text = match reverse::closed(draft, no) {
                true => "the channel says: closed, unpaid".to_owned(),
                false => format!(
                    "the channel says that it is closed; it stays {}",
                    flow.status.name()
                ),
            };
            draft.line(source, Some(no.as_str()), text);
        }
        Trade::Waiting if source == Source::Query => waiting(draft, &flow),
        Trade::Waiting if source == Source::Pay => asked_to_confirm(draft, &flow),
        Trade::NotFound if source == Source::Query => not_found(draft, &flow),
        // A notice that nothing has happened yet changes nothing.
        Trade::Waiting => draft.line(source, Some(no.as_str()), "not paid yet"),
        Trade::NotFound => draft.line(source, Some(no.as_str()), "not known to the channel"),
    }
}

/// A word that changes nothing.
fn unchanged(draft: &mut Draft<'_>, no: &FlowNo, source: Source, text: &str) {
    if source != Source::Bill {
        draft.line(source, Some(no.as_str()), text);
    }
}

/// The payer's wallet asks for a password, or the channel is still busy with it.
fn asked_to_confirm(draft: &mut Draft<'_>, flow: &Flow) {
    let text = "the channel waits for the payer";
    draft.line(Source::Pay, Some(flow.no.as_str()), text);
    if flow.status != FlowStatus::Closing && draft.advance(&flow.no, FlowFact::Issued) {
        ask_later(draft, &flow.no);
    }
}

/// It exists, unpaid.
fn waiting(draft: &mut Draft<'_>, flow: &Flow) {
    let (now, asked, timing) = (draft.now, draft.asked, draft.timing);
    let attempt = flow.next.map_or(0, |next| next.attempt);
    let text = match flow.status {
        FlowStatus::Live if asked < flow.expires_at() => {
            ask_later(draft, &flow.no);
            "not paid yet"
        }
        FlowStatus::Live => {
            draft.advance(&flow.no, FlowFact::CloseWanted);
            draft.run_flow(&flow.no, Call::Close, 0);
            "not paid, and its time is over: closing"
        }
        // It could not be closed a moment ago: not in a tight circle.
        FlowStatus::Closing if attempt > 0 => {
            draft.schedule(&flow.no, Call::Close, timing.retry(attempt, now), attempt);
            "it is not paid yet; closing again soon"
        }
        FlowStatus::Closing => {
            draft.run_flow(&flow.no, Call::Close, 0);
            "it exists, unpaid: closing"
        }
        FlowStatus::Created | FlowStatus::Unknown if flow.way().is_barcode() => {
            draft.advance(&flow.no, FlowFact::Issued);
            make_again(draft, &flow.no, attempt);
            "the channel waits for the payer"
        }
        FlowStatus::Created | FlowStatus::Unknown => {
            make_again(draft, &flow.no, attempt);
            "it exists, unpaid: going on with its creation"
        }
        _ => "not paid",
    };
    draft.line(Source::Query, Some(flow.no.as_str()), text);
}

/// The channel does not know it. That was so when it was asked: an answer that was
/// read minutes later, by a process that stood still, says nothing about its end.
fn not_found(draft: &mut Draft<'_>, flow: &Flow) {
    let (asked, timing) = (draft.asked, draft.timing);
    let end = flow.expires_at().plus(timing.margin);
    let text = match flow.status {
        FlowStatus::Live if asked < flow.expires_at() => {
            ask_later(draft, &flow.no);
            "not known to the channel yet"
        }
        FlowStatus::Live => {
            draft.advance(&flow.no, FlowFact::CloseWanted);
            draft.run_flow(&flow.no, Call::Close, 0);
            "its time is over and the channel knows nothing of it: closing"
        }
        FlowStatus::Closing if asked >= end => {
            draft.advance(&flow.no, FlowFact::SeenGone);
            "its time is over and the channel knows nothing of it: expired"
        }
        FlowStatus::Closing if asked >= flow.expires_at() => {
            draft.schedule(&flow.no, Call::Query, end, 0);
            "its time is over and the channel knows nothing of it: asking once more"
        }
        FlowStatus::Closing => {
            ask_later(draft, &flow.no);
            "not known to the channel yet"
        }
        FlowStatus::Created | FlowStatus::Unknown => {
            let attempt = flow.next.map_or(0, |next| next.attempt);
            make_again(draft, &flow.no, attempt);
            "not known to the channel: going on with its creation"
        }
        _ => "not known to the channel",
    };
    draft.line(Source::Query, Some(flow.no.as_str()), text);
}

/// Asks again while it can be paid: about a payment code at the shortest gap.
pub(super) fn ask_later(draft: &mut Draft<'_>, no: &FlowNo) {
    let (now, timing) = (draft.now, draft.timing);
    let Some(flow) = draft.state.flow(no) else {
        return;
    };
    let due = match flow.way().is_barcode() && now < flow.expires_at() {
        true => now.plus(timing.shortest_gap).min(flow.expires_at()),
        false => timing.next_query(flow.created_at, flow.expires_at(), now),
    };
    draft.schedule(no, Call::Query, due, 0);
}

/// The channel took money. The same fact again changes nothing.
fn paid(draft: &mut Draft<'_>, flow: &Flow, payment: &Payment, source: Source) {
    let known = draft
        .state
        .captures
        .iter()
        .any(|c| c.account == flow.account && c.trade_no == payment.trade_no);
    if known {
        let text = "the channel says that it is paid: known already";
        unchanged(draft, &flow.no, source, text);
        return;
    }
    if reverse::returns(draft, flow, payment, source) {
        return;
    }
    if flow.is_denied() && payment.returned {
        let text = "it says: paid and given back; nothing of it is left";
        unchanged(draft, &flow.no, source, text);
        return;
    }
    if payment.amount == flow.amount() {
        take(draft, flow, payment, source);
    } else {
        take_or_doubt(draft, flow, payment, source);
    }
}

/// Another amount than was asked for: a message alone is not believed. Asked a
/// second time, or in its bill, the channel's word counts, and a person has to look
/// at it.
fn take_or_doubt(draft: &mut Draft<'_>, flow: &Flow, payment: &Payment, source: Source) {
    let no = flow.no.as_str();
    let repeated = source == Source::Query && flow.claimed == Some(payment.amount);
    if repeated || source == Source::Bill {
        report_amount(draft, flow, payment, "a person must look at it");
        draft.advance(&flow.no, FlowFact::SeenPaid);
        record(draft, flow, payment, CaptureKind::WrongAmount);
        let text = format!(
            "{} CNY were paid in place of {}",
            payment.amount,
            flow.amount()
        );
        draft.line(source, Some(no), text);
        return;
    }
    let text = format!(
        "{} CNY were paid, it says, in place of {}: not believed yet",
        payment.amount,
        flow.amount()
    );
    if flow.claimed == Some(payment.amount) {
        unchanged(draft, &flow.no, source, &text);
        return;
    }
    draft.line(source, Some(no), text);
    // What is settled is asked about no more; its bill will tell.
    let settled = flow.status.is_settled();
    let then = match settled {
        true => "not believed; the bill will tell",
        false => "not believed, the channel is asked",
    };
    report_amount(draft, flow, payment, then);
    let due = draft.now.plus(draft.timing.first_retry);
    if let Some(known) = draft.flow_mut(&flow.no).filter(|_| !settled) {
        known.claimed = Some(payment.amount);
        known.next = Some(Next::first(Call::Query, due));
    }
}

fn report_amount(draft: &mut Draft<'_>, flow: &Flow, payment: &Payment, then: &str) {
    let detail = format!(
        "the channel names {} CNY (trade {}) where {} CNY were asked for; {then}",
        payment.amount,
        payment.trade_no,
        flow.amount()
    );
    let (kind, no) = (ExceptionKind::AmountMismatch, flow.no.as_str());
    draft.report(kind, no, Some(payment.amount), detail);
}

/// The right amount: it pays the order, or it is too much, or too late: the order is
/// closed, or the payer was told that their code has paid nothing.
fn take(draft: &mut Draft<'_>, flow: &Flow, payment: &Payment, source: Source) {
    draft.advance(&flow.no, FlowFact::SeenPaid);
    if let Some(known) = draft.flow_mut(&flow.no) {
        known.claimed = None;
    }
    let accepts = draft.state.order.policy.late_payment == LatePayment::Accept;
    match draft.state.order.status {
        OrderStatus::Open if !flow.is_denied() => win(draft, flow, payment, source),
        OrderStatus::Open | OrderStatus::Closed if accepts => {
            win(draft, flow, payment, source);
            let text = "it comes late and is accepted (policy)";
            draft.line(Source::Till, Some(flow.no.as_str()), text);
        }
        OrderStatus::Paid => {
            let text = format!(
                "{} CNY more were paid for an order that is paid",
                payment.amount
            );
            draft.line(source, Some(flow.no.as_str()), text);
            let detail = "the order was paid already; this payment is given back in full by itself";
            give_back(draft, flow, payment, CaptureKind::Surplus, detail);
        }
        OrderStatus::Open => {
            let text = format!(
                "{} CNY were paid by a code that is {}",
                payment.amount,
                flow.status.name()
            );
            let why = "the payer was told that their code has paid nothing";
            late(draft, flow, payment, source, text, why);
        }
        OrderStatus::Closed => {
            let text = format!(
                "{} CNY were paid for an order that is closed",
                payment.amount
            );
            let why = "the order was closed already";
            late(draft, flow, payment, source, text, why);
        }
    }
}

/// Money that came too late: it goes back, and the merchant hears of it.
fn late(
    draft: &mut Draft<'_>,
    flow: &Flow,
    payment: &Payment,
    source: Source,
    text: String,
    why: &str,
) {
    draft.line(source, Some(flow.no.as_str()), text);
    let detail = format!("{why}; this payment is given back in full by itself");
    give_back(draft, flow, payment, CaptureKind::Late, &detail);
    draft.tell(EventKind::LatePayment);
}

fn win(draft: &mut Draft<'_>, flow: &Flow, payment: &Payment, source: Source) {
    record(draft, flow, payment, CaptureKind::Winner);
    let order = &mut draft.state.order;
    order.status = OrderStatus::Paid;
    order.paid_by = Some(flow.no.clone());
    order.paid_at = Some(payment.paid_at);
    order.next = None;
    let text = format!("paid: {} CNY by {}", payment.amount, flow.way());
    draft.line(source, Some(flow.no.as_str()), text);
    draft.tell(EventKind::OrderPaid);
    close_others(draft, &flow.no);
}

/// Money that should not have come: recorded, shown to a person, and returned
/// under a number that belongs to this capture alone.
fn give_back(
    draft: &mut Draft<'_>,
    flow: &Flow,
    payment: &Payment,
    kind: CaptureKind,
    detail: &str,
) {
    let capture = record(draft, flow, payment, kind);
    // The reason is read by the payer, in their wallet.
    let (exception, reason) = match (kind, draft.state.order.status) {
        (CaptureKind::Late, OrderStatus::Open) => (ExceptionKind::LatePayment, "收款未成功，退回"),
        (CaptureKind::Late, _) => (ExceptionKind::LatePayment, "订单已关闭，退回"),
        _ => (ExceptionKind::DuplicatePayment, "重复支付，退回"),
    };
    draft.report(exception, capture.id.as_str(), Some(payment.amount), detail);
    let no = draft.state.order.id.refund(draft.state.refunds.len() + 1);
    let text = format!("{} CNY are given back", payment.amount);
    draft.line(Source::Till, Some(no.as_str()), text);
    draft.state.refunds.push(Refund {
        no: no.clone(),
        capture: capture.id,
        account: flow.account.clone(),
        merchant_refund_no: None,
        request: RefundRequest {
            refund_no: no,
            flow_no: flow.no.clone(),
            trade_no: payment.trade_no.clone(),
            amount: payment.amount,
            total: payment.amount,
            reason: Some(reason.to_owned()),
            notify_url: flow.request.notify_url.clone(),
        },
        status: RefundStatus::Requested,
        created_at: draft.now,
        settled_at: None,
        detail: None,
        next: Some(Next::first(Call::Refund, draft.now)),
    });
}

fn record(draft: &mut Draft<'_>, flow: &Flow, payment: &Payment, kind: CaptureKind) -> Capture {
    let capture = Capture {
        id: draft.state.order.id.capture(draft.state.captures.len() + 1),
        flow_no: flow.no.clone(),
        account: flow.account.clone(),
        trade_no: payment.trade_no.clone(),
        amount: payment.amount,
        paid_at: payment.paid_at,
        seen_at: draft.now,
        payer: payment.payer.clone(),
        kind,
    };
    draft.state.captures.push(capture.clone());
    capture
}

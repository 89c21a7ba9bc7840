//! What a merchant's wish to give money back leads to.

use super::Reply;
use super::draft::Draft;
use crate::channel::RefundRequest;
use crate::command::{RefundCommand, Refusal};
use crate::journal::Source;
use crate::money::Money;
use crate::refund::{Refund, RefundStatus};
use crate::task::{Call, Next};
use crate::time::{Span, Timestamp};
use crate::way::ChannelKind;

/// Both channels' contracts end at a year at the latest (WeChat: TRADE_OVERDUE).
const REFUNDABLE_DAYS: u32 = 365;
/// WeChat Pay takes fifty partial refunds of a payment.
const MOST_REFUNDS: usize = 50;

pub(super) fn refund(draft: &mut Draft<'_>, wish: &RefundCommand) -> Reply {
    let number = Some(wish.merchant_refund_no.as_str());
    if let Some(known) = draft
        .state
        .refunds
        .iter()
        .find(|r| r.merchant_refund_no.as_deref() == number)
    {
        return repeated(known, wish);
    }
    let Some(capture) = draft.state.winner().cloned() else {
        return Reply::No(Refusal::NotPaid);
    };
    let left = capture
        .amount
        .checked_sub(draft.state.held(&capture.id))
        .unwrap_or(Money::ZERO);
    if wish.amount > left {
        return Reply::No(Refusal::RefundExceedsCapture { left });
    }
    let earlier = draft
        .state
        .refunds
        .iter()
        .filter(|refund| refund.capture == capture.id);
    if earlier.clone().count() >= MOST_REFUNDS {
        let text = "the channel takes 50 refunds of a payment at most";
        return Reply::No(Refusal::RefundLimit(text.to_owned()));
    }
    if draft.now.since(capture.paid_at) > Span::minutes(REFUNDABLE_DAYS * 24 * 60) {
        let text = "the channel refunds within a year of the payment only";
        return Reply::No(Refusal::RefundLimit(text.to_owned()));
    }
    let asked: Vec<Timestamp> = earlier.map(|refund| refund.created_at).collect();
    let Some(flow) = draft.state.flow(&capture.flow_no).cloned() else {
        return Reply::No(Refusal::NotPaid);
    };
    let no = draft.state.order.id.refund(draft.state.refunds.len() + 1);
    let due = spaced(draft, flow.way().channel(), &asked);
    draft.state.refunds.push(Refund {
        no: no.clone(),
        capture: capture.id,
        account: capture.account,
        merchant_refund_no: Some(wish.merchant_refund_no.clone()),
        request: RefundRequest {
            refund_no: no.clone(),
            flow_no: capture.flow_no,
            trade_no: capture.trade_no,
            amount: wish.amount,
            total: capture.amount,
            reason: wish.reason.clone(),
            notify_url: flow.request.notify_url,
        },
        status: RefundStatus::Requested,
        created_at: draft.now,
        settled_at: None,
        detail: None,
        next: Some(Next::first(Call::Refund, due)),
    });
    let text = format!("the merchant asks to give {} CNY back", wish.amount);
    draft.line(Source::Merchant, Some(no.as_str()), text);
    if due <= draft.now {
        draft.run_refund(&no, Call::Refund);
    }
    Reply::Refund(no, true)
}

/// The same number again: the same refund, or a mistake.
fn repeated(known: &Refund, wish: &RefundCommand) -> Reply {
    if known.amount() != wish.amount {
        return Reply::No(Refusal::RefundConflict { field: "amount" });
    }
    if known.request.reason != wish.reason {
        return Reply::No(Refusal::RefundConflict { field: "reason" });
    }
    Reply::Refund(known.no.clone(), false)
}

/// The channels want a pause between two refunds of one payment: each has its turn
/// a pause after the one before, however many were asked for at once.
fn spaced(draft: &Draft<'_>, channel: ChannelKind, asked: &[Timestamp]) -> Timestamp {
    let own = channel.traits().refund_spacing;
    let pause = draft.timing.refund_spacing.unwrap_or(own);
    let free = asked
        .iter()
        .fold(Timestamp::default(), |free, at| free.max(*at).plus(pause));
    free.max(draft.now)
}

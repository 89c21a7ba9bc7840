//! Giving money back (alipay.trade.refund) and asking what became of it
//! (alipay.trade.fastpay.refund.query). `out_request_no` is our refund number, the
//! same on every repetition: Alipay refunds once per number.

use super::client::{Addresses, Client, Said};
use super::codes::{Call, Meaning};
use super::convert;
use super::wire::{ByRefund, Refund, RefundQueried, RefundTaken};
use cashier::channel::{Cause, CauseKind, Outcome, RefundRequest, Refunded};
use cashier::money::Money;

/// `fund_change=Y` is the only proof that money moved. Anything else that Alipay
/// took (a repetition, a trade that is closed by now) is to be asked for.
pub(super) async fn refund(client: &Client, request: &RefundRequest) -> Outcome<Refunded> {
    let content = Refund {
        trade_no: &request.trade_no,
        refund_amount: request.amount.to_yuan(),
        out_request_no: request.refund_no.as_str(),
        refund_reason: request.reason.as_deref().map(convert::reason),
    };
    match client
        .ask(
            Call::Refund,
            &content,
            Some(&request.flow_no),
            Addresses::default(),
        )
        .await
    {
        Ok(Said::Yes(taken)) => taken_as(&taken, request),
        Ok(Said::No(no)) if no.meaning == Meaning::Ask => Outcome::Done(Refunded::Processing),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

/// An answer without a refund in it means that Alipay has not got it, or has not
/// finished it: the same refund is to be sent again.
pub(super) async fn query_refund(client: &Client, request: &RefundRequest) -> Outcome<Refunded> {
    let content = ByRefund {
        trade_no: &request.trade_no,
        out_request_no: request.refund_no.as_str(),
    };
    match client
        .ask(
            Call::QueryRefund,
            &content,
            Some(&request.flow_no),
            Addresses::default(),
        )
        .await
    {
        Ok(Said::Yes(queried)) => queried_as(&queried, request),
        Ok(Said::No(no)) if no.meaning == Meaning::NotFound => Outcome::Done(Refunded::NotFound),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

fn taken_as(taken: &RefundTaken, request: &RefundRequest) -> Outcome<Refunded> {
    if is_other(taken.trade_no.as_deref(), &request.trade_no) {
        return mismatch("about another trade_no");
    }
    if taken.fund_change.as_deref() != Some("Y") {
        return Outcome::Done(Refunded::Processing);
    }
    // Cumulative over the trade, hence at least this refund.
    match taken.refund_fee.as_deref().map(Money::from_yuan) {
        Some(Ok(all)) if all < request.amount => mismatch("refund_fee is less than was asked for"),
        Some(Err(_)) => unreadable("refund_fee is not an amount"),
        Some(Ok(_)) | None => Outcome::Done(Refunded::Succeeded),
    }
}

fn queried_as(queried: &RefundQueried, request: &RefundRequest) -> Outcome<Refunded> {
    if is_other(queried.trade_no.as_deref(), &request.trade_no) {
        return mismatch("about another trade_no");
    }
    if is_other(
        queried.out_request_no.as_deref(),
        request.refund_no.as_str(),
    ) {
        return mismatch("about another out_request_no");
    }
    let amount = match queried
        .refund_amount
        .as_deref()
        .map(Money::from_yuan)
        .transpose()
    {
        Ok(amount) => amount,
        Err(_) => return unreadable("refund_amount is not an amount"),
    };
    if amount.is_some_and(|amount| amount != request.amount) {
        return mismatch("refund_amount is not what was asked for");
    }
    match (queried.refund_status.as_deref().unwrap_or_default(), amount) {
        ("", None) => Outcome::Done(Refunded::NotFound),
        // Older contracts leave refund_status out of a success and give the rest.
        ("REFUND_SUCCESS" | "", _) if queried.out_request_no.is_some() => {
            Outcome::Done(Refunded::Succeeded)
        }
        ("REFUND_SUCCESS" | "", _) => mismatch("a refund without out_request_no"),
        _ => unreadable("a refund_status never seen"),
    }
}

fn is_other(said: Option<&str>, asked: &str) -> bool {
    said.is_some_and(|said| said != asked)
}

fn mismatch(detail: &str) -> Outcome<Refunded> {
    Outcome::Unknown(Cause {
        kind: CauseKind::Mismatch,
        detail: detail.to_owned(),
    })
}

fn unreadable(detail: &str) -> Outcome<Refunded> {
    Outcome::Unknown(Cause {
        kind: CauseKind::Unreadable,
        detail: detail.to_owned(),
    })
}

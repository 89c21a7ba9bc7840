//! What holds of an order once everything has come to rest.

use super::{Books, Breach, Findings, Formula, Ledger, Standing};
use crate::exception::{Entry, Exception, ExceptionKind, TILL};
use crate::money::Money;
use crate::order::OrderStatus;
use crate::refund::{Refund, RefundStatus};
use crate::state::OrderState;
use crate::time::{Span, Timestamp};
use crate::timing::Timing;

use Formula as F;

/// Checks an order's rows at rest. Production calls this for orders that have had
/// the time to come to rest, see [`is_due`].
pub fn check(books: &Books<'_>) -> Vec<Breach> {
    let mut found = Findings::default();
    let state = books.state;
    let row = || format!("orders {}", state.order.id);
    found.check(state.order.status != OrderStatus::Open, F::Q3, row, || {
        "it is still open".to_owned()
    });
    for flow in state.flows.iter().filter(|flow| !flow.status.is_settled()) {
        let told = is_told(state, flow.no.as_str());
        let row = || format!("flows {}", flow.no);
        found.check(told, F::Q3, row, || {
            format!("it is {} and nobody is told", flow.status.name())
        });
    }
    for refund in state
        .refunds
        .iter()
        .filter(|refund| !refund.status.is_settled())
    {
        let told = is_told(state, refund.no.as_str());
        let row = || format!("refunds {}", refund.no);
        found.check(told, F::Q3, row, || {
            format!("it is {} and nobody is told", refund.status.name())
        });
    }
    exceptions(&mut found, state);
    exposure(&mut found, state);
    deliveries(&mut found, books);
    found.0
}

/// Whether an order has had the time to come to rest: everything that could be
/// paid is over, and whatever Till does by itself has had an hour and is not
/// waiting for its turn.
pub fn is_due(state: &OrderState, timing: &Timing, now: Timestamp) -> bool {
    let patience = timing
        .margin
        .as_millis()
        .saturating_add(Span::minutes(60).as_millis());
    let since = |at: Timestamp| now.since(at).as_millis() > patience;
    let paid = state.captures.iter().map(|capture| capture.seen_at);
    let asked = state.refunds.iter().map(|refund| refund.created_at);
    let turns = state
        .refunds
        .iter()
        .filter_map(|refund| refund.next)
        .map(|next| next.due);
    let ends = state.flows.iter().map(|flow| flow.expires_at());
    let over = match state.order.status {
        OrderStatus::Open => since(state.order.expires_at),
        OrderStatus::Paid | OrderStatus::Closed => true,
    };
    over && paid.chain(asked).chain(turns).chain(ends).all(since)
}

/// Q2, as far as our rows can tell: money that is too much has gone back, or a
/// person is told.
fn exposure(found: &mut Findings, state: &OrderState) {
    for capture in &state.captures {
        use crate::capture::CaptureKind::{Late, Surplus, WrongAmount};
        let is_wrong = matches!(capture.kind, Surplus | Late | WrongAmount);
        if is_wrong && state.refunded(&capture.id) != capture.amount {
            let of_capture = |refund: &&Refund| refund.capture == capture.id;
            let refund = state
                .refunds
                .iter()
                .find(of_capture)
                .map(|refund| refund.no.as_str());
            let told = is_told(state, capture.id.as_str())
                || is_told(state, capture.flow_no.as_str())
                || refund.is_some_and(|no| is_told(state, no));
            let row = || format!("captures {}", capture.id);
            found.check(told, F::Q2, row, || {
                format!(
                    "{} fen too much are still here, and nobody is told",
                    capture.amount.fen()
                )
            });
        }
    }
}

/// Q2 at the channels: what they hold of the order is what the order says, or a
/// person is told.
pub fn check_ledger(books: &Books<'_>, ledger: &Ledger) -> Vec<Breach> {
    let mut found = Findings::default();
    let state = books.state;
    let taken = state
        .flows
        .iter()
        .filter_map(|flow| ledger.trades.get(&flow.no));
    let taken = Money::sum(
        taken
            .filter(|trade| trade.is_paid())
            .map(|trade| trade.amount),
    );
    let back = state.flows.iter().map(|flow| ledger.given_back(&flow.no));
    let back = back.collect::<Option<Vec<Money>>>().and_then(Money::sum);
    let held = taken
        .zip(back)
        .and_then(|(taken, back)| taken.checked_sub(back));
    let wanted =
        |refund: &&Refund| !refund.is_automatic() && refund.status == RefundStatus::Succeeded;
    let wanted = Money::sum(state.refunds.iter().filter(wanted).map(Refund::amount));
    let owed = match state.order.status {
        OrderStatus::Paid => wanted.and_then(|wanted| state.order.amount.checked_sub(wanted)),
        OrderStatus::Open | OrderStatus::Closed => Some(Money::ZERO),
    };
    let explained = held.is_some() && held == owed;
    let told = state
        .exceptions
        .iter()
        .any(|exception| tells_of_money(exception.kind) && is_shown(state, exception));
    let row = || format!("orders {}", state.order.id);
    found.check(explained || told, F::Q2, row, || {
        format!("the channels hold {held:?} of it, it says {owed:?}, and nobody is told")
    });
    found.0
}

/// Whether an exception of this kind says that the channels may hold something else
/// than the order says. A duplicate or late payment alone does not: it goes back.
fn tells_of_money(kind: ExceptionKind) -> bool {
    matches!(
        kind,
        ExceptionKind::AmountMismatch
            | ExceptionKind::RefundFailed
            | ExceptionKind::RefundAbnormal
            | ExceptionKind::ExternalRefund
            | ExceptionKind::NoAnswer
    )
}

/// Q4: every event reached the merchant, or was tried to the end.
fn deliveries(found: &mut Findings, books: &Books<'_>) {
    for delivery in books.deliveries {
        let row = || format!("deliveries {}", delivery.event);
        found.check(delivery.standing != Standing::Pending, F::Q4, row, || {
            "the merchant has not been told".to_owned()
        });
    }
}

/// Whether a person is told about it: what Till has called over itself tells nobody.
fn is_told(state: &OrderState, about: &str) -> bool {
    let exceptions = state.exceptions.iter();
    let mut of_it = exceptions.filter(|exception| exception.about() == about);
    of_it.any(|exception| is_shown(state, exception))
}

/// Whether an exception is open, or was until a person ended it.
fn is_shown(state: &OrderState, exception: &Exception) -> bool {
    let by_till = |entry: &Entry| entry.exception == exception.id && entry.actor == TILL;
    !state.resolutions.iter().any(by_till)
}

/// Q3 for exceptions: none is open about which nothing is left to do.
fn exceptions(found: &mut Findings, state: &OrderState) {
    for exception in &state.exceptions {
        let returns = matches!(
            exception.kind,
            ExceptionKind::DuplicatePayment | ExceptionKind::LatePayment
        );
        let capture = state
            .captures
            .iter()
            .find(|c| c.id.as_str() == exception.about());
        let is_back = capture.is_some_and(|c| state.refunded(&c.id) == c.amount);
        let open = !state.is_resolved(&exception.id);
        let row = || format!("exceptions {}", exception.id);
        found.check(!(returns && is_back && open), F::Q3, row, || {
            "it is open although all of the money has gone back".to_owned()
        });
    }
}

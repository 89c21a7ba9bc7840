//! A12, A14, A15: what the merchant is told.

use super::{Books, Findings, Formula, row_of_order};
use crate::capture::CaptureKind;
use crate::event::EventKind;
use crate::order::OrderStatus;
use crate::refund::{Refund, RefundStatus};
use crate::state::OrderState;

use Formula as F;

/// A14, A15: an event for each version and for each thing that is to be told.
pub(super) fn check(found: &mut Findings, books: &Books<'_>) {
    let state = books.state;
    let row = || row_of_order(state);
    let versions = books.events.iter().map(|event| event.version);
    let count = u32::try_from(books.events.len()).unwrap_or(u32::MAX);
    let gapless = versions.eq(1..=count);
    found.check(gapless, F::A15, row, || {
        "the versions of its events have a gap or repeat".to_owned()
    });
    found.check(count == state.order.version, F::A14, row, || {
        format!(
            "its version is {} and it has {count} events",
            state.order.version
        )
    });
    for event in books.events {
        let row = || format!("events {}", event.id);
        let own = event.order == state.order.id && event.app == state.order.app;
        found.check(own, F::A12, row, || {
            "it belongs to another order or application".to_owned()
        });
        found.check(
            event.id == state.order.id.event(event.version),
            F::A15,
            row,
            || "its id is not that of its version".to_owned(),
        );
    }
    let told = books.deliveries.len() == books.events.len()
        && books
            .deliveries
            .iter()
            .zip(books.events)
            .all(|(delivery, event)| delivery.event == event.id);
    found.check(told, F::A14, row, || "an event has no delivery".to_owned());
    for (kind, wanted) in to_be_told(state) {
        let count = books
            .events
            .iter()
            .filter(|event| event.kind == kind)
            .count();
        found.check(count == wanted, F::A14, row, || {
            format!(
                "{} was told {count} times in place of {wanted}",
                kind.name()
            )
        });
    }
}

/// How many times the merchant must have been told of what.
fn to_be_told(state: &OrderState) -> [(EventKind, usize); 6] {
    let captures = |kind| state.captures.iter().filter(|c| c.kind == kind).count();
    let refunds = |status, automatic| {
        let of = |r: &&Refund| r.status == status && r.is_automatic() == automatic;
        state.refunds.iter().filter(of).count()
    };
    [
        (
            EventKind::OrderPaid,
            usize::from(state.order.status == OrderStatus::Paid),
        ),
        // An order that was closed and accepts late money was closed all the same.
        (
            EventKind::OrderClosed,
            usize::from(state.order.closed.is_some()),
        ),
        (EventKind::LatePayment, captures(CaptureKind::Late)),
        (
            EventKind::SurplusRefunded,
            refunds(RefundStatus::Succeeded, true),
        ),
        (
            EventKind::RefundSucceeded,
            refunds(RefundStatus::Succeeded, false),
        ),
        (
            EventKind::RefundFailed,
            refunds(RefundStatus::Failed, false),
        ),
    ]
}

//! What holds of what the merchant received.

use super::{Books, Breach, Findings, Formula, Receipt, Standing};
use crate::id::EventId;
use std::collections::BTreeMap;

use Formula as F;

/// Checks everything that one merchant received against the events of an order:
/// the same bytes each time (A15), and at rest each event once at least (Q4).
pub fn check(
    books: &Books<'_>,
    received: &BTreeMap<EventId, Vec<Receipt>>,
    at_rest: bool,
) -> Vec<Breach> {
    let mut found = Findings::default();
    for (event, delivery) in books.events.iter().zip(books.deliveries) {
        let row = || format!("events {}", event.id);
        let receipts = received.get(&event.id).map_or(&[][..], Vec::as_slice);
        let same = receipts.iter().all(|receipt| receipt.body == event.body);
        found.check(same, F::A15, row, || {
            "the merchant received other bytes".to_owned()
        });
        let delivered = delivery.standing == Standing::Delivered;
        found.check(!delivered || !receipts.is_empty(), F::Q4, row, || {
            "it counts as delivered, and the merchant has not received it".to_owned()
        });
        if at_rest && delivery.standing == Standing::Pending {
            found.check(!receipts.is_empty(), F::Q4, row, || {
                "the merchant has not received it".to_owned()
            });
        }
    }
    found.0
}

/// Checks that nothing was received that was never committed (A16).
pub fn check_unknown<'a>(
    events: impl IntoIterator<Item = &'a EventId>,
    received: &BTreeMap<EventId, Vec<Receipt>>,
) -> Vec<Breach> {
    let known: std::collections::BTreeSet<&EventId> = events.into_iter().collect();
    let mut found = Findings::default();
    for id in received.keys() {
        let row = || format!("events {id}");
        found.check(known.contains(id), F::A16, row, || {
            "the merchant was told what is not committed".to_owned()
        });
    }
    found.0
}

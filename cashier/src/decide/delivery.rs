//! What a delivery means to a person: an exception when it was tried to the end of
//! the schedule, and its end when the event was delivered after all. The store
//! writes either in the transaction that records the try.

use crate::event::Event;
use crate::exception::{Entry, EntryKind, Exception, ExceptionKind, TILL};
use crate::id::ExceptionId;
use crate::time::Timestamp;

/// The exception about an event that was tried `tries` times, the last time at `at`
/// with that `error`.
pub fn exhausted(event: &Event, tries: u32, error: Option<&str>, at: Timestamp) -> Exception {
    let detail = format!(
        "the merchant's server did not take the event {} ({}) in {tries} tries; the last one: {}",
        event.id,
        event.kind.name(),
        error.unwrap_or("not taken")
    );
    Exception {
        id: ExceptionId::new(event.id.as_str().replacen("evt_", "exc_e", 1)),
        order: Some(event.order.clone()),
        account: None,
        kind: ExceptionKind::WebhookExhausted,
        subject: event.id.as_str().to_owned(),
        amount: None,
        detail,
        opened_at: at,
    }
}

/// The end of that exception: the event was delivered at `at`.
pub fn delivered(exception: &ExceptionId, at: Timestamp) -> Entry {
    Entry {
        exception: exception.clone(),
        kind: EntryKind::Resolved,
        actor: TILL.to_owned(),
        text: "the event was delivered".to_owned(),
        at,
    }
}

//! The HTTP interface, told as stories: a real gateway, the real sandbox, a real
//! database. One file a noun of the interface.

#![expect(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    reason = "these are tests: what is missing fails the story"
)]

mod auth;
mod documents;
mod envelope;
mod events;
mod exceptions;
mod idempotency;
mod notices;
mod orders;
mod payments;
mod refunds;
mod timeline;
mod validation;

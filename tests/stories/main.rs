//! Whole-system stories about money: what a payer, a merchant and two unreliable
//! channels can do to one order, and what is true once everything has come to rest.
//! Each story runs over a real gateway and the real sandbox, on each database.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: what is missing fails the story"
)]

mod accepted;
mod alerts;
mod audited;
mod barcode;
mod bills;
mod closing;
mod crowd;
mod deadline;
mod early;
mod failing_close;
mod late;
mod notices;
mod refunds;
mod restart;
mod rotation;
mod silence;
mod strict;
mod switching;
mod timeline;
mod truth;
mod two_tabs;
mod webhooks;
mod wrong_signatures;

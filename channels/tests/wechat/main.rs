//! The WeChat Pay adapter against the sandbox: real HTTP, real signatures, and
//! faults on demand. The sandbox shares no code with the adapter.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails its test by a panic"
)]

mod barcode;
mod bills;
mod calls;
mod faults;
mod notices;
mod partner;
mod payers;
mod platform;
mod refunds;
mod shop;

//! The APIv2 adapter against the sandbox: real HTTPS with the client's certificate,
//! real signatures, and faults on demand. The sandbox shares no code with the adapter.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails its test by a panic"
)]

mod barcodes;
mod bills;
mod calls;
mod faults;
mod notices;
mod provider;
mod refunds;
mod shop;

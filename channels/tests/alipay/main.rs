//! The Alipay adapter against the sandbox: real HTTP, real signatures, and faults
//! on demand. The sandbox shares no code with the adapter.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's helper fails its test by a panic"
)]

mod bills;
mod calls;
mod certificates;
mod counter;
mod faults;
mod notices;
mod providers;
mod shop;
mod wallet;

//! The sandbox's WeChat Pay APIv3 over real HTTP, with real signatures, driven by a merchant
//! whose reading of the protocol shares nothing with the sandbox's.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test a value that is not there is the failure"
)]

mod acts;
mod authorization;
mod barcode;
mod bills;
mod close;
mod faults;
mod merchant;
mod notices;
mod oauth;
mod orders;
mod partner;
mod payer;
mod platform;
mod probes;
mod receiver;
mod refunds;
mod restart;
mod sensitive;
mod switches;

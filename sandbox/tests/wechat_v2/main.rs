//! The sandbox's WeChat Pay v2 over real HTTP and TLS, with real signatures, driven by a merchant
//! whose reading of the protocol shares nothing with the sandbox's. The ledger says what happened.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    reason = "in a test a value that is not there is the failure"
)]

mod acts;
mod barcode;
mod bills;
mod certificate;
mod envelope;
mod faults;
mod merchant;
mod message;
mod notices;
mod one_ledger;
mod orders;
mod provider;
mod receiver;
mod refunds;
mod restart;
mod v3;

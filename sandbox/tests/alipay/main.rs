//! The simulated Alipay over real HTTP: an app with a key of its own calls, a payer pays, and a
//! merchant's server receives. Expected values come from Alipay's documents.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "in a test a value that is not there is the failure"
)]

mod barcode;
mod bills;
mod certificates;
mod control;
mod faults;
mod gateway;
mod jsapi;
mod merchant;
mod notices;
mod oauth;
mod pages;
mod provider;
mod receiver;
mod refunds;
mod statuses;
mod trades;
mod wallet;

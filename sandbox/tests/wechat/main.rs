//! The sandbox's WeChat Pay APIv3 over real HTTP, with real signatures, driven by a merchant
//! whose reading of the protocol shares nothing with the sandbox's.

mod authorization;
mod close;
mod faults;
mod merchant;
mod notices;
mod orders;
mod payer;
mod receiver;
mod refunds;

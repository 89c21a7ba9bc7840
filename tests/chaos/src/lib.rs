//! Chaos: the real program as processes, a real database, the simulated channels,
//! payers and a merchant; everything is killed, cut, stalled and filled up while
//! they go about their business. Then the faults end, everything must come to rest,
//! and the books of three parties must agree: the channels', Till's, and what the
//! merchant received. The formulas are those of `cashier::audit`.
//!
//! Nothing of the gateway is linked here: Till is a program at the end of a socket.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's stage fails by panicking, with what it was about"
)]

pub mod accounts;
pub mod books;
pub mod channels;
pub mod clock;
pub mod counts;
pub mod dice;
pub mod disk;
pub mod load;
pub mod merchant;
pub mod node;
pub mod options;
pub mod postgres;
pub mod proxy;
pub mod receiver;
pub mod report;
pub mod rest;
pub mod setting;
pub mod stage;
pub mod story;
pub mod trouble;

//! The core of Till: what an order, a payment flow, a capture and a refund are,
//! which moves are legal, and the ports through which the outside is reached.
//!
//! No I/O, no async runtime, no ambient clock or randomness.

pub mod agreed_clock;
pub mod audit;
pub mod capture;
pub mod channel;
pub mod command;
pub mod decide;
pub mod delivery;
pub mod desk;
pub mod event;
pub mod exception;
pub mod flow;
pub mod id;
pub mod journal;
pub mod memory;
pub mod money;
pub mod order;
pub mod policy;
pub mod reading;
pub mod refund;
pub mod shell;
pub mod snapshot;
pub mod state;
pub mod store;
pub mod task;
pub mod time;
pub mod timeline;
pub mod timing;
pub mod way;

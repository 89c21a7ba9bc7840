//! The core of Till: what an order, a payment flow, a capture and a refund are,
//! which moves are legal, and the ports through which the outside is reached.
//!
//! No I/O, no async runtime, no ambient clock or randomness.

pub mod channel;
pub mod id;
pub mod money;
pub mod time;
pub mod way;

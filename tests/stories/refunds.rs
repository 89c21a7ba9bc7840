//! Refunds: money goes back once.

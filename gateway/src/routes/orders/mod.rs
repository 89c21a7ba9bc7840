//! Orders: made, looked at, paid, closed, refunded.

pub mod close;
pub mod create;
pub mod expand;
pub mod find;
pub mod get;
pub mod pay;
pub mod refund;

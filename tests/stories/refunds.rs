//! Refunds: money goes back once, under one number, and never more than was taken,
//! whatever a channel does to the calls.

mod ends;
mod faults;
mod numbers;
mod parts;
pub mod under_way;

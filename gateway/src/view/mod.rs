//! What the interface answers: amounts in fen, times RFC 3339 in UTC. Each view
//! is made from the core's snapshot by naming every field, so that a new field
//! does not compile until somebody decides what merchants see of it.

pub mod action;
pub mod event;
pub mod exception;
pub mod flow;
pub mod order;
pub mod refund;
pub mod schema;
pub mod timeline;

//! Logs and metrics.
//!
//! Logs go to standard error, one JSON object a line (or text for people), with
//! dotted field names that mean the same everywhere: `request.id`, `order.id`,
//! `account.id`, `event.id`, `attempt.number`, `duration_ms`. Never logged: keys,
//! signatures, bodies, tokens, who the payer is. Types see to that, and behind
//! them stands [`redact`], through which every line goes.

pub mod access;
pub mod log;
pub mod metrics;
pub mod redact;

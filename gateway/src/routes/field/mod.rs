//! The fields of requests: what each may hold, checked once, at the door. Every
//! refusal names the field and its rule.

pub mod amount;
pub mod link;
pub mod metadata;
pub mod name;
pub mod number;
pub mod payer;
pub mod text;
pub mod ways;
pub mod words;

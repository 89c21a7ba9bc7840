//! Events: the pull side of the webhooks.

pub mod list;
pub mod redeliver;

//! Telling operators of exceptions at once: to a webhook of their own, or to the
//! robots of the chats that they read.
//!
//! An alert is written with its exception and sent at least once: until the target
//! takes it, or for about a day. What is due together goes into one message, since
//! robots take 20 a minute. Addresses and secrets are never logged, and neither is
//! what a robot answers, but for the number of its error.

mod answer;
mod dingtalk;
mod feishu;
mod generic;
mod message;
mod schedule;
mod sender;
mod wecom;

pub use sender::Alerter;

use crate::webhook::{Failure, SecretFault};

/// A request that is ready to be sent. Not to be printed: the address is a secret.
struct Outgoing {
    url: String,
    headers: Vec<(&'static str, String)>,
    body: String,
}

/// Why a message was not taken. Holds no address and no body.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
enum AlertFailure {
    /// It did not come through, or was answered with another status than 2xx.
    #[error(transparent)]
    Http(#[from] Failure),
    /// The robot answered 200 and a number that means no.
    #[error("the robot refused with the code {0}: its documents say what to change")]
    Refused(i64),
    /// The robot answered 200 and something that is not its answer.
    #[error("the answer is not a robot's: is it the robot's address?")]
    Unclear,
    /// It could not be signed.
    #[error(transparent)]
    Secret(#[from] SecretFault),
}

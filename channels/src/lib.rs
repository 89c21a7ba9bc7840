//! Alipay and WeChat Pay behind [`cashier::channel::Channel`].
//!
//! Each channel is a folder with the same file names: `account` (credentials,
//! parsed once), `client` (one signed call), `sign` (what is signed), `wire` (the
//! channel's shapes, which never leave the folder), `convert` (the channel's words
//! to and from ours), `notice`, `codes` (one table of every answer code), and one
//! file a call. What they share lies here: the HTTP client, RSA keys, and the one
//! way to print a channel's words.

pub mod alipay;
#[cfg(test)]
mod documented;
#[cfg(fuzzing)]
#[expect(clippy::expect_used, reason = "a broken promise is a panic")]
pub mod fuzz;
mod http;
mod key;
mod redact;
pub mod wechat;
pub mod wechat_v2;

pub use key::KeyFault;

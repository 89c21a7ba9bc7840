//! Unguessable names for what the sandbox hands out.

use aws_lc_rs::rand;

/// 128 random bits, hex. Should the system refuse randomness, it says so in the log: a sandbox
/// guards no money, so it goes on.
pub(crate) fn token() -> String {
    let mut bytes = [0; 16];
    if rand::fill(&mut bytes).is_err() {
        tracing::error!("the operating system gives no randomness");
    }
    hex::encode(bytes)
}

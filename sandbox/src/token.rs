//! Unguessable names for what the sandbox hands out.

use aws_lc_rs::rand;

/// 128 random bits, hex. If the system gives no randomness the process cannot go on honestly, so
/// the name is all zeros and the next use of it collides visibly.
pub(crate) fn token() -> String {
    let mut bytes = [0; 16];
    if rand::fill(&mut bytes).is_err() {
        tracing::error!("the operating system gives no randomness");
    }
    hex::encode(bytes)
}

//! The core under test: the real decide and shell in a small simulated world.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "a test that panics has failed"
)]

mod barcode;
mod found;
mod journal;
mod permutations;
mod stories;
mod time;
mod turns;
mod wandering;
mod world;

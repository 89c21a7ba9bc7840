//! The checkout page over HTTP, as browsers of every kind meet it: a real gateway,
//! a real database, the real sandbox. What Chromium makes of it is in `browser`.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "these are tests: what is missing fails the story"
)]

mod browser;
mod hop;
mod safety;
mod shop;
mod states;
mod stream;
mod ways;

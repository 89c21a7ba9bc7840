//! `till doctor`: the real program, real keys, a running sandbox.
#![cfg(test)]

mod address;
mod beside;
mod clinic;
mod clock;
mod keys;
mod mistakes;
mod stored;

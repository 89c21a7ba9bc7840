//! Draft.
pub mod bounds;
pub mod channel;
pub mod check;
pub mod key;
pub mod laws;
pub mod met;
pub mod rest;
pub mod till;
pub mod time;
pub mod work;
pub mod world;

//! Draft.
pub mod bounds;
pub mod channel;
pub mod key;
pub mod laws;
pub mod met;
pub mod till;
pub mod time;
pub mod work;
pub mod world;
pub mod rest;

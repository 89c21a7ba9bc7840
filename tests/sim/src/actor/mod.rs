//! Everybody who uses Till, and the nature that they live in.

pub mod attacker;
pub mod clerk;
pub mod merchant;
pub mod nature;
pub mod operator;
pub mod payer;

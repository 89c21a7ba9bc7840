//! The `till` binary.

fn main() {}

//! The simulator: the real core, shell and schedule over the store in memory, in a
//! world whose time, channels, payers, merchants and faults all come from a seed.
//!
//! The same seed gives the same trace, byte for byte. After every commit the rows
//! are checked against [`cashier::audit`]; at the end the faults stop, everything
//! comes to rest, and what must hold at rest is checked too.

mod actor;
mod bank;
mod exec;
mod letter;
mod line;
mod node;
mod plan;
mod post;
mod run;
mod shrink;
mod sight;
mod store;
mod world;

pub use plan::{FAULTS, Plan};
pub use run::run;
pub use shrink::shrink;
pub use sight::{CrashPoint, Met, Outcome};

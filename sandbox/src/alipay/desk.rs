//! What the simulated Alipay keeps besides its trades: its rules, and what lives for minutes.
//! None of it is saved.

use super::rules::Rules;

/// Guarded together with the ledger.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// The switches.
    pub(crate) rules: Rules,
}

//! What the simulated Alipay keeps besides its trades: its rules, and what lives for minutes.
//! None of it is saved.

use super::bill::Tickets;
use super::oauth::Grants;
use super::rules::Rules;

/// Guarded together with the ledger.
#[derive(Debug, Default)]
pub(crate) struct Desk {
    /// The switches.
    pub(crate) rules: Rules,
    /// What payers agreed to.
    pub(super) grants: Grants,
    /// Bills that can be fetched now.
    pub(super) tickets: Tickets,
}

//! What must never break, as formulas: one module for the simulator, for the chaos
//! tests, and for `till audit` in production.
//!
//! A formula is checked against evidence. There are four kinds, and whoever has
//! more checks more:
//!
//! - the rows of one order ([`Books`]): [`rows`] at any moment, [`rest`] when
//!   nothing is under way any more;
//! - what the channels believe ([`Ledger`]), which only tests can read: [`ledger`];
//! - what the merchant received ([`Receipt`]): [`receipts`];
//! - the order as it was before a commit: [`step`].
//!
//! `A` formulas hold always, after every commit and after every crash; `Q` formulas
//! hold once everything has come to rest. Nothing here decides anything: a
//! [`Breach`] is a defect of Till, or damage to its database.

mod book;
mod formula;
pub mod ledger;
pub mod receipts;
pub mod rest;
pub mod rows;
pub mod step;

pub use book::{Books, Delivery, Ledger, Receipt, RefundEntry, Standing, TradeEntry, TradeState};
pub use formula::{Breach, Formula};

/// Breaches being collected.
#[derive(Debug, Default)]
struct Findings(Vec<Breach>);

impl Findings {
    /// Notes a breach of `formula` unless `holds`. The words are made only then.
    fn check(
        &mut self,
        holds: bool,
        formula: Formula,
        row: impl FnOnce() -> String,
        detail: impl FnOnce() -> String,
    ) {
        if !holds {
            self.0.push(Breach {
                formula,
                row: row(),
                detail: detail(),
            });
        }
    }
}

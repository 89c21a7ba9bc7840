//! The formulas by name.

use std::fmt;

/// A formula that must hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Formula {
    /// Each capture and each refund that we believe in stands in the channel's
    /// ledger, with the same account, number and amount.
    A1,
    /// One row for each fact: a channel's trade is captured once.
    A2,
    /// An order is paid exactly if one capture of exactly its amount won it.
    A3,
    /// What was acknowledged is durable.
    A4,
    /// Nothing happens at a channel without a row that was committed before, and
    /// whatever is unsettled has a task.
    A5,
    /// At most one flow of an order can be paid, but for a recorded overlap.
    A6,
    /// A closed flow cannot be paid any more; an expired one was asked about after
    /// its end.
    A7,
    /// Unknown is not a failure: a flow has failed only by the channel's own no.
    A8,
    /// What is given back of a capture never exceeds it.
    A9,
    /// Each intent to refund refunds once; money that is too much goes back once.
    A10,
    /// An order is paid only by what names its account, flow and amount.
    A11,
    /// A merchant's rows hold nothing of another merchant.
    A12,
    /// The same wish again is the same thing.
    A13,
    /// Each version of an order has its event, committed with the change.
    A14,
    /// An event's bytes never change, and versions have no gap.
    A15,
    /// The merchant is told the truth.
    A16,
    /// Amounts are whole fen from 1 to 10^12, the same wherever they are repeated.
    A17,
    /// No secret leaves.
    A18,
    /// Evidence is only ever added; an exception is settled by somebody, for a reason.
    A19,
    /// Locks, leases and caches guard nothing: whatever they do, the others hold.
    A20,
    /// The time of a payment is the channel's; an order's end is not before its time.
    A21,
    /// Everything is bounded.
    A22,
    /// All the money that a channel took or gave back is in our rows.
    Q1,
    /// What the channels hold of an order is what the order says, or a person is told.
    Q2,
    /// Nothing is in between.
    Q3,
    /// Every event reached the merchant, or a person is told.
    Q4,
    /// Bills and rows agree.
    Q5,
    /// A payment is found within its time, even if every notice is lost.
    Q6,
    /// Facts in any order, any number of times, lead to the same.
    Q7,
    /// A crash changes nothing in the end.
    Q8,
    /// Past its end, nothing can be paid.
    Q9,
    /// Every queue becomes empty.
    Q10,
}

use Formula as F;

impl Formula {
    /// Every formula.
    pub const ALL: [Formula; 32] = [
        F::A1,
        F::A2,
        F::A3,
        F::A4,
        F::A5,
        F::A6,
        F::A7,
        F::A8,
        F::A9,
        F::A10,
        F::A11,
        F::A12,
        F::A13,
        F::A14,
        F::A15,
        F::A16,
        F::A17,
        F::A18,
        F::A19,
        F::A20,
        F::A21,
        F::A22,
        F::Q1,
        F::Q2,
        F::Q3,
        F::Q4,
        F::Q5,
        F::Q6,
        F::Q7,
        F::Q8,
        F::Q9,
        F::Q10,
    ];

    /// Its name: `A1` … `Q10`.
    pub fn name(self) -> String {
        format!("{self:?}")
    }
}

impl fmt::Display for Formula {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A formula that does not hold for a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Breach {
    /// The formula.
    pub formula: Formula,
    /// Table and key of the row, as in `refunds rfd_01…`.
    pub row: String,
    /// What is wrong, in words.
    pub detail: String,
}

impl fmt::Display for Breach {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}: {}", self.formula, self.row, self.detail)
    }
}

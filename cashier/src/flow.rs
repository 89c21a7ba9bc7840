//! A payment flow: one try at paying an order, and the table of its legal moves.

use crate::channel::{Action, PayRequest};
use crate::id::{AccountId, FlowNo};
use crate::money::Money;
use crate::task::Next;
use crate::time::Timestamp;
use crate::way::Way;
use serde::{Deserialize, Serialize};

/// A payment flow (支付流水).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flow {
    /// Its number, the channel's `out_trade_no`. Never repeats.
    pub no: FlowNo,
    /// Through which channel account.
    pub account: AccountId,
    /// What is sent to the channel, the same on every repetition.
    pub request: PayRequest,
    /// Where it stands.
    pub status: FlowStatus,
    /// What the payer's side got; `None` until the channel gave something.
    pub action: Option<Action>,
    /// Until when the artefact is good (UTC), where that is shorter than the
    /// flow itself (WeChat's h5_url lives five minutes).
    pub action_until: Option<Timestamp>,
    /// When it was made (UTC).
    pub created_at: Timestamp,
    /// When the payer changed to another way while this one could not be closed
    /// (UTC). It is watched until it cannot be paid any more; no page shows it.
    pub superseded_at: Option<Timestamp>,
    /// When the channel last would not close it (UTC), with the payer refused
    /// the change of way because of that.
    pub close_refused_at: Option<Timestamp>,
    /// When Till first asked the channel to take this barcode payment back (UTC). From
    /// then on money that is seen on it is on its way back to the payer, unless the
    /// channel refuses.
    pub reverse_wanted_at: Option<Timestamp>,
    /// When the channel last answered a question about it, or did not (UTC).
    pub asked_at: Option<Timestamp>,
    /// Why it stands where it stands, in the channel's words (code and message).
    pub reason: Option<String>,
    /// What the last unconfirmed claim of a wrong amount was: believed when it
    /// is said a second time, in answer to a question.
    pub claimed: Option<Money>,
    /// What to do next about it.
    pub next: Option<Next>,
}

/// Where a flow stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FlowStatus {
    /// The intent is committed; the channel has not answered yet.
    Created,
    /// The payer can pay it.
    Live,
    /// We want it closed; the channel has not confirmed that.
    Closing,
    /// A call was sent and nobody knows what became of it.
    Unknown,
    /// The channel took money for it.
    Paid,
    /// The channel confirmed that it can no longer be paid.
    Closed,
    /// Its time is over, and a later query found nothing.
    Expired,
    /// The channel refused it.
    Failed,
}

/// What happens to a flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FlowFact {
    /// The channel gave an artefact.
    Issued,
    /// The channel refused to make it.
    Refused,
    /// The call never left this machine.
    NotSent,
    /// The call's outcome is unknown.
    Unanswered,
    /// Somebody wants it closed.
    CloseWanted,
    /// It could not be closed, and the payer was refused the change of way.
    Reopened,
    /// The channel says that it is closed and unpaid.
    SeenClosed,
    /// The channel says, after its end and margin, that it does not exist.
    SeenGone,
    /// The channel says that it is paid.
    SeenPaid,
}

use FlowFact as F;
use FlowStatus as S;

/// Every legal move. What is not here does not happen.
pub const MOVES: &[(FlowStatus, FlowFact, FlowStatus)] = &[
    (S::Created, F::Issued, S::Live),
    (S::Created, F::Refused, S::Failed),
    // An earlier call, cut off by a crash, may have been sent all the same.
    (S::Created, F::NotSent, S::Created),
    (S::Created, F::Unanswered, S::Unknown),
    (S::Created, F::CloseWanted, S::Closing),
    (S::Created, F::SeenClosed, S::Closed),
    (S::Created, F::SeenPaid, S::Paid),
    (S::Unknown, F::Issued, S::Live),
    // An earlier call may have arrived: what it made must still be closed.
    (S::Unknown, F::Refused, S::Closing),
    (S::Unknown, F::NotSent, S::Unknown),
    (S::Unknown, F::Unanswered, S::Unknown),
    (S::Unknown, F::CloseWanted, S::Closing),
    (S::Unknown, F::SeenClosed, S::Closed),
    (S::Unknown, F::SeenPaid, S::Paid),
    // The same flow asked for again, for a fresh artefact.
    (S::Live, F::Issued, S::Live),
    (S::Live, F::Refused, S::Closing),
    (S::Live, F::NotSent, S::Live),
    (S::Live, F::Unanswered, S::Live),
    (S::Live, F::CloseWanted, S::Closing),
    (S::Live, F::SeenClosed, S::Closed),
    (S::Live, F::SeenPaid, S::Paid),
    // An answer to the creation that arrives while we close changes nothing.
    (S::Closing, F::Issued, S::Closing),
    (S::Closing, F::Refused, S::Closing),
    (S::Closing, F::NotSent, S::Closing),
    (S::Closing, F::Unanswered, S::Closing),
    (S::Closing, F::CloseWanted, S::Closing),
    (S::Closing, F::Reopened, S::Live),
    (S::Closing, F::SeenClosed, S::Closed),
    (S::Closing, F::SeenGone, S::Expired),
    // The payer was faster than our close.
    (S::Closing, F::SeenPaid, S::Paid),
    (S::Closed, F::SeenClosed, S::Closed),
    (S::Expired, F::SeenClosed, S::Expired),
    (S::Failed, F::SeenClosed, S::Failed),
    // The channel contradicts itself: money is money.
    (S::Closed, F::SeenPaid, S::Paid),
    (S::Expired, F::SeenPaid, S::Paid),
    (S::Failed, F::SeenPaid, S::Paid),
    (S::Paid, F::SeenPaid, S::Paid),
];

/// The move is not in [`MOVES`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("a flow that is {} does not take {fact:?}", status.name())]
pub struct IllegalMove {
    /// Where the flow stands.
    pub status: FlowStatus,
    /// What does not apply to it.
    pub fact: FlowFact,
}

impl FlowStatus {
    /// Every status.
    pub const ALL: [FlowStatus; 8] = [
        S::Created,
        S::Live,
        S::Closing,
        S::Unknown,
        S::Paid,
        S::Closed,
        S::Expired,
        S::Failed,
    ];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            S::Created => "created",
            S::Live => "live",
            S::Closing => "closing",
            S::Unknown => "unknown",
            S::Paid => "paid",
            S::Closed => "closed",
            S::Expired => "expired",
            S::Failed => "failed",
        }
    }

    /// Whether nothing more is expected of it. Money may still come.
    pub const fn is_settled(self) -> bool {
        matches!(self, S::Paid | S::Closed | S::Expired | S::Failed)
    }

    /// Where `fact` leads.
    ///
    /// # Errors
    /// [`IllegalMove`] for what [`MOVES`] does not list.
    pub fn after(self, fact: FlowFact) -> Result<FlowStatus, IllegalMove> {
        MOVES
            .iter()
            .find(|(from, by, _)| *from == self && *by == fact)
            .map(|(_, _, to)| *to)
            .ok_or(IllegalMove { status: self, fact })
    }
}

impl FlowFact {
    /// Every fact.
    pub const ALL: [FlowFact; 9] = [
        F::Issued,
        F::Refused,
        F::NotSent,
        F::Unanswered,
        F::CloseWanted,
        F::Reopened,
        F::SeenClosed,
        F::SeenGone,
        F::SeenPaid,
    ];
}

impl Flow {
    /// The way of paying.
    pub fn way(&self) -> Way {
        self.request.way
    }

    /// What is to be paid, in fen.
    pub fn amount(&self) -> Money {
        self.request.amount
    }

    /// When it can no longer be paid (UTC).
    pub fn expires_at(&self) -> Timestamp {
        self.request.expires_at
    }

    /// Whether whoever brought the payer's code was told that it has paid nothing: they
    /// may have gone, or have paid in another way.
    pub fn is_denied(&self) -> bool {
        self.way().is_barcode() && self.status.is_settled() && self.status != FlowStatus::Paid
    }

    /// Whether it is the try in progress: neither settled nor superseded.
    pub fn is_current(&self) -> bool {
        !self.status.is_settled() && self.superseded_at.is_none()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::BTreeSet;

    #[test]
    fn the_grid_of_moves_is_as_reviewed() {
        let grid: Vec<String> = FlowStatus::ALL
            .iter()
            .flat_map(|from| {
                FlowFact::ALL
                    .iter()
                    .map(move |fact| match from.after(*fact) {
                        Ok(to) => format!("{:8} {fact:?} -> {}", from.name(), to.name()),
                        Err(_) => format!("{:8} {fact:?} refused", from.name()),
                    })
            })
            .collect();
        insta::assert_snapshot!(grid.join("\n"));
    }

    #[test]
    fn no_move_is_listed_twice() {
        let keys: BTreeSet<_> = MOVES.iter().map(|(from, fact, _)| (from, fact)).collect();
        assert_eq!(keys.len(), MOVES.len());
    }

    #[test]
    fn every_status_reaches_an_end_and_paid_is_final() {
        for start in FlowStatus::ALL {
            let mut seen = BTreeSet::from([start]);
            let mut open = vec![start];
            while let Some(from) = open.pop() {
                for (_, _, to) in MOVES.iter().filter(|(f, _, _)| *f == from) {
                    if seen.insert(*to) {
                        open.push(*to);
                    }
                }
            }
            assert!(seen.iter().any(|s| s.is_settled()), "{start:?}");
        }
        assert!(
            MOVES
                .iter()
                .all(|(from, _, to)| *from != S::Paid || *to == S::Paid)
        );
    }

    #[test]
    fn unknown_never_fails_and_never_closes_by_itself() {
        for fact in [F::Unanswered, F::NotSent] {
            assert_eq!(S::Unknown.after(fact), Ok(S::Unknown));
            assert_eq!(S::Closing.after(fact), Ok(S::Closing));
        }
    }
}

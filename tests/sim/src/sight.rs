//! What a run has seen: situations that must really have happened (K), the trace,
//! and the breaches.

use cashier::audit::{Breach, Formula};
use cashier::time::Timestamp;
use std::collections::BTreeMap;
use std::fmt::{self, Write};
use std::hash::{DefaultHasher, Hasher};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A situation that a set of runs must have met; one that it never met says that
/// the set proves less than it seems to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Met {
    /// K1: money that was too much was given back.
    SurplusRefunded,
    /// K2: the payer was faster than our close.
    CloseLostTheRace,
    /// K3: what the channel did not know yet was paid afterwards.
    NotFoundThenPaid,
    /// K4: a confirmed close was followed by money all the same.
    LateAfterClosed,
    /// K5: a notice came before the answer to the creation was committed.
    NoticeBeforeAnswer,
    /// K6: every notice of a payment was lost, and a query found it.
    FoundByQuery,
    /// K7: only the bill told of a payment.
    FoundByBill,
    /// K8: nobody knew whether a commit was written.
    UnknownCommit,
    /// K9: a node died before or after a commit, a call, or an acknowledgement.
    Crash(CrashPoint),
    /// K10: a refund was unknown and succeeded.
    RefundUnknownThenDone,
    /// K11: a refund was refused because others held the money.
    RefundCapped,
    /// K12: a channel's key changed while notices were under way.
    KeyChanged,
    /// K13: two holders of one lease worked at the same time.
    DoubleHolder,
    /// K14: a merchant was down for 25 hours and heard everything afterwards.
    LongOutage,
    /// K15: another amount was named, and a person was told.
    AmountMismatch,
    /// K16: a notice of a partial refund came that looks like a payment.
    PartialRefundNotice,
    /// K17: a trade was known as finished before it was known as paid.
    FinishedFirst,
    /// K18: a payment before midnight was first heard of after it.
    MidnightSplit,
    /// K19: a decision lost against another one and was made again.
    Conflict,
    /// K20: a probe with a wrong signature was refused.
    ProbeRefused,
    /// K21: a payer's code was paid at once.
    CodePaidAtOnce,
    /// K22: the wallet asked for a password, and the payer paid.
    CodePaidAfterWaiting,
    /// K23: a payer's code was refused, and they were told so.
    CodeRefused,
    /// K24: what nobody had paid was taken back.
    ReversedUnpaid,
    /// K25: a payment was taken back.
    ReversedPaid,
    /// K26: a payment arrived after the channel knew nothing to take back.
    ArrivedAfterReversal,
    /// K27: the channel asked for the same reversal again.
    ReversedAgain,
    /// K28: the channel would not take a payment back, and it counts.
    ReversalRefused,
    /// K29: a no that nobody had signed, and it was paid.
    UnsignedThenPaid,
    /// K30: a notice told of a payment that was taken back.
    NoticeAfterReversal,
    /// K31: a bill told of a payment that was taken back.
    BilledAfterReversal,
    /// K32: an answer to a reversal was lost after it was done.
    ReversalUnheard,
    /// K33: a code that the channel had refused was paid, and its order stayed open.
    RefusedCodePaid,
    /// K34: a code that the channel had not known past its end was paid, and its order
    /// stayed open.
    ExpiredCodePaid,
    /// K35: a code whose payer was told no was paid, and that counts by policy.
    DeniedCodeAccepted,
    /// K36: a no that nobody had signed, and the payment was taken back.
    UnsignedReversalDone,
    /// K37: a no that nobody had signed, and the refund was made.
    UnsignedRefundMade,
    /// K38: a notice was the first to tell that a refund was made.
    RefundByNotice,
    /// K39: a notice told that a refund will not happen.
    RefundClosedByNotice,
    /// K40: a refund was refused for good, and the channel was asked about it.
    RefundRefused,
    /// K41: a refund that needed a person was made in the end.
    AbnormalRefundEnded,
    /// K42: only the bill told of a refund that was made by hand.
    HandRefundByBill,
    /// K43: a bill named a trade that Till never made.
    StrayInBill,
    /// K44: a bill was brought a second time.
    BilledTwice,
}

/// Where a node may die.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum CrashPoint {
    /// Before a commit reaches the database.
    BeforeCommit,
    /// After a commit, before anybody hears of it.
    AfterCommit,
    /// After the commit of a notice, before the channel is answered.
    AfterNotice,
    /// Before a call leaves.
    BeforeCall,
    /// After the channel has answered, before that is committed.
    AfterCall,
    /// After tasks were taken, before they are run.
    AfterClaim,
    /// After the merchant has taken an event, before that is recorded.
    AfterDelivery,
}

use CrashPoint as C;
use Met as M;

impl Met {
    /// Every situation.
    pub const ALL: &[Met] = &[
        M::SurplusRefunded,
        M::CloseLostTheRace,
        M::NotFoundThenPaid,
        M::LateAfterClosed,
        M::NoticeBeforeAnswer,
        M::FoundByQuery,
        M::FoundByBill,
        M::UnknownCommit,
        M::Crash(C::BeforeCommit),
        M::Crash(C::AfterCommit),
        M::Crash(C::AfterNotice),
        M::Crash(C::BeforeCall),
        M::Crash(C::AfterCall),
        M::Crash(C::AfterClaim),
        M::Crash(C::AfterDelivery),
        M::RefundUnknownThenDone,
        M::RefundCapped,
        M::KeyChanged,
        M::DoubleHolder,
        M::LongOutage,
        M::AmountMismatch,
        M::PartialRefundNotice,
        M::FinishedFirst,
        M::MidnightSplit,
        M::Conflict,
        M::ProbeRefused,
        M::CodePaidAtOnce,
        M::CodePaidAfterWaiting,
        M::CodeRefused,
        M::ReversedUnpaid,
        M::ReversedPaid,
        M::ArrivedAfterReversal,
        M::ReversedAgain,
        M::ReversalRefused,
        M::UnsignedThenPaid,
        M::NoticeAfterReversal,
        M::BilledAfterReversal,
        M::ReversalUnheard,
        M::RefusedCodePaid,
        M::ExpiredCodePaid,
        M::DeniedCodeAccepted,
        M::UnsignedReversalDone,
        M::UnsignedRefundMade,
        M::RefundByNotice,
        M::RefundClosedByNotice,
        M::RefundRefused,
        M::AbnormalRefundEnded,
        M::HandRefundByBill,
        M::StrayInBill,
        M::BilledTwice,
    ];

    /// Its number among the situations that the project lists.
    pub fn name(self) -> String {
        let number = match self {
            M::SurplusRefunded => 1,
            M::CloseLostTheRace => 2,
            M::NotFoundThenPaid => 3,
            M::LateAfterClosed => 4,
            M::NoticeBeforeAnswer => 5,
            M::FoundByQuery => 6,
            M::FoundByBill => 7,
            M::UnknownCommit => 8,
            M::Crash(_) => 9,
            M::RefundUnknownThenDone => 10,
            M::RefundCapped => 11,
            M::KeyChanged => 12,
            M::DoubleHolder => 13,
            M::LongOutage => 14,
            M::AmountMismatch => 15,
            M::PartialRefundNotice => 16,
            M::FinishedFirst => 17,
            M::MidnightSplit => 18,
            M::Conflict => 19,
            M::ProbeRefused => 20,
            M::CodePaidAtOnce => 21,
            M::CodePaidAfterWaiting => 22,
            M::CodeRefused => 23,
            M::ReversedUnpaid => 24,
            M::ReversedPaid => 25,
            M::ArrivedAfterReversal => 26,
            M::ReversedAgain => 27,
            M::ReversalRefused => 28,
            M::UnsignedThenPaid => 29,
            M::NoticeAfterReversal => 30,
            M::BilledAfterReversal => 31,
            M::ReversalUnheard => 32,
            M::RefusedCodePaid => 33,
            M::ExpiredCodePaid => 34,
            M::DeniedCodeAccepted => 35,
            M::UnsignedReversalDone => 36,
            M::UnsignedRefundMade => 37,
            M::RefundByNotice => 38,
            M::RefundClosedByNotice => 39,
            M::RefundRefused => 40,
            M::AbnormalRefundEnded => 41,
            M::HandRefundByBill => 42,
            M::StrayInBill => 43,
            M::BilledTwice => 44,
        };
        format!("K{number} {self:?}")
    }
}

/// What was seen so far.
pub struct Sight(Mutex<Seen>);

struct Seen {
    hasher: DefaultHasher,
    lines: Option<Vec<String>>,
    met: BTreeMap<Met, u64>,
    breaches: Vec<(Timestamp, Breach)>,
}

impl Sight {
    /// Nothing yet. With `keep`, the trace's lines are kept, not only their hash.
    pub fn new(keep: bool) -> Sight {
        Sight(Mutex::new(Seen {
            hasher: DefaultHasher::new(),
            lines: keep.then(Vec::new),
            met: BTreeMap::new(),
            breaches: Vec::new(),
        }))
    }

    fn lock(&self) -> MutexGuard<'_, Seen> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// A situation was met.
    pub fn met(&self, situation: Met) {
        *self.lock().met.entry(situation).or_default() += 1;
    }

    /// Something happened.
    pub fn trace(&self, now: Timestamp, what: fmt::Arguments<'_>) {
        let mut seen = self.lock();
        seen.hasher.write_i64(now.millis());
        // Writing to a hasher cannot fail.
        let _ = Hash(&mut seen.hasher).write_fmt(what);
        if let Some(lines) = &mut seen.lines {
            lines.push(format!("{:>12} {what}", now.millis() % 1_000_000_000));
        }
    }

    /// Something broke.
    pub fn breach(&self, now: Timestamp, breach: Breach) {
        let mut seen = self.lock();
        if seen.breaches.iter().any(|(_, known)| *known == breach) {
            return;
        }
        if let Some(lines) = &mut seen.lines {
            lines.push(format!(
                "{:>12} BREACH {breach}",
                now.millis() % 1_000_000_000
            ));
        }
        seen.breaches.push((now, breach));
    }

    /// Something broke that the simulator itself has seen.
    pub fn broken(
        &self,
        now: Timestamp,
        formula: Formula,
        row: impl Into<String>,
        detail: impl Into<String>,
    ) {
        let (row, detail) = (row.into(), detail.into());
        self.breach(
            now,
            Breach {
                formula,
                row,
                detail,
            },
        );
    }

    /// Whether something has broken.
    pub fn is_broken(&self) -> bool {
        !self.lock().breaches.is_empty()
    }

    /// Everything that was seen.
    pub fn finish(&self) -> Outcome {
        let seen = self.lock();
        Outcome {
            hash: seen.hasher.finish(),
            lines: seen.lines.clone().unwrap_or_default(),
            met: seen.met.clone(),
            breaches: seen.breaches.clone(),
            steps: 0,
        }
    }
}

/// What came of a run.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The hash of the trace: the same seed has the same.
    pub hash: u64,
    /// The trace, if it was kept.
    pub lines: Vec<String>,
    /// How many times each situation was met.
    pub met: BTreeMap<Met, u64>,
    /// What broke, and when.
    pub breaches: Vec<(Timestamp, Breach)>,
    /// How many steps were made.
    pub steps: u64,
}

struct Hash<'a>(&'a mut DefaultHasher);

impl Write for Hash<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.write(text.as_bytes());
        Ok(())
    }
}

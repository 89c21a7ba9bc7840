//! Situations that must have been met, or the check has proved nothing.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

macro_rules! situations {
    ($($(#[$doc:meta])* $name:ident: $text:literal,)*) => {
        /// Something that happens in a step.
        #[derive(Clone, Copy, Debug, PartialEq, Eq)]
        pub enum Situation {
            $($(#[$doc])* $name,)*
        }

        impl Situation {
            /// Every situation.
            pub const ALL: &[Situation] = &[$(Situation::$name,)*];

            /// What it is, in words.
            pub const fn text(self) -> &'static str {
                match self {
                    $(Situation::$name => $text,)*
                }
            }
        }
    };
}

situations! {
    /// The payer was faster than our close.
    CloseLost: "a close lost the race against the payer",
    /// A close was answered TRADE_NOT_EXIST, and the payer paid after that.
    UnknownTradePaid: "what the channel did not know was paid after all",
    /// The process died between the commit and the creation's call.
    CutBeforeCall: "a creation was cut off before the call and taken again",
    /// The process died between the creation's call and the commit of its outcome.
    CutAfterCall: "a creation was cut off after the call and taken again",
    /// Nobody knew what became of a creation, and then it was known.
    UnknownFlowKnown: "a creation without an answer was settled",
    /// Nobody knew what became of a refund, and then it was known.
    UnknownRefundKnown: "a refund without an answer succeeded",
    /// The channel said that it was too early to close.
    TooEarly: "a close came too early",
    /// A tab had to wait for another's call, and went on.
    Waited: "a tab waited for another's call",
    /// Two calls about the same flow were under way at once.
    TwoCalls: "two calls about one flow were under way at once",
    /// A notice told of a payment before any answer did.
    ByNotice: "a payment was learnt from a notice",
    /// A query told of a payment before any notice did.
    ByQuery: "a payment was learnt from a query",
    /// A notice told of a payment that was known.
    Repeated: "a notice told of a payment that was known",
    /// A flow's time was over and the channel knew nothing of it.
    FlowExpired: "a flow expired",
    /// The order's time was over.
    OrderExpired: "an order expired",
    /// The channel refused a creation for good.
    FlowFailed: "a creation was refused",
    /// A second flow was made while the first could still be paid.
    Overlap: "two flows could be paid, and it was recorded",
    /// A change of way was refused until the old flow has expired.
    Refused: "a change of way was refused",
    /// Money came twice and went back once.
    SurplusReturned: "a second payment was given back",
    /// Money came for a closed order and went back.
    LateReturned: "a late payment was given back",
    /// Money came for a closed order and was accepted.
    LateAccepted: "a late payment was accepted",
    /// Somebody else committed first, and the store's guard refused a decision.
    DecidedAgain: "a decision met the guard and was made again",
    /// Somebody took a task, or time passed, between a decision and its commit.
    Overtaken: "a decision was overtaken and committed all the same",
    /// The merchant gave money back.
    Refunded: "the merchant's refund succeeded",
    /// A code was paid at once.
    CodeAtOnce: "a code was paid at once",
    /// The wallet asked for a password, and the payer paid.
    CodeWaited: "a code was paid after a password",
    /// The channel refused a code.
    CodeRefused: "a code was refused",
    /// What nobody had paid was taken back.
    TakenBack: "a code that nobody had paid was taken back",
    /// A payment was taken back.
    PaidBack: "a payment by code was taken back",
    /// A payment arrived after the channel knew nothing to take back.
    CodeArrived: "a code arrived after a reversal that found nothing",
    /// The channel would not take a payment back, and it counts.
    CodeKept: "a payment was not taken back, and counts",
    /// A code was taken up again after a crash, and asked about.
    CodeCutOff: "a code was cut off and asked about",
    /// Money came by a code that was refused or had expired, and its order stayed open.
    CodeLate: "a code was paid after its payer was told no, and its order stayed open",
    /// The same, and it paid the order by policy.
    CodeLateAccepted: "a code was paid after its payer was told no, and that was accepted",
}

/// How often each was met.
#[derive(Debug)]
pub struct Met {
    counts: [AtomicU64; Situation::ALL.len()],
    complete: AtomicBool,
}

impl Default for Met {
    fn default() -> Met {
        Met {
            counts: std::array::from_fn(|_| AtomicU64::new(0)),
            complete: AtomicBool::new(false),
        }
    }
}

impl Met {
    /// It happens.
    pub fn note(&self, situation: Situation) {
        if let Some(count) = self.counts.get(situation as usize) {
            count.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// How often it has happened.
    pub fn count(&self, situation: Situation) -> u64 {
        self.counts
            .get(situation as usize)
            .map_or(0, |count| count.load(Ordering::Relaxed))
    }

    /// Whether all that was expected has happened; `true` once only, so that
    /// the checker writes down one example and not one for each later state.
    pub fn is_complete(&self, expects: impl Fn(Situation) -> bool) -> bool {
        if self.complete.load(Ordering::Relaxed) {
            return false;
        }
        let mut expected = Situation::ALL.iter().filter(|s| expects(**s));
        expected.all(|situation| self.count(*situation) > 0)
            && !self.complete.swap(true, Ordering::Relaxed)
    }
}

//! The rhythm of asking: visible constants, all in one place.
//!
//! While a flow can be paid, the gap between two queries never exceeds
//! [`Timing::longest_gap`], so that a payment is found within a minute even if
//! no notice ever arrives.

use crate::time::{Span, Timestamp};

/// When what is asked again.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Timing {
    /// The first query after a flow became payable.
    pub first_query: Span,
    /// The shortest gap between two queries of a payable flow.
    pub shortest_gap: Span,
    /// The longest gap between two queries of a payable flow.
    pub longest_gap: Span,
    /// How long after its end a flow may still turn out to be paid.
    pub margin: Span,
    /// The least time that a flow must have left to be handed out.
    pub least_life: Span,
    /// The first pause after a call without a usable answer; it doubles.
    pub first_retry: Span,
    /// The longest pause between such calls.
    pub longest_retry: Span,
    /// How long a task is leased: longer than any call may take.
    pub lease: Span,
    /// How long a caller waits for somebody else's call.
    pub patience: Span,
    /// How long a channel that refused a close is not asked again by a payer.
    pub close_again: Span,
    /// How old a trade must be before it can be closed, where the channel says
    /// that it was too early (WeChat: five minutes).
    pub close_age: Span,
    /// How long past its end a flow may go unanswered before a person sees it.
    pub unanswered: Span,
    /// The first query of a refund after it was sent.
    pub refund_query: Span,
    /// The longest pause between queries of a refund.
    pub refund_longest: Span,
    /// The time between two refunds of one payment, in place of the channel's own.
    pub refund_spacing: Option<Span>,
    /// How long a payment by the payer's code is asked about before it is taken back,
    /// in place of the channels' own: at WeChat Pay, and everywhere else.
    pub barcode_life: Option<(Span, Span)>,
    /// How long WeChat's h5_url is good (documented: five minutes), less a bit.
    pub h5_life: Span,
}

impl Default for Timing {
    fn default() -> Self {
        Timing {
            first_query: Span::seconds(15),
            shortest_gap: Span::seconds(10),
            longest_gap: Span::seconds(45),
            margin: Span::seconds(60),
            least_life: Span::seconds(65),
            first_retry: Span::seconds(2),
            longest_retry: Span::minutes(5),
            lease: Span::seconds(30),
            patience: Span::seconds(12),
            close_again: Span::seconds(3),
            close_age: Span::minutes(5),
            unanswered: Span::minutes(5),
            refund_query: Span::seconds(10),
            refund_longest: Span::minutes(60),
            refund_spacing: None,
            barcode_life: None,
            h5_life: Span::seconds(270),
        }
    }
}

impl Timing {
    /// When a payable flow is asked about next: at a quarter of its age, within
    /// the two gaps, and at its end at the latest.
    pub fn next_query(&self, created: Timestamp, expires: Timestamp, now: Timestamp) -> Timestamp {
        let gap = now
            .since(created)
            .divided_by(4)
            .clamp(self.shortest_gap, self.longest_gap);
        let due = now.plus(gap);
        if now < expires { due.min(expires) } else { due }
    }

    /// When a call without a usable answer is made again.
    pub fn retry(&self, attempt: u32, now: Timestamp) -> Timestamp {
        now.plus(self.first_retry.doubled(attempt, self.longest_retry))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_payable_flow_is_never_left_alone_for_a_minute() {
        let timing = Timing::default();
        let created = Timestamp::from_millis(0);
        let expires = created.plus(Span::minutes(15));
        let mut now = created.plus(timing.first_query);
        while now < expires {
            let next = timing.next_query(created, expires, now);
            assert!(next > now && next.since(now) <= Span::seconds(45));
            now = next;
        }
        assert_eq!(now, expires);
    }
}

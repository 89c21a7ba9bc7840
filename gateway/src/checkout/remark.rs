//! What a page says once about what has just been asked of it: why a wish was
//! not granted, or that nothing was found. It travels as a word in the address,
//! so that it survives the redirect and a reload, and says nothing else.

use super::text::Text;
use cashier::command::Refusal;

/// What has just happened.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Remark {
    /// Another payment of this order is being processed.
    InProgress,
    /// The channel was asked and knows of no payment.
    NotYet,
    /// The payment that the payer came for is no longer the current one.
    Changed,
    /// The channel does not answer.
    NoAnswer,
    /// The channel refused.
    Refused,
    /// The way cannot be used for this order.
    Unavailable,
    /// The payer's openid is missing.
    Incomplete,
    /// The wallet did not name the payer.
    Unnamed,
}

impl Remark {
    /// Every remark.
    pub const ALL: [Remark; 8] = [
        Remark::InProgress,
        Remark::NotYet,
        Remark::Changed,
        Remark::NoAnswer,
        Remark::Refused,
        Remark::Unavailable,
        Remark::Incomplete,
        Remark::Unnamed,
    ];

    /// The word in the address.
    pub const fn name(self) -> &'static str {
        match self {
            Remark::InProgress => "in_progress",
            Remark::NotYet => "not_yet",
            Remark::Changed => "changed",
            Remark::NoAnswer => "no_answer",
            Remark::Refused => "refused",
            Remark::Unavailable => "unavailable",
            Remark::Incomplete => "incomplete",
            Remark::Unnamed => "unnamed",
        }
    }

    /// The remark of that word.
    pub fn named(name: &str) -> Option<Remark> {
        Remark::ALL.into_iter().find(|remark| remark.name() == name)
    }

    /// Why a payment was not begun. `None` where the page itself says it: the
    /// order is paid, expired or closed.
    pub fn about(refusal: &Refusal) -> Option<Remark> {
        match refusal {
            Refusal::OrderPaid | Refusal::OrderExpired | Refusal::OrderClosed => None,
            Refusal::ChannelUnavailable { .. } => Some(Remark::NoAnswer),
            Refusal::ChannelRefused { .. } => Some(Remark::Refused),
            Refusal::WayUnavailable { .. } => Some(Remark::Unavailable),
            Refusal::Incomplete { .. } => Some(Remark::Incomplete),
            // The others do not answer a wish to pay; waiting is safe.
            _ => Some(Remark::InProgress),
        }
    }

    /// The words.
    pub const fn text(self, text: &Text) -> &'static str {
        match self {
            Remark::InProgress => text.remark_in_progress,
            Remark::NotYet => text.remark_not_yet,
            Remark::Changed => text.remark_changed,
            Remark::NoAnswer => text.remark_no_answer,
            Remark::Refused => text.remark_refused,
            Remark::Unavailable => text.remark_unavailable,
            Remark::Incomplete => text.remark_incomplete,
            Remark::Unnamed => text.remark_unnamed,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_remark_survives_the_address() {
        for remark in Remark::ALL {
            assert_eq!(Remark::named(remark.name()), Some(remark));
        }
        assert_eq!(Remark::named("<script>"), None);
    }
}

//! What a person reads about an exception: what happened, what Till did by itself,
//! and what is left to do.

use crate::desk::Standing;
use crate::exception::ExceptionKind;
use crate::refund::{Refund, RefundStatus};

/// An exception in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reading {
    /// What happened.
    pub happened: &'static str,
    /// What Till did, and does, by itself.
    pub did: String,
    /// What is left to a person; "nothing" in words, if it is so.
    pub left: String,
}

const NOTHING: &str = "Nothing is left to do.";
const WAIT: &str = "Nothing for now: this ends by itself when the money is back.";
const CONSOLE: &str = "Finish the refund in the channel's console, or pay the money back in \
                       another way; then resolve this.";

/// Puts an exception into words.
pub fn read(standing: &Standing) -> Reading {
    let kind = standing.exception.kind;
    Reading {
        happened: happened(kind),
        did: did(kind, standing.refund.as_ref()),
        left: match &standing.resolution {
            Some(_) => NOTHING.to_owned(),
            None => left(kind, standing.refund.as_ref()),
        },
    }
}

const fn happened(kind: ExceptionKind) -> &'static str {
    match kind {
        ExceptionKind::DuplicatePayment => "An order that was paid already was paid again.",
        ExceptionKind::LatePayment => {
            "An order was paid after it had been closed, or by a code whose payer had been told \
             that nothing was paid."
        }
        ExceptionKind::AmountMismatch => {
            "The channel names another amount than the payer was asked for."
        }
        ExceptionKind::IdentityMismatch => {
            "The channel signed a notice that is for another merchant or application."
        }
        ExceptionKind::UnknownTrade => "The channel tells of a number that Till never gave out.",
        ExceptionKind::NoAnswer => {
            "The channel gives no usable answer about something whose time is over."
        }
        ExceptionKind::RefundFailed => "The channel refused a refund, for now or for good.",
        ExceptionKind::RefundAbnormal => {
            "A refund cannot finish by itself: the payer's card or account does not take it."
        }
        ExceptionKind::ExternalRefund => {
            "Money went back to a payer, and not by a refund that was asked of Till."
        }
        ExceptionKind::NoticeUnprocessable => {
            "The channel signed a notice that Till does not understand."
        }
        ExceptionKind::WebhookExhausted => {
            "The merchant's server did not take an event to the end of the schedule."
        }
        ExceptionKind::BillRefused => "A channel's daily bill cannot be used, or does not come.",
    }
}

fn did(kind: ExceptionKind, refund: Option<&Refund>) -> String {
    let fixed = match kind {
        ExceptionKind::DuplicatePayment | ExceptionKind::LatePayment => {
            return match refund {
                Some(refund) => format!(
                    "Recorded the money, and gives it back in full by itself: {}.",
                    state_of(refund)
                ),
                None => "Recorded the money.".to_owned(),
            };
        }
        ExceptionKind::RefundFailed | ExceptionKind::RefundAbnormal => {
            return match refund {
                Some(refund) => format!("Kept one number for the refund: {}.", state_of(refund)),
                None => "Kept the refund as it is.".to_owned(),
            };
        }
        ExceptionKind::NoAnswer => match refund {
            Some(refund) => return format!("Goes on asking: {}.", state_of(refund)),
            None => "Goes on asking, and lets nothing be paid twice meanwhile.",
        },
        ExceptionKind::AmountMismatch => {
            "Did not believe the message and asked the channel. If the channel says so again, \
             the money is recorded and does not pay the order."
        }
        ExceptionKind::IdentityMismatch => "Refused the notice; no order was changed.",
        ExceptionKind::UnknownTrade => {
            "Kept the notice, if it was one, as evidence; no order was changed."
        }
        ExceptionKind::ExternalRefund => {
            "Wrote down that it happened. It is not counted against what can be refunded."
        }
        ExceptionKind::NoticeUnprocessable => {
            "Kept the notice as evidence and did not acknowledge it, so that the channel sends it \
             again; no order was changed. What it tells of is still found by asking."
        }
        ExceptionKind::WebhookExhausted => {
            "Tried on the whole schedule. The event stays in the list of events."
        }
        ExceptionKind::BillRefused => {
            "Took nothing of it, and asks for it again every twenty minutes while it is one of \
             the last days (bills.days_back)."
        }
    };
    fixed.to_owned()
}

fn left(kind: ExceptionKind, refund: Option<&Refund>) -> String {
    let status = refund.map(|refund| refund.status);
    let fixed = match kind {
        ExceptionKind::DuplicatePayment | ExceptionKind::LatePayment => match status {
            Some(RefundStatus::Succeeded) => NOTHING,
            Some(RefundStatus::Failed) => {
                "Pay the money back in the channel's console or in another way; then resolve this."
            }
            Some(RefundStatus::Abnormal) => CONSOLE,
            Some(_) => WAIT,
            None => "Find out what became of the money; then resolve this.",
        },
        ExceptionKind::RefundFailed => match status {
            Some(RefundStatus::Succeeded) => NOTHING,
            Some(RefundStatus::Failed) => {
                "Read the channel's reason above, mend it (often: top up the balance), and have \
                 the refund made anew under a new number, or pay back in another way; then \
                 resolve this."
            }
            _ => {
                "Mend what the channel names (often: top up the balance). Till sends the refund \
                 again under the same number, and this ends by itself when it succeeds."
            }
        },
        ExceptionKind::RefundAbnormal => match status {
            Some(RefundStatus::Succeeded) => NOTHING,
            _ => CONSOLE,
        },
        ExceptionKind::NoAnswer => {
            "Look it up in the channel's console, and ask the channel's support if it stays so. \
             This ends by itself when the channel answers."
        }
        ExceptionKind::AmountMismatch => {
            "Compare with the channel's console and find out why; give the money back there if \
             it should not stay. Then resolve this."
        }
        ExceptionKind::IdentityMismatch => {
            "Check the account's ids, and where the notices' address stands at the channel. Then \
             resolve this."
        }
        ExceptionKind::UnknownTrade => {
            "Look the number up in the channel's console: does another system use this account? \
             Then resolve this."
        }
        ExceptionKind::ExternalRefund => {
            "Know that the payer has that money too before you refund more. Then resolve this."
        }
        ExceptionKind::NoticeUnprocessable => {
            "Compare the order with the channel's console, and report the notice to Till's \
             maintainers: the channel may have changed its words. Then resolve this."
        }
        ExceptionKind::WebhookExhausted => {
            "Have the merchant's server mended, and deliver the event again; this ends by itself \
             when it is taken."
        }
        ExceptionKind::BillRefused => {
            "Mend what the detail names (often: the right to bills in the channel's console). \
             This ends by itself when the bill is taken; of an older day take it by hand: till \
             bill take ACCOUNT DAY."
        }
    };
    fixed.to_owned()
}

fn state_of(refund: &Refund) -> String {
    let state = match refund.status {
        RefundStatus::Requested => "is about to be sent",
        RefundStatus::Unknown => "was sent, and the channel is being asked what became of it",
        RefundStatus::Processing => "is being made by the channel",
        RefundStatus::Succeeded => "has reached the payer",
        RefundStatus::Failed => "has failed for good",
        RefundStatus::Abnormal => "cannot finish by itself",
    };
    let (no, amount) = (&refund.no, refund.amount());
    match refund.detail.as_deref() {
        Some(detail) => format!("refund {no} of {amount} CNY {state} (the channel: {detail})"),
        None => format!("refund {no} of {amount} CNY {state}"),
    }
}

#[cfg(test)]
mod tests;

//! An exception: something that a person must see. Rows are only ever added: an
//! exception is open until there is a resolution of it, of which there can be one.
//! The same trouble after that is another exception, whose subject is numbered.

use crate::id::{AccountId, ExceptionId, OrderId};
use crate::money::Money;
use crate::time::Timestamp;
use serde::{Deserialize, Serialize};

/// Something that a person must see: its kind, its money, what it is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Exception {
    /// Its name.
    pub id: ExceptionId,
    /// The order it concerns; `None` when no order is known.
    pub order: Option<OrderId>,
    /// The channel account it concerns.
    pub account: Option<AccountId>,
    /// What kind of thing it is.
    pub kind: ExceptionKind,
    /// What it is about: a capture, a refund, a flow, an event, a channel's
    /// number; from the second time on with `#` and the time's number. With the
    /// kind it is unique, so that the same thing is reported once.
    pub subject: String,
    /// The money involved, in fen.
    pub amount: Option<Money>,
    /// What happened and what Till did by itself, in words.
    pub detail: String,
    /// When it was seen (UTC).
    pub opened_at: Timestamp,
}

/// The kinds of exceptions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ExceptionKind {
    /// An order that was paid already was paid again.
    DuplicatePayment,
    /// A closed order was paid, or money came by a code of which the payer was told that
    /// it has paid nothing.
    LatePayment,
    /// A channel names another amount than was asked for.
    AmountMismatch,
    /// A signed notice is for another merchant or application.
    IdentityMismatch,
    /// A signed notice or a bill names a number that we never gave out.
    UnknownTrade,
    /// A channel gives no usable answer about a flow past its end.
    NoAnswer,
    /// A refund was refused, for now or for good.
    RefundFailed,
    /// A refund cannot finish by itself.
    RefundAbnormal,
    /// A refund that was not asked of Till.
    ExternalRefund,
    /// A notice that the channel signed and that cannot be understood.
    NoticeUnprocessable,
    /// An event that the merchant's server did not take to the end of the schedule.
    WebhookExhausted,
    /// A channel's daily bill that cannot be used, or does not come.
    BillRefused,
}

/// What is added to an exception after it was opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// The exception.
    pub exception: ExceptionId,
    /// What it is.
    pub kind: EntryKind,
    /// Whose it is: an operator's name, or [`TILL`].
    pub actor: String,
    /// The note, or the reason of the resolution.
    pub text: String,
    /// When it was added (UTC).
    pub at: Timestamp,
}

/// What is added to an exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum EntryKind {
    /// Words, for whoever looks at it next.
    Note,
    /// It is over. There is one at most.
    Resolved,
}

/// The actor of what Till adds by itself.
pub const TILL: &str = "till";

impl EntryKind {
    /// Every kind.
    pub const ALL: [EntryKind; 2] = [EntryKind::Note, EntryKind::Resolved];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            EntryKind::Note => "note",
            EntryKind::Resolved => "resolved",
        }
    }
}

impl Exception {
    /// What it is about, without the number that a repetition has.
    pub fn about(&self) -> &str {
        match self.subject.rsplit_once('#') {
            Some((about, time)) if is_number(time) => about,
            _ => &self.subject,
        }
    }

    /// The same trouble for the `nth` time, from 2 on: the subject and, where the
    /// name follows from the subject, the name are numbered.
    #[must_use]
    pub fn for_the(mut self, nth: usize) -> Exception {
        if nth > 1 {
            self.id = ExceptionId::new(format!("{}x{nth}", self.id));
            self.subject = format!("{}#{nth}", self.subject);
        }
        self
    }

    /// What is reported of this trouble, if `known` was reported of it before and
    /// `is_resolved` says which of that is over; `None`: it is open already.
    pub fn opened_beside<'a>(
        self,
        known: impl IntoIterator<Item = &'a Exception>,
        is_resolved: impl Fn(&ExceptionId) -> bool,
    ) -> Option<Exception> {
        let mut times: usize = 0;
        for before in known {
            if before.kind == self.kind && before.about() == self.subject {
                if !is_resolved(&before.id) {
                    return None;
                }
                times = times.saturating_add(1);
            }
        }
        Some(self.for_the(times.saturating_add(1)))
    }
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

impl ExceptionKind {
    /// Every kind.
    pub const ALL: [ExceptionKind; 12] = [
        ExceptionKind::DuplicatePayment,
        ExceptionKind::LatePayment,
        ExceptionKind::AmountMismatch,
        ExceptionKind::IdentityMismatch,
        ExceptionKind::UnknownTrade,
        ExceptionKind::NoAnswer,
        ExceptionKind::RefundFailed,
        ExceptionKind::RefundAbnormal,
        ExceptionKind::ExternalRefund,
        ExceptionKind::NoticeUnprocessable,
        ExceptionKind::WebhookExhausted,
        ExceptionKind::BillRefused,
    ];

    /// The name in database and API.
    pub const fn name(self) -> &'static str {
        match self {
            ExceptionKind::DuplicatePayment => "duplicate_payment",
            ExceptionKind::LatePayment => "late_payment",
            ExceptionKind::AmountMismatch => "amount_mismatch",
            ExceptionKind::IdentityMismatch => "identity_mismatch",
            ExceptionKind::UnknownTrade => "unknown_trade",
            ExceptionKind::NoAnswer => "no_answer",
            ExceptionKind::RefundFailed => "refund_failed",
            ExceptionKind::RefundAbnormal => "refund_abnormal",
            ExceptionKind::ExternalRefund => "external_refund",
            ExceptionKind::NoticeUnprocessable => "notice_unprocessable",
            ExceptionKind::WebhookExhausted => "webhook_exhausted",
            ExceptionKind::BillRefused => "bill_refused",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn exception(subject: &str) -> Exception {
        Exception {
            id: ExceptionId::new("exc_1"),
            order: None,
            account: None,
            kind: ExceptionKind::UnknownTrade,
            subject: subject.to_owned(),
            amount: None,
            detail: String::new(),
            opened_at: Timestamp::from_millis(0),
        }
    }

    #[test]
    fn the_same_trouble_is_reported_again_only_once_it_was_over() {
        let first = exception("T1").opened_beside([], |_| false).unwrap();
        assert_eq!((first.id.as_str(), first.subject.as_str()), ("exc_1", "T1"));
        let known = [first];
        assert_eq!(exception("T1").opened_beside(&known, |_| false), None);
        let second = exception("T1").opened_beside(&known, |_| true).unwrap();
        assert_eq!(second.subject, "T1#2");
        assert_eq!(second.about(), "T1");
        let [first] = known;
        let known = [first, second.clone()];
        let only_first = |id: &ExceptionId| *id != second.id;
        assert_eq!(exception("T1").opened_beside(&known, only_first), None);
        let third = exception("T1").opened_beside(&known, |_| true).unwrap();
        assert_eq!(third.subject, "T1#3");
        assert!(exception("T2").opened_beside(&known, |_| false).is_some());
    }

    #[test]
    fn only_a_number_behind_the_sign_is_left_out() {
        for (subject, about) in [("T#2", "T"), ("T#x", "T#x"), ("T#", "T#"), ("T", "T")] {
            assert_eq!(exception(subject).about(), about);
        }
    }
}

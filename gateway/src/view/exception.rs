//! Exceptions, as operators and alerts show them.

use super::schema;
use cashier::desk::Standing;
use cashier::exception::Entry;
use cashier::id::MerchantId;
use cashier::reading::{Reading, read};
use cashier::refund::Refund;
use cashier::snapshot::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

/// An exception as it stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExceptionView {
    /// Its id.
    #[schema(example = "exc_01JD3V0Q9G5T0M4N8R2X7Y6Z1A001")]
    id: String,
    /// What kind of thing it is.
    #[schema(schema_with = schema::exception_kind)]
    kind: &'static str,
    /// Whether it is over.
    #[schema(schema_with = schema::exception_status)]
    status: &'static str,
    /// Whose it is, where that is known.
    merchant_id: Option<String>,
    /// The order, where one is known.
    order_id: Option<String>,
    /// The channel account, where one is known.
    account_id: Option<String>,
    /// What it is about: a flow, a capture, a refund, an event, a channel's number.
    /// With `#2` and so on behind it, the same trouble has come back.
    subject: String,
    /// The money involved, in fen.
    #[schema(example = 8800)]
    amount: Option<i64>,
    /// When it was seen.
    #[schema(format = DateTime)]
    opened_at: String,
    /// What happened.
    what_happened: &'static str,
    /// What was seen exactly, when it was seen.
    detail: String,
    /// What Till did, and does, by itself.
    what_till_did: String,
    /// What is left to a person.
    what_is_left: String,
    /// The refund that it is about, or that Till made because of it, as it is now.
    refund: Option<RefundNowView>,
    /// How it ended; `null` while it is open.
    resolution: Option<ResolutionView>,
}

/// A refund as it is now.
#[derive(Debug, Serialize, ToSchema)]
pub struct RefundNowView {
    /// Its number, also at the channel.
    id: String,
    /// How much, in fen.
    amount: i64,
    /// Where it stands.
    #[schema(schema_with = schema::refund_status)]
    status: &'static str,
    /// Why it stands there, in the channel's words.
    detail: Option<String>,
}

/// How an exception ended.
#[derive(Debug, Serialize, ToSchema)]
pub struct ResolutionView {
    /// Who resolved it: an operator, or `till`.
    #[schema(example = "li_lei")]
    actor: String,
    /// Why it is over.
    reason: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

/// What was added to an exception.
#[derive(Debug, Serialize, ToSchema)]
pub struct EntryView {
    /// What it is.
    #[schema(schema_with = schema::entry_kind)]
    kind: &'static str,
    /// Who added it: an operator, or `till`.
    #[schema(example = "li_lei")]
    actor: String,
    /// The note, or the reason.
    text: String,
    /// When.
    #[schema(format = DateTime)]
    at: String,
}

/// An exception with its history.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExceptionFileView {
    /// The exception.
    #[serde(flatten)]
    pub exception: ExceptionView,
    /// What was added to it, oldest first.
    pub history: Vec<EntryView>,
}

/// A page of exceptions, newest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct ExceptionsView {
    /// The exceptions.
    pub data: Vec<ExceptionView>,
    /// Whether there are older ones.
    pub has_more: bool,
    /// What to send as `after` for the older ones; `null` on the last page.
    #[schema(example = "1790000000123.exc_01JD3V0Q9G5T0M4N8R2X7Y6Z1A001")]
    pub next: Option<String>,
}

impl ExceptionView {
    /// What is shown; `merchant` is whose account it is, where there is no order.
    pub fn of(standing: &Standing, merchant: Option<MerchantId>) -> ExceptionView {
        let Reading {
            happened,
            did,
            left,
        } = read(standing);
        let Standing {
            exception,
            merchant: of_order,
            refund,
            resolution,
        } = standing;
        let merchant = of_order.as_ref().or(merchant.as_ref());
        ExceptionView {
            id: exception.id.to_string(),
            kind: exception.kind.name(),
            status: if resolution.is_some() {
                "resolved"
            } else {
                "open"
            },
            merchant_id: merchant.map(ToString::to_string),
            order_id: exception.order.as_ref().map(ToString::to_string),
            account_id: exception.account.as_ref().map(ToString::to_string),
            subject: exception.subject.clone(),
            amount: exception.amount.map(|amount| amount.fen()),
            opened_at: rfc3339(exception.opened_at),
            what_happened: happened,
            detail: exception.detail.clone(),
            what_till_did: did,
            what_is_left: left,
            refund: refund.as_ref().map(RefundNowView::from),
            resolution: resolution.as_ref().map(ResolutionView::from),
        }
    }
}

impl From<&Refund> for RefundNowView {
    fn from(refund: &Refund) -> RefundNowView {
        RefundNowView {
            id: refund.no.to_string(),
            amount: refund.amount().fen(),
            status: refund.status.name(),
            detail: refund.detail.clone(),
        }
    }
}

impl From<&Entry> for ResolutionView {
    fn from(entry: &Entry) -> ResolutionView {
        ResolutionView {
            actor: entry.actor.clone(),
            reason: entry.text.clone(),
            at: rfc3339(entry.at),
        }
    }
}

impl From<Entry> for EntryView {
    fn from(entry: Entry) -> EntryView {
        EntryView {
            kind: entry.kind.name(),
            actor: entry.actor,
            text: entry.text,
            at: rfc3339(entry.at),
        }
    }
}

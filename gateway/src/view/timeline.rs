//! The timeline: why an order is where it is, in plain words.

use super::schema;
use cashier::snapshot::rfc3339;
use cashier::timeline::Entry;
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that was asked, answered, noticed, decided or told.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who or what brought it about.
    #[schema(schema_with = schema::source)]
    source: &'static str,
    /// The flow, refund, capture or event it is about.
    subject: Option<String>,
    /// What happened, in words.
    text: String,
}

impl From<Entry> for LineView {
    fn from(entry: Entry) -> LineView {
        let Entry {
            at,
            source,
            subject,
            text,
        } = entry;
        LineView {
            at: rfc3339(at),
            source: source.name(),
            subject,
            text,
        }
    }
}

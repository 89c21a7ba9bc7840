//! The timeline: why an order is where it is, in plain words.

use super::schema;
use cashier::journal::Line;
use cashier::snapshot::rfc3339;
use serde::Serialize;
use utoipa::ToSchema;

/// One thing that was asked, answered or decided.
#[derive(Debug, Serialize, ToSchema)]
pub struct LineView {
    /// When.
    #[schema(format = DateTime)]
    at: String,
    /// Who or what brought it about.
    #[schema(schema_with = schema::source)]
    source: &'static str,
    /// The flow, refund or capture it is about.
    subject: Option<String>,
    /// What happened, in words.
    text: String,
}

impl From<Line> for LineView {
    fn from(line: Line) -> LineView {
        let Line {
            order: _,
            at,
            source,
            subject,
            text,
        } = line;
        LineView {
            at: rfc3339(at),
            source: source.name(),
            subject,
            text,
        }
    }
}

//! Events, as the pull side of the webhooks shows them.

use super::schema;
use cashier::snapshot::rfc3339;
use cashier::store::EventRecord;
use serde::Serialize;
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// An event, with how its delivery stands.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventView {
    /// Its id, the `webhook-id`.
    #[schema(example = "evt_01JD3V0Q9G5T0M4N8R2X7Y6Z1A001")]
    id: String,
    /// What happened.
    #[serde(rename = "type")]
    #[schema(schema_with = schema::event_kind)]
    kind: &'static str,
    /// The order it is about.
    order_id: String,
    /// The order's version that it tells of.
    version: u32,
    /// When it happened.
    #[schema(format = DateTime)]
    created_at: String,
    /// How its delivery stands: `pending`, `delivered`, `exhausted`, or `none`
    /// where there is no address.
    #[schema(example = "delivered")]
    delivery: String,
    /// How many times it was tried.
    attempts: u32,
    /// What the webhook delivers, as it is delivered.
    #[schema(value_type = Object)]
    payload: Box<RawValue>,
}

/// A page of events, oldest first.
#[derive(Debug, Serialize, ToSchema)]
pub struct EventsView {
    /// The events.
    pub data: Vec<EventView>,
    /// Whether there are more already.
    pub has_more: bool,
    /// What to send as `after` for what comes next: keep it, also when the page
    /// is empty.
    #[schema(example = "42")]
    pub next: String,
}

/// An event that will be delivered once more.
#[derive(Debug, Serialize, ToSchema)]
pub struct RedeliveryView {
    /// The event's id.
    pub id: String,
    /// Always `pending`.
    #[schema(example = "pending")]
    pub delivery: &'static str,
}

impl TryFrom<EventRecord> for EventView {
    type Error = serde_json::Error;

    fn try_from(record: EventRecord) -> Result<EventView, serde_json::Error> {
        let EventRecord {
            event,
            position: _,
            delivery,
            attempts,
        } = record;
        Ok(EventView {
            id: event.id.to_string(),
            kind: event.kind.name(),
            order_id: event.order.to_string(),
            version: event.version,
            created_at: rfc3339(event.created_at),
            delivery,
            attempts,
            payload: RawValue::from_string(event.body)?,
        })
    }
}

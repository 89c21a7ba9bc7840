//! The application's events in pages, oldest first, by cursor.

use crate::auth::Caller;
use crate::problem::Problem;
use crate::shared::Shared;
use crate::view::event::{EventView, EventsView};
use actix_web::{HttpResponse, web};
use cashier::store::EventRecord;
use serde::Deserialize;
use utoipa::IntoParams;

/// The most events of a page.
const MOST: u32 = 100;
/// How many, where the request does not say.
const USUAL: u32 = 50;

/// Which page.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Page {
    /// The `next` of the page before; from the beginning, if left out.
    #[param(example = "42")]
    after: Option<String>,
    /// The most events of the page.
    #[param(value_type = Option<u32>, minimum = 1, maximum = 100, default = 50)]
    limit: Option<String>,
}

/// The events after a cursor, oldest first.
#[utoipa::path(get, path = "/v1/events", tag = "events", operation_id = "list_events",
    params(Page),
    responses((status = 200, description = "A page of events", body = EventsView)))]
pub async fn handle(
    shared: web::Data<Shared>,
    caller: Caller,
    page: web::Query<Page>,
) -> Result<HttpResponse, Problem> {
    let after = position(page.after.as_deref())?;
    let limit = limit(page.limit.as_deref())?;
    let found = shared
        .store
        .events_after(caller.app_id(), after, limit + 1)
        .await;
    let found = found.map_err(|error| Problem::store(&error))?;
    Ok(HttpResponse::Ok().json(view(found, after, limit)?))
}

fn view(mut found: Vec<EventRecord>, after: i64, limit: u32) -> Result<EventsView, Problem> {
    let limit = usize::try_from(limit).unwrap_or(usize::MAX);
    let has_more = found.len() > limit;
    found.truncate(limit);
    let next = found
        .last()
        .map_or(after, |record| record.position)
        .to_string();
    let data: Result<Vec<_>, _> = found.into_iter().map(EventView::try_from).collect();
    let data =
        data.map_err(|error| Problem::internal(&format!("an event's body is not JSON: {error}")))?;
    Ok(EventsView {
        data,
        has_more,
        next,
    })
}

fn position(after: Option<&str>) -> Result<i64, Problem> {
    let Some(text) = after else { return Ok(0) };
    let digits = !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    text.parse().ok().filter(|_| digits).ok_or_else(|| {
        Problem::invalid("after", "must be the `next` of the page before, unchanged")
    })
}

fn limit(text: Option<&str>) -> Result<u32, Problem> {
    let Some(text) = text else { return Ok(USUAL) };
    text.parse()
        .ok()
        .filter(|limit| (1..=MOST).contains(limit))
        .ok_or_else(|| {
            Problem::invalid("limit", format!("must be a whole number from 1 to {MOST}"))
        })
}

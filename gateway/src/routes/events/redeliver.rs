//! Delivers an event once more, now.

use crate::idempotency::Reply;
use crate::problem::Problem;
use crate::routes::field::name;
use crate::routes::posted::{Nothing, Posted};
use crate::shared::Shared;
use crate::view::event::RedeliveryView;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};

/// Delivers the event once more: the same id, the same bytes.
#[utoipa::path(post, path = "/v1/events/{id}/redeliver", tag = "events", operation_id = "redeliver_event",
    params(("id" = String, Path, description = "The event's id")),
    responses(
        (status = 202, description = "It will be delivered now", body = RedeliveryView),
        (status = 404, description = "`not_found`: the application has no such event"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, Problem> {
    let id = name::event(&id)?;
    let Posted {
        caller,
        body: Nothing {},
        ticket,
    } = posted;
    let work = async {
        let now = shared.clock.now();
        let found = shared.store.redeliver(caller.app_id(), &id, now).await;
        if !found.map_err(|error| Problem::store(&error))? {
            let detail = "there is no such event for this API key's application; check the id";
            return Err(Problem::not_found(detail));
        }
        let view = RedeliveryView {
            id: id.to_string(),
            delivery: "pending",
        };
        Reply::new(StatusCode::ACCEPTED, &view)
    };
    ticket.once(&shared, &caller, work).await
}

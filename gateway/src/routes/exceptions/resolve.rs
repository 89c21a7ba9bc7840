//! Resolves an exception: a person says that it is over, and why.

use super::{file, no_such};
use crate::auth::Operator;
use crate::idempotency::Reply;
use crate::problem::{Code, Problem};
use crate::routes::field::{name, words};
use crate::routes::posted::Posted;
use crate::shared::Shared;
use crate::view::exception::ExceptionFileView;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use cashier::desk::Added;
use cashier::exception::{Entry, EntryKind};
use serde::Deserialize;
use utoipa::ToSchema;

/// The end of an exception.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Resolve {
    /// Why it is over.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "Paid back in the channel's console"
    )]
    reason: String,
}

/// Resolves the exception, which can be done once. Should the same trouble come
/// back, it is another exception.
#[utoipa::path(post, path = "/ops/v1/exceptions/{id}/resolve", tag = "exceptions", operation_id = "resolve_exception",
    params(("id" = String, Path, description = "The exception's id")),
    request_body = Resolve,
    responses(
        (status = 200, description = "The exception, resolved", body = ExceptionFileView),
        (status = 404, description = "`not_found`"),
        (status = 409, description = "`exception_resolved`: somebody was faster, or Till itself"),
        (status = 422, description = "`idempotency_mismatch`"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    posted: Posted<Resolve, Operator>,
) -> Result<HttpResponse, Problem> {
    let id = name::exception(&id)?;
    let Posted {
        caller,
        body,
        ticket,
    } = posted;
    let entry = Entry {
        exception: id.clone(),
        kind: EntryKind::Resolved,
        actor: caller.name.clone(),
        text: words::check("reason", &body.reason)?,
        at: shared.clock.now(),
    };
    let work = async {
        let added = shared.desk.add_entry(entry).await;
        match added.map_err(|error| Problem::store(&error))? {
            Added::NoSuchException => Err(no_such()),
            Added::ResolvedBefore => Err(Problem::new(
                Code::ExceptionResolved,
                "the exception is resolved already; look at it to see by whom and why, and add a \
                 note if there is more to say",
            )),
            Added::Written => {
                tracing::info!(exception.id = %id, operator = caller.name, "an exception was resolved");
                Reply::new(StatusCode::OK, &file(&shared, &id).await?)
            }
        }
    };
    ticket.once(&shared, &caller, work).await
}

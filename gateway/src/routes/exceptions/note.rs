//! Adds a note to an exception, open or not.

use super::{file, no_such};
use crate::auth::Operator;
use crate::idempotency::Reply;
use crate::problem::Problem;
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

/// A note.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct Note {
    /// What the next one who looks at it should know.
    #[schema(
        min_length = 1,
        max_length = 1000,
        example = "Asked the bank, ticket 4711"
    )]
    text: String,
}

/// Adds a note.
#[utoipa::path(post, path = "/ops/v1/exceptions/{id}/notes", tag = "exceptions", operation_id = "note_exception",
    params(("id" = String, Path, description = "The exception's id")),
    request_body = Note,
    responses(
        (status = 201, description = "The exception with the note", body = ExceptionFileView),
        (status = 404, description = "`not_found`"),
        (status = 422, description = "`idempotency_mismatch`"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    posted: Posted<Note, Operator>,
) -> Result<HttpResponse, Problem> {
    let id = name::exception(&id)?;
    let Posted {
        caller,
        body,
        ticket,
    } = posted;
    let entry = Entry {
        exception: id.clone(),
        kind: EntryKind::Note,
        actor: caller.name.clone(),
        text: words::check("text", &body.text)?,
        at: shared.clock.now(),
    };
    let work = async {
        let added = shared.desk.add_entry(entry).await;
        match added.map_err(|error| Problem::store(&error))? {
            Added::NoSuchException => Err(no_such()),
            Added::Written | Added::ResolvedBefore => {
                Reply::new(StatusCode::CREATED, &file(&shared, &id).await?)
            }
        }
    };
    ticket.once(&shared, &caller, work).await
}

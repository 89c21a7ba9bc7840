//! Exceptions: what a person must see, for those who run Till.

pub mod get;
pub mod list;
pub mod note;
pub mod resolve;

use super::unknown;
use crate::problem::Problem;
use crate::shared::Shared;
use crate::view::exception::{EntryView, ExceptionFileView, ExceptionView};
use actix_web::web::{self, ServiceConfig, get as getting, post};
use cashier::desk::Standing;
use cashier::id::ExceptionId;

/// Registers the interface for operators.
pub fn configure(service: &mut ServiceConfig) {
    service.service(
        web::resource("/ops/v1/exceptions")
            .route(getting().to(list::handle))
            .default_service(web::to(unknown::only_get)),
    );
    service.service(
        web::resource("/ops/v1/exceptions/{id}")
            .route(getting().to(get::handle))
            .default_service(web::to(unknown::only_get)),
    );
    service.service(
        web::resource("/ops/v1/exceptions/{id}/notes")
            .route(post().to(note::handle))
            .default_service(web::to(unknown::only_post)),
    );
    service.service(
        web::resource("/ops/v1/exceptions/{id}/resolve")
            .route(post().to(resolve::handle))
            .default_service(web::to(unknown::only_post)),
    );
}

/// An exception with its history, as it is now.
async fn file(shared: &Shared, id: &ExceptionId) -> Result<ExceptionFileView, Problem> {
    let found = shared.desk.exception(id).await;
    let found = found.map_err(|error| Problem::store(&error))?;
    let (standing, entries) = found.ok_or_else(no_such)?;
    Ok(ExceptionFileView {
        exception: view(shared, &standing),
        history: entries.into_iter().map(EntryView::from).collect(),
    })
}

fn view(shared: &Shared, standing: &Standing) -> ExceptionView {
    let account = standing.exception.account.as_ref();
    let owner = account.and_then(|account| shared.registry.merchant_of(account));
    ExceptionView::of(standing, owner)
}

fn no_such() -> Problem {
    Problem::not_found("there is no such exception; check the id")
}

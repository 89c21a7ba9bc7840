//! Whether the process is alive, and whether it can serve.

use crate::problem::Problem;
use crate::shared::Shared;
use actix_web::{HttpResponse, web};
use serde_json::json;

/// Alive: it answers.
#[utoipa::path(get, path = "/healthz", tag = "operation", operation_id = "healthz",
    responses((status = 200, description = "The process is alive")))]
pub(super) async fn healthz() -> HttpResponse {
    HttpResponse::Ok().json(json!({ "status": "ok" }))
}

/// Ready: the database answers.
#[utoipa::path(get, path = "/readyz", tag = "operation", operation_id = "readyz",
    responses(
        (status = 200, description = "The process can serve"),
        (status = 503, description = "The database does not answer"),
    ))]
pub(super) async fn readyz(shared: web::Data<Shared>) -> Result<HttpResponse, Problem> {
    shared
        .store
        .ping()
        .await
        .map_err(|error| Problem::store(&error))?;
    Ok(HttpResponse::Ok().json(json!({ "status": "ready" })))
}

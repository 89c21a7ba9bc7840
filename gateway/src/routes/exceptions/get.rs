//! One exception, with its history.

use super::file;
use crate::auth::Operator;
use crate::problem::Problem;
use crate::routes::field::name;
use crate::shared::Shared;
use crate::view::exception::ExceptionFileView;
use actix_web::{HttpResponse, web};

/// The exception as it stands, with what was added to it.
#[utoipa::path(get, path = "/ops/v1/exceptions/{id}", tag = "exceptions", operation_id = "get_exception",
    params(("id" = String, Path, description = "The exception's id")),
    responses(
        (status = 200, description = "The exception", body = ExceptionFileView),
        (status = 404, description = "`not_found`"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    _operator: Operator,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = name::exception(&id)?;
    Ok(HttpResponse::Ok().json(file(&shared, &id).await?))
}

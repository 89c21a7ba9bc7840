//! Faults over HTTP.

use actix_web::{HttpResponse, web};
use serde_json::json;

use super::refusal::{Refusal, read};
use crate::server::Sandbox;

/// What is armed, and how often each fired.
pub(super) async fn list(sandbox: web::Data<Sandbox>) -> HttpResponse {
    HttpResponse::Ok().json(json!({"faults": sandbox.faults().armed()}))
}

/// Arms one fault and answers all.
pub(super) async fn arm(
    sandbox: web::Data<Sandbox>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    sandbox.faults().arm(read(&body)?)?;
    Ok(list(sandbox).await)
}

/// Ends all faults.
pub(super) async fn clear(sandbox: web::Data<Sandbox>) -> HttpResponse {
    sandbox.faults().clear();
    HttpResponse::NoContent().finish()
}

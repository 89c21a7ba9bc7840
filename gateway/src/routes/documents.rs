//! The API document as JSON, and as a page to read and try.

use super::{openapi, unknown};
use actix_web::http::header;
use actix_web::web::{self, ServiceConfig, get};
use actix_web::{HttpResponse, Responder};
use utoipa_swagger_ui::{Config, SwaggerUi};

/// Registers `/openapi.json` and `/docs`.
pub(super) fn configure(service: &mut ServiceConfig) {
    let document = web::Bytes::from(openapi::document().to_json().unwrap_or_default());
    service.service(
        web::resource("/openapi.json")
            .app_data(web::Data::new(document))
            .route(get().to(json))
            .default_service(web::to(unknown::only_get)),
    );
    service.service(
        web::resource("/docs")
            .route(get().to(page))
            .default_service(web::to(unknown::only_get)),
    );
    service.service(SwaggerUi::new("/docs/{_:.*}").config(Config::from("/openapi.json")));
}

async fn json(document: web::Data<web::Bytes>) -> impl Responder {
    HttpResponse::Ok()
        .content_type("application/json")
        .body(document.get_ref().clone())
}

async fn page() -> impl Responder {
    HttpResponse::TemporaryRedirect()
        .insert_header((header::LOCATION, "/docs/"))
        .finish()
}

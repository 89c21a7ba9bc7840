//! The HTTP interface for merchants and channels: which address goes to which
//! file. Handlers are thin: extract, one call of the cashier, view.

mod documents;
mod events;
mod exceptions;
pub(crate) mod field;
mod health;
mod notify;
pub mod openapi;
mod orders;
mod posted;
mod refunds;
mod unknown;

use crate::auth::Gate;
use crate::problem::{Code, Problem};
use actix_web::web::{self, Data, PathConfig, QueryConfig, ServiceConfig, get, post};

/// Registers the interface. `gate` is one for the whole process, made by
/// [`Gate::new`]; the application also needs `Data<Shared>`, the middleware
/// [`crate::request_id::identify`] as its outermost layer, and `not_found` as
/// its default service: `.default_service(web::to(routes::not_found))`.
pub fn configure(gate: Data<Gate>) -> impl FnOnce(&mut ServiceConfig) {
    move |service| {
        service.app_data(gate);
        service.app_data(QueryConfig::default().error_handler(|error, _| {
            Problem::new(
                Code::InvalidRequest,
                format!("the query is not as it must be: {error}"),
            )
            .into()
        }));
        service.app_data(
            PathConfig::default().error_handler(|_, _| {
                Problem::not_found("there is nothing at this address").into()
            }),
        );
        service.configure(orders_and_refunds);
        service.service(
            web::resource("/v1/events")
                .route(get().to(events::list::handle))
                .default_service(web::to(unknown::only_get)),
        );
        service.service(
            web::resource("/v1/events/{id}/redeliver")
                .route(post().to(events::redeliver::handle))
                .default_service(web::to(unknown::only_post)),
        );
        service.service(
            web::resource("/notify/{account_id}")
                .route(post().to(notify::handle))
                .default_service(web::to(unknown::only_post)),
        );
        service.configure(exceptions::configure);
        service.configure(documents::configure);
        service.service(
            web::resource("/healthz")
                .route(get().to(health::healthz))
                .default_service(web::to(unknown::only_get)),
        );
        service.service(
            web::resource("/readyz")
                .route(get().to(health::readyz))
                .default_service(web::to(unknown::only_get)),
        );
    }
}

fn orders_and_refunds(service: &mut ServiceConfig) {
    service.service(
        web::resource("/v1/orders")
            .route(post().to(orders::create::handle))
            .route(get().to(orders::find::handle))
            .default_service(web::to(unknown::get_or_post)),
    );
    service.service(
        web::resource("/v1/orders/{id}")
            .route(get().to(orders::get::handle))
            .default_service(web::to(unknown::only_get)),
    );
    service.service(
        web::resource("/v1/orders/{id}/flows")
            .route(post().to(orders::pay::handle))
            .default_service(web::to(unknown::only_post)),
    );
    service.service(
        web::resource("/v1/orders/{id}/close")
            .route(post().to(orders::close::handle))
            .default_service(web::to(unknown::only_post)),
    );
    service.service(
        web::resource("/v1/orders/{id}/refunds")
            .route(post().to(orders::refund::handle))
            .default_service(web::to(unknown::only_post)),
    );
    service.service(
        web::resource("/v1/refunds/{id}")
            .route(get().to(refunds::get::handle))
            .default_service(web::to(unknown::only_get)),
    );
}

pub use unknown::not_found;

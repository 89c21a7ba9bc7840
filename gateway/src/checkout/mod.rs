//! The payer's page. Rendered here, whole, from what the database says; a few
//! kilobytes of script keep it true, and everything works without them.
//!
//! The address holds a secret token, which therefore appears in no log and in no
//! `Referer`. No page shows a payment that was superseded, and the way to a
//! channel's page leads through a hop of ours, so that a stale tab is stopped as well.

mod amount;
mod asset;
mod check;
mod events;
mod fault;
mod go;
mod identity;
mod language;
mod links;
mod moment;
mod page;
mod panel;
mod pay;
mod payer;
mod place;
mod qr;
mod remark;
mod sheet;
mod show;
mod stage;
mod status;
mod streams;
mod text;
mod visit;

pub use streams::Streams;

use actix_web::web::{self, Data, ServiceConfig, get, post};

/// Registers the pages under `/checkout`. `streams` is one for the whole process;
/// the application also needs `Data<Shared>`.
pub fn configure(streams: Data<Streams>) -> impl FnOnce(&mut ServiceConfig) {
    move |service| {
        let pages = web::scope("/checkout")
            .app_data(streams)
            // A token is hexadecimal, so that none is called "static".
            .route("/static/{hash}/{name}", get().to(asset::handle))
            .route("/{token}", get().to(show::handle))
            .route("/{token}/pay", post().to(pay::handle))
            .route("/{token}/go/{flow_no}", get().to(go::handle))
            .route("/{token}/check", post().to(check::handle))
            .route("/{token}/payer", get().to(identity::come_back))
            .route("/{token}/back", get().to(check::come_back))
            .route("/{token}/status", get().to(status::handle))
            .route("/{token}/events", get().to(events::handle))
            .default_service(web::to(fault::not_found));
        service.service(pages);
    }
}

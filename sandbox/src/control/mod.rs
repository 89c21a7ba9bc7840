//! `/sandbox/*`: the JSON API by which tests and people control the sandbox.
//!
//! What it can do, [`crate::Sandbox`] can do from inside the process. Errors are
//! `{"code", "detail"}` with a detail that says what to do.

mod accounts;
mod clock;
mod faults;
mod inside;
mod refusal;
mod trades;

use actix_web::web;

pub use inside::NotifyError;
pub(crate) use refusal::{Refusal, read};

/// The routes of the control API, except those that belong to one channel.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/sandbox/ledger", web::get().to(trades::ledger))
        .route("/sandbox/accounts", web::post().to(accounts::register))
        .route("/sandbox/payer/open", web::post().to(trades::open))
        .route("/sandbox/payer/barcode", web::post().to(trades::barcode))
        .route(
            "/sandbox/trades/{out_trade_no}/pay",
            web::post().to(trades::pay),
        )
        .route(
            "/sandbox/trades/{out_trade_no}/force_pay",
            web::post().to(trades::force_pay),
        )
        .route(
            "/sandbox/trades/{out_trade_no}/cancel",
            web::post().to(trades::cancel),
        )
        .route(
            "/sandbox/trades/{out_trade_no}/notify",
            web::post().to(trades::notify),
        )
        .route("/sandbox/notices", web::get().to(trades::notices))
        .route("/sandbox/clock", web::get().to(clock::show))
        .route("/sandbox/clock", web::post().to(clock::advance))
        .route("/sandbox/faults", web::get().to(faults::list))
        .route("/sandbox/faults", web::post().to(faults::arm))
        .route("/sandbox/faults", web::delete().to(faults::clear));
}

//! The wallet page: a person acts as the payer's phone.
//!
//! A box takes what a camera would read, a list shows what was handed out lately, a cashier has
//! two buttons, and a merchant can scan the payer's code. Pages work without script. Buttons have
//! stable ids (`scan`, `show-alipay`, `show-wechat`, `sign-in`, `pay`, `cancel`) for browser tests;
//! the digits of a payment code are in `auth-code`.

mod barcode;
mod cashier;
mod home;
mod page;

use actix_web::web;

pub(crate) use cashier::cashier_page;
pub(crate) use page::error_page;

/// The routes of the wallet.
pub(crate) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/wallet", web::get().to(home::show))
        .route("/wallet/scan", web::get().to(home::scan))
        .route("/wallet/barcode", web::get().to(barcode::screen))
        .route("/wallet/barcode", web::post().to(barcode::show))
        .route("/wallet/h5", web::get().to(cashier::h5))
        .route("/wallet/cashier", web::get().to(cashier::show))
        .route("/wallet/sign-in", web::post().to(cashier::sign_in))
        .route("/wallet/pay", web::post().to(cashier::pay))
        .route("/wallet/cancel", web::post().to(cashier::cancel));
}

//! The payment code on the payer's phone: digits, and the same as a QR code.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use qrcode::QrCode;
use qrcode::render::svg;
use serde::Deserialize;

use super::home::link;
use super::page::{Barcode, Brand, message, see_other, send};
use crate::barcode::Behaviour;
use crate::ledger::Channel;
use crate::server::Sandbox;

/// The width of the QR code, in pixels at least.
const WIDTH: u32 = 240;

#[derive(Deserialize)]
pub(super) struct Wish {
    channel: Channel,
    behaviour: Behaviour,
}

#[derive(Deserialize)]
pub(super) struct Visit {
    code: String,
}

/// Shows a new code.
pub(super) async fn show(sandbox: web::Data<Sandbox>, wish: web::Form<Wish>) -> HttpResponse {
    let code = sandbox.show_barcode(wish.channel, wish.behaviour);
    see_other(&link("/wallet/barcode", "code", &code))
}

/// The screen with a code, for as long as it can be scanned.
pub(super) async fn screen(sandbox: web::Data<Sandbox>, visit: web::Query<Visit>) -> HttpResponse {
    let shown = sandbox.with_world(|world, now| world.barcodes.shown_by(&visit.code, now));
    let drawn = QrCode::new(&visit.code).map(|code| {
        let mut drawing = code.render::<svg::Color<'_>>();
        drawing.min_dimensions(WIDTH, WIDTH).build()
    });
    match (shown, drawn) {
        (Some(channel), Ok(drawing)) => send(
            StatusCode::OK,
            &Barcode {
                brand: Brand::from(channel),
                code: visit.into_inner().code,
                drawing,
            },
        ),
        _ => message(
            StatusCode::GONE,
            "This payment code is over 付款码已失效",
            "A code is good for one minute and one payment: show a new one. \
             付款码一分钟内有效且只能使用一次，请重新生成。",
        ),
    }
}

//! The part of the control API that only Alipay needs.

use actix_web::{HttpResponse, web};

use crate::control::{Refusal, read};
use crate::server::Sandbox;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/sandbox/alipay", web::get().to(rules))
        .route("/sandbox/alipay", web::post().to(set_rules));
}

/// The rules as they are.
async fn rules(sandbox: web::Data<Sandbox>) -> HttpResponse {
    HttpResponse::Ok().json(sandbox.read_world(|world| world.alipay.rules))
}

/// Changes what is named.
async fn set_rules(sandbox: web::Data<Sandbox>, body: web::Bytes) -> Result<HttpResponse, Refusal> {
    let change = read(&body)?;
    let rules = sandbox.with_world(|world, _| {
        world.alipay.rules = world.alipay.rules.changed(change);
        world.alipay.rules
    });
    Ok(HttpResponse::Ok().json(rules))
}

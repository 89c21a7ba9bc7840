//! The part of the control API that only Alipay needs.

use actix_web::{HttpResponse, web};
use serde::Deserialize;

use crate::account::RenewedKey;
use crate::control::{Refusal, read};
use crate::server::Sandbox;

pub(super) fn configure(cfg: &mut web::ServiceConfig) {
    cfg.route("/sandbox/alipay", web::get().to(rules))
        .route("/sandbox/alipay", web::post().to(set_rules))
        .route(
            "/sandbox/alipay/{app_id}/certificate",
            web::post().to(renew),
        )
        .route(
            "/sandbox/alipay/{app_id}/merchants",
            web::post().to(authorize),
        )
        .route(
            "/sandbox/alipay/{app_id}/merchants/{app_auth_token}",
            web::delete().to(revoke),
        );
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Renewal {
    #[serde(default = "Renewal::new_key")]
    key: RenewedKey,
}

impl Renewal {
    fn new_key() -> RenewedKey {
        RenewedKey::New
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Leave {
    seller_id: String,
    auth_app_id: String,
}

/// Alipay renews its certificate. Making a key takes a moment of CPU, so it happens beside the
/// event loop.
async fn renew(
    sandbox: web::Data<Sandbox>,
    app_id: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let Renewal { key } = read(&body)?;
    let renewed = web::block(move || sandbox.renew_alipay_certificate(&app_id, key));
    match renewed.await {
        Ok(certificates) => Ok(HttpResponse::Ok().json(certificates?)),
        Err(_) => Ok(HttpResponse::ServiceUnavailable().finish()),
    }
}

/// A merchant lets the app act for it.
async fn authorize(
    sandbox: web::Data<Sandbox>,
    app_id: web::Path<String>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let leave: Leave = read(&body)?;
    let merchant =
        sandbox.authorize_alipay_merchant(&app_id, &leave.seller_id, &leave.auth_app_id)?;
    Ok(HttpResponse::Ok().json(merchant))
}

/// The merchant takes its leave back.
async fn revoke(
    sandbox: web::Data<Sandbox>,
    path: web::Path<(String, String)>,
) -> Result<HttpResponse, Refusal> {
    let (app_id, app_auth_token) = path.into_inner();
    let gone = sandbox.revoke_alipay_merchant(&app_id, &app_auth_token)?;
    Ok(match gone {
        true => HttpResponse::NoContent().finish(),
        false => HttpResponse::NotFound().finish(),
    })
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

//! The part of the control API that stands for the merchant portal: platform keys and their
//! rotation, bound appids, sub-merchants; and who pays under an appid, and a day full of orders.

use actix_web::web::{self, Data, Json, Path};
use actix_web::{HttpResponse, error};
use serde::Deserialize;
use serde_json::json;

use super::control::refused;
use super::fill::Fill;
use super::inside::PortalError;
use super::platform::{KeyMode, PlatformView, Rotation};
use super::portal::{SubMerchant, WechatApp};
use crate::server::Sandbox;

pub(super) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/sandbox/wechat/{mchid}/platform", web::get().to(platform))
        .route("/sandbox/wechat/{mchid}/platform", web::post().to(set_mode))
        .route("/sandbox/wechat/{mchid}/rotation", web::post().to(rotate))
        .route("/sandbox/wechat/{mchid}/apps", web::post().to(bind))
        .route(
            "/sandbox/wechat/{mchid}/sub_merchants",
            web::post().to(link),
        )
        .route("/sandbox/wechat/{mchid}/fill", web::post().to(fill))
        .route("/sandbox/payer/openid", web::post().to(set_payer));
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Mode {
    mode: KeyMode,
    #[serde(default)]
    public_key_permille: u16,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    step: Rotation,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PayerUnder {
    appid: String,
    openid: String,
}

/// `GET /sandbox/wechat/{mchid}/platform`.
async fn platform(sandbox: Data<Sandbox>, mchid: Path<String>) -> HttpResponse {
    shown(sandbox.wechat_platform(&mchid))
}

/// `POST /sandbox/wechat/{mchid}/platform` `{mode, public_key_permille?}`.
async fn set_mode(
    sandbox: Data<Sandbox>,
    mchid: Path<String>,
    mode: Json<Mode>,
) -> Result<HttpResponse, error::Error> {
    // The first certificate takes a moment of CPU.
    let set =
        web::block(move || sandbox.set_wechat_keys(&mchid, mode.mode, mode.public_key_permille));
    Ok(shown(set.await?))
}

/// `POST /sandbox/wechat/{mchid}/rotation` `{step}`.
async fn rotate(
    sandbox: Data<Sandbox>,
    mchid: Path<String>,
    step: Json<Step>,
) -> Result<HttpResponse, error::Error> {
    let rotated = web::block(move || sandbox.rotate_wechat(&mchid, step.step));
    Ok(shown(rotated.await?))
}

/// `POST /sandbox/wechat/{mchid}/apps` `{appid, secret?, oauth_domain?}`.
async fn bind(sandbox: Data<Sandbox>, mchid: Path<String>, app: Json<WechatApp>) -> HttpResponse {
    let answer = json!({ "appid": app.appid });
    match sandbox.bind_wechat_app(&mchid, app.into_inner()) {
        Ok(()) => HttpResponse::Ok().json(answer),
        Err(error) => portal_refused(&error),
    }
}

/// `POST /sandbox/wechat/{mchid}/sub_merchants` `{sub_mchid, sub_appid?}`.
async fn link(sandbox: Data<Sandbox>, mchid: Path<String>, sub: Json<SubMerchant>) -> HttpResponse {
    match sandbox.link_sub_merchant(&mchid, sub.clone()) {
        Ok(()) => HttpResponse::Ok().json(sub.into_inner()),
        Err(error) => portal_refused(&error),
    }
}

/// `POST /sandbox/wechat/{mchid}/fill` `{trades, amount?, prefix?}`.
async fn fill(
    sandbox: Data<Sandbox>,
    mchid: Path<String>,
    fill: Json<Fill>,
) -> Result<HttpResponse, error::Error> {
    let filled = web::block(move || sandbox.fill_wechat(&mchid, &fill)).await?;
    Ok(match filled {
        Ok(made) => HttpResponse::Ok().json(json!({ "trades": made })),
        Err(error) => portal_refused(&error),
    })
}

/// `POST /sandbox/payer/openid` `{appid, openid}`.
async fn set_payer(sandbox: Data<Sandbox>, payer: Json<PayerUnder>) -> HttpResponse {
    sandbox.set_wechat_payer(&payer.appid, &payer.openid);
    HttpResponse::NoContent().finish()
}

fn shown(platform: Result<PlatformView, PortalError>) -> HttpResponse {
    match platform {
        Ok(view) => HttpResponse::Ok().json(view),
        Err(error) => portal_refused(&error),
    }
}

fn portal_refused(error: &PortalError) -> HttpResponse {
    let (status, code) = match error {
        PortalError::NoMerchant(_) => (404, "account_not_found"),
        PortalError::Share => (422, "share_invalid"),
        PortalError::Fill => (422, "fill_invalid"),
        PortalError::Key(_) => (503, "key_unavailable"),
    };
    refused(status, code, &error.to_string())
}

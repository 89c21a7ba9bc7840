//! Sandbox time over HTTP.

use actix_web::{HttpResponse, web};
use chrono::{SecondsFormat, TimeDelta};
use serde::Deserialize;
use serde_json::json;

use super::refusal::{Refusal, read};
use crate::server::Sandbox;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Advance {
    advance_seconds: u32,
}

/// What time it is.
pub(super) async fn show(sandbox: web::Data<Sandbox>) -> HttpResponse {
    let now = sandbox
        .clock()
        .now()
        .to_rfc3339_opts(SecondsFormat::Millis, true);
    let ahead = sandbox.clock().ahead().num_seconds();
    HttpResponse::Ok().json(json!({"now": now, "ahead_seconds": ahead}))
}

/// Pushes time ahead; whatever falls due happens.
pub(super) async fn advance(
    sandbox: web::Data<Sandbox>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let Advance { advance_seconds } = read(&body)?;
    sandbox.advance_clock(TimeDelta::seconds(i64::from(advance_seconds)));
    Ok(show(sandbox).await)
}

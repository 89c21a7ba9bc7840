//! The payer's acts, extra notices, and the books, over HTTP.

use std::collections::BTreeMap;

use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::{Value, json};

use super::refusal::{Refusal, read};
use crate::barcode::Behaviour;
use crate::ledger::Channel;
use crate::notice::NoticeKind;
use crate::server::Sandbox;

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Open {
    artefact: Value,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Show {
    channel: Channel,
    behaviour: Behaviour,
}

/// Which account, where a number exists in several.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Whose {
    account: Option<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Notify {
    #[serde(default = "Notify::paid")]
    kind: NoticeKind,
    #[serde(default)]
    overrides: BTreeMap<String, String>,
}

impl Notify {
    fn paid() -> NoticeKind {
        NoticeKind::Paid
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Which {
    out_trade_no: Option<String>,
}

/// Every trade and refund.
pub(super) async fn ledger(sandbox: web::Data<Sandbox>) -> HttpResponse {
    HttpResponse::Ok().json(sandbox.ledger())
}

/// The wallet opens what was handed out.
pub(super) async fn open(
    sandbox: web::Data<Sandbox>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let Open { artefact } = read(&body)?;
    Ok(HttpResponse::Ok().json(sandbox.open(&artefact)?))
}

/// The wallet shows a payment code.
pub(super) async fn barcode(
    sandbox: web::Data<Sandbox>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let Show { channel, behaviour } = read(&body)?;
    let auth_code = sandbox.show_barcode(channel, behaviour);
    Ok(HttpResponse::Ok().json(json!({"auth_code": auth_code})))
}

/// The payer pays.
pub(super) async fn pay(
    sandbox: web::Data<Sandbox>,
    number: web::Path<String>,
    whose: web::Query<Whose>,
) -> Result<HttpResponse, Refusal> {
    Ok(HttpResponse::Ok().json(sandbox.pay(&number, whose.account.as_deref())?))
}

/// Money arrives whatever the state says.
pub(super) async fn force_pay(
    sandbox: web::Data<Sandbox>,
    number: web::Path<String>,
    whose: web::Query<Whose>,
) -> Result<HttpResponse, Refusal> {
    Ok(HttpResponse::Ok().json(sandbox.force_pay(&number, whose.account.as_deref())?))
}

/// The payer leaves the cashier.
pub(super) async fn cancel(
    sandbox: web::Data<Sandbox>,
    number: web::Path<String>,
    whose: web::Query<Whose>,
) -> Result<HttpResponse, Refusal> {
    Ok(HttpResponse::Ok().json(sandbox.cancel(&number, whose.account.as_deref())?))
}

/// Sends one more notice now.
pub(super) async fn notify(
    sandbox: web::Data<Sandbox>,
    number: web::Path<String>,
    whose: web::Query<Whose>,
    body: web::Bytes,
) -> Result<HttpResponse, Refusal> {
    let Notify { kind, overrides } = read(&body)?;
    sandbox.notify(&number, whose.account.as_deref(), kind, overrides)?;
    Ok(HttpResponse::Accepted().json(json!({"out_trade_no": *number, "kind": kind})))
}

/// The log of deliveries.
pub(super) async fn notices(sandbox: web::Data<Sandbox>, which: web::Query<Which>) -> HttpResponse {
    let deliveries = sandbox
        .deliveries()
        .deliveries(which.out_trade_no.as_deref());
    HttpResponse::Ok().json(json!({"notices": deliveries}))
}

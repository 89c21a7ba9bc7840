//! The cashier: sign in where that is a step, then pay or leave.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use chrono::{DateTime, Utc};
use serde::Deserialize;
use url::Url;

use super::home::cashier_link;
use super::page::{Brand, Cashier, Stage, message, money, refusal, see_other, send};
use crate::alipay;
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::{Order, TradeState};
use crate::payer::{self, PayerError};
use crate::server::{Sandbox, World};

#[derive(Deserialize)]
pub(super) struct Visit {
    code: String,
    #[serde(default)]
    redirect_url: Option<String>,
}

#[derive(Deserialize)]
pub(super) struct H5 {
    id: String,
    #[serde(default)]
    redirect_url: Option<String>,
}

pub(super) async fn show(sandbox: web::Data<Sandbox>, visit: web::Query<Visit>) -> HttpResponse {
    cashier_page(&sandbox, &visit.code, visit.redirect_url.as_deref())
}

/// A browser follows WeChat's `h5_url`, perhaps with the merchant's `redirect_url` appended.
pub(super) async fn h5(sandbox: web::Data<Sandbox>, visit: web::Query<H5>) -> HttpResponse {
    match payer::open_h5(&sandbox, &visit.id) {
        Ok(opened) => cashier_page(&sandbox, &opened.code, visit.redirect_url.as_deref()),
        Err(error) => refusal(&error),
    }
}

pub(super) async fn sign_in(sandbox: web::Data<Sandbox>, visit: web::Form<Visit>) -> HttpResponse {
    match alipay::sign_in(&sandbox, &visit.code) {
        Ok(()) => see_other(&cashier_link(&visit.code)),
        Err(error) => refusal(&error),
    }
}

/// Pays, and sends the browser where the channel would: the signed `return_url`, the
/// `redirect_url`, or a page that says so.
pub(super) async fn pay(sandbox: web::Data<Sandbox>, visit: web::Form<Visit>) -> HttpResponse {
    let paid = find(&sandbox, &visit.code)
        .and_then(|order| payer::pay(&sandbox, &order.key.out_trade_no, Some(&order.key.account)));
    match paid {
        Ok(acted) => {
            let target = acted
                .return_url
                .or_else(|| web_address(visit.redirect_url.as_deref()));
            see_other(&target.unwrap_or_else(|| cashier_link(&visit.code)))
        }
        Err(error) => refusal(&error),
    }
}

/// Leaves unpaid: to the `quit_url`, the `redirect_url`, or a page that says so.
pub(super) async fn cancel(sandbox: web::Data<Sandbox>, visit: web::Form<Visit>) -> HttpResponse {
    let order = match find(&sandbox, &visit.code) {
        Ok(order) => order,
        Err(error) => return refusal(&error),
    };
    let quit_url = order.details.get("quit_url").map(String::as_str);
    match web_address(quit_url.or(visit.redirect_url.as_deref())) {
        Some(target) => see_other(&target),
        None => message(
            StatusCode::OK,
            "You left without paying 已取消付款",
            "Nothing was paid. The order can still be paid from the wallet until it expires. \
             订单在有效期内仍可支付。",
        ),
    }
}

/// The cashier for what has this code, as it stands now.
pub(crate) fn cashier_page(
    sandbox: &Sandbox,
    code: &str,
    redirect_url: Option<&str>,
) -> HttpResponse {
    let page = sandbox.with_world(|world, now| {
        let artefact = world.artefacts.find(code)?;
        let order = &artefact.order;
        Some(Cashier {
            brand: Brand::from(order.key.channel),
            subject: order.subject.clone(),
            amount: money(order.amount),
            out_trade_no: order.key.out_trade_no.clone(),
            account: order.key.account.clone(),
            code: code.to_owned(),
            redirect_url: web_address(redirect_url).unwrap_or_default(),
            stage: stage(world, artefact, now),
        })
    });
    match page {
        Some(page) => send(StatusCode::OK, &page),
        None => refusal(&PayerError::Unknown(code.to_owned())),
    }
}

fn stage(world: &World, artefact: &Artefact, now: DateTime<Utc>) -> Stage {
    match world.ledger.trade(&artefact.order.key) {
        Some(trade) if trade.state == TradeState::Waiting => {
            let expired = trade.expires_at.is_some_and(|at| at <= now);
            if expired { Stage::Over } else { Stage::Confirm }
        }
        Some(trade) if trade.paid_at.is_some() => Stage::Paid,
        None if artefact.is_live(now) && artefact.kind == ArtefactKind::Page => Stage::SignIn,
        None if artefact.is_live(now) && artefact.kind == ArtefactKind::OrderString => {
            Stage::Confirm
        }
        _ => Stage::Over,
    }
}

fn find(sandbox: &Sandbox, code: &str) -> Result<Order, PayerError> {
    sandbox
        .read_world(|world| {
            world
                .artefacts
                .find(code)
                .map(|artefact| artefact.order.clone())
        })
        .ok_or_else(|| PayerError::Unknown(code.to_owned()))
}

fn web_address(text: Option<&str>) -> Option<String> {
    let text = text?;
    let url = Url::parse(text).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| text.to_owned())
}

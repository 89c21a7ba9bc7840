//! Pages and order strings: what a browser or an app hands to the wallet.
//!
//! `page.pay` and `wap.pay` answer the payer's browser with a cashier, and mistakes with an HTML
//! page in GBK that the merchant never sees. An order string (`app.pay`) goes from the app to the
//! wallet. None of them creates a trade: signing in does, or, for an app, the payer's password.

use actix_web::HttpResponse;
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::call::Call;
use super::params::{Params, read_query};
use super::{APP_PAY, PAGE_PAY, WAP_PAY, create_trade, order};
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::{Order, TradeState};
use crate::payer::{Opened, PayerError};
use crate::server::{Sandbox, World};
use crate::wallet;

/// Answers a browser that came with a page or wap request.
pub(super) fn show(sandbox: &Sandbox, params: Params) -> HttpResponse {
    match visit(sandbox, params) {
        Ok(opened) => wallet::cashier_page(sandbox, &opened.code, None),
        Err(why) => error_page(&why),
    }
}

/// Does with a page or wap request what a payer does: opens it and signs in, which creates the
/// trade.
pub(crate) fn open_page(sandbox: &Sandbox, params: Params) -> Result<Opened, PayerError> {
    let opened = visit(sandbox, params).map_err(PayerError::Refused)?;
    sign_in(sandbox, &opened.code)?;
    Ok(opened)
}

/// Signs the test payer in on an opened page: now the trade exists.
pub(crate) fn sign_in(sandbox: &Sandbox, code: &str) -> Result<(), PayerError> {
    sandbox.with_world(|world, now| {
        let artefact = world
            .artefacts
            .find(code)
            .filter(|artefact| artefact.kind == ArtefactKind::Page)
            .ok_or_else(|| PayerError::Unknown(code.to_owned()))?;
        let order = artefact.order.clone();
        create_trade(world, &order, now).map(|_| ())
    })
}

/// Takes an order string as the phone's SDK does. The trade is created when the payer confirms.
pub(crate) fn open_order_string(sandbox: &Sandbox, text: &str) -> Result<Opened, PayerError> {
    let call = verify(sandbox, read_query(text), &[APP_PAY]).map_err(PayerError::Refused)?;
    remember(sandbox, &call, ArtefactKind::OrderString).map_err(PayerError::Refused)
}

/// A browser opens a page: everything is checked, nothing is created.
fn visit(sandbox: &Sandbox, params: Params) -> Result<Opened, String> {
    let call = verify(sandbox, params, &[PAGE_PAY, WAP_PAY])?;
    remember(sandbox, &call, ArtefactKind::Page)
}

fn verify(sandbox: &Sandbox, params: Params, methods: &[&str]) -> Result<Call, String> {
    let call = Call::verify(sandbox, params).map_err(|refusal| words(&refusal.answer))?;
    if methods.contains(&call.method.as_str()) {
        return Ok(call);
    }
    Err(format!("isv.invalid-method：{} 不能在此打开", call.method))
}

/// The same signed request is the same artefact; a relative timeout runs from its first visit.
fn remember(sandbox: &Sandbox, call: &Call, kind: ArtefactKind) -> Result<Opened, String> {
    let signature = call
        .params
        .get("sign")
        .map(String::as_str)
        .unwrap_or_default();
    let code = hex::encode(digest(&SHA256, signature.as_bytes()));
    sandbox.with_world(|world, now| {
        let first = world
            .artefacts
            .find(&code)
            .map(|artefact| artefact.created_at);
        let order = order::read(call, first.unwrap_or(now)).map_err(|answer| words(&answer))?;
        check(world, &order, now)?;
        let opened = Opened::of(&order, &code);
        let created_at = first.unwrap_or(now);
        world.artefacts.hand_out(Artefact {
            code,
            kind,
            order,
            created_at,
            expires_at: None,
            replaced: false,
        });
        Ok(opened)
    })
}

/// Opening refuses what can only go wrong later: an order that is over, or whose number means
/// something else.
fn check(world: &mut World, order: &Order, now: DateTime<Utc>) -> Result<(), String> {
    let existing = world.ledger.trade(&order.key).map(|trade| trade.state);
    match existing {
        None if order.expiry.is_over(now) => {
            Err("订单参数异常，请重新下单后再发起付款 (the order has expired)".to_owned())
        }
        None => Ok(()),
        Some(TradeState::Waiting | TradeState::Closed) if order.expiry.is_over(now) => {
            Err("订单已超时，不能付款 (the order has expired)".to_owned())
        }
        Some(_) => create_trade(world, order, now)
            .map(|_| ())
            .map_err(|error| error.to_string()),
    }
}

fn words(answer: &Answer) -> String {
    let (code, message) = answer.reason();
    format!("{code}：{message}")
}

/// The HTML that a payer sees when the merchant's request is wrong.
fn error_page(why: &str) -> HttpResponse {
    let page = wallet::error_page(why);
    let (gbk, _, _) = encoding_rs::GBK.encode(&page);
    HttpResponse::Ok()
        .content_type("text/html;charset=GBK")
        .body(gbk.into_owned())
}

//! Pages and order strings: what a browser or an app hands to the wallet.
//!
//! `page.pay` and `wap.pay` answer the payer's browser with a cashier, and mistakes with an HTML
//! page in GBK that the merchant never sees. An order string (`app.pay`) goes from the app to the
//! wallet. None of them creates a trade: signing in does, or, for an app, the payer's password.

use actix_web::HttpResponse;
use aws_lc_rs::digest::{SHA256, digest};
use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::call::{Call, Refusal};
use super::params::{Params, read_query};
use super::{APP_PAY, PAGE_PAY, WAP_PAY, create_trade, order};
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::{Order, TradeState};
use crate::payer::{Opened, PayerError};
use crate::server::{Sandbox, World};
use crate::wallet;

/// Answers a browser that came with a page or wap request.
pub(super) fn show(sandbox: &Sandbox, call: &Call) -> HttpResponse {
    match remember(sandbox, call, ArtefactKind::Page) {
        Ok(opened) => wallet::cashier_page(sandbox, &opened.code, None),
        Err(PayerError::Refused(why) | PayerError::Over(why)) => error_page(&why),
        Err(error) => error_page(&error.to_string()),
    }
}

/// Answers a browser whose request the gateway does not believe.
pub(super) fn show_refusal(refusal: &Refusal) -> HttpResponse {
    error_page(&words(&refusal.answer))
}

/// Does with a page or wap request what a payer does: opens it and signs in, which creates the
/// trade.
pub(crate) fn open_page(sandbox: &Sandbox, params: Params) -> Result<Opened, PayerError> {
    let call = verify(sandbox, params, &[PAGE_PAY, WAP_PAY])?;
    let opened = remember(sandbox, &call, ArtefactKind::Page)?;
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
    let call = verify(sandbox, read_query(text), &[APP_PAY])?;
    remember(sandbox, &call, ArtefactKind::OrderString)
}

fn verify(sandbox: &Sandbox, params: Params, methods: &[&str]) -> Result<Call, PayerError> {
    let call = Call::verify(sandbox, params)
        .map_err(|refusal| PayerError::Refused(words(&refusal.answer)))?;
    if methods.contains(&call.method.as_str()) {
        return Ok(call);
    }
    let why = format!("isv.invalid-method：{} 不能在此打开", call.method);
    Err(PayerError::Refused(why))
}

/// The same signed request is the same artefact; a relative timeout runs from its first visit.
fn remember(sandbox: &Sandbox, call: &Call, kind: ArtefactKind) -> Result<Opened, PayerError> {
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
        let created_at = first.unwrap_or(now);
        let order =
            order::read(call, created_at).map_err(|answer| PayerError::Refused(words(&answer)))?;
        check(world, &order, now)?;
        let opened = Opened::of(&order, &code);
        let expires_at = None;
        let artefact = Artefact {
            code,
            kind,
            order,
            created_at,
            expires_at,
            replaced: false,
        };
        world.artefacts.hand_out(artefact);
        Ok(opened)
    })
}

/// Opening refuses what can only go wrong later: an order that is over, or whose number means
/// something else.
fn check(world: &mut World, order: &Order, now: DateTime<Utc>) -> Result<(), PayerError> {
    let unpaid = |state| matches!(state, TradeState::Waiting | TradeState::Closed);
    match world
        .ledger
        .trade(&order.key)
        .map(|trade| (trade.state, trade.paid_at))
    {
        None if order.expiry.is_over(now) => {
            let why = "订单参数异常，请重新下单后再发起付款 (the order has expired)";
            Err(PayerError::Over(why.to_owned()))
        }
        None => Ok(()),
        Some((state, None)) if unpaid(state) && order.expiry.is_over(now) => {
            let why = "订单已超时，不能付款 (the order has expired)";
            Err(PayerError::Over(why.to_owned()))
        }
        Some(_) => create_trade(world, order, now).map(|_| ()),
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

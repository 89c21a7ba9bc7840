//! `POST /v3/pay/transactions/{native,h5,jsapi,app}`: makes the order, or meets the one that
//! already has its number, and hands out what the payer needs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::lifetime;
use super::openid::Openids;
use super::order::{Order, Payee, Payer, Product};
use super::problem::{Location, Problem};
use super::token::token;
use super::whose::Whose;
use crate::artefacts::{Artefact, ArtefactKind};
use crate::key::KeyError;
use crate::ledger::{self, Expiry, Trade, TradeState, beijing};
use crate::server::World;

/// Makes the order of the call's body.
///
/// # Errors
/// 400 `PARAM_ERROR` for the body, `APPID_MCHID_NOT_MATCH`, and for a number that is in use
/// `INVALID_REQUEST` (other parameters), `ORDERPAID` or `ORDER_CLOSED`; 403 `NO_AUTH` for a
/// sub-merchant that is not linked; 500 `OPENID_MISMATCH`.
pub fn place(call: &Call<'_>, openids: &Openids, product: Product) -> Result<Reply, Problem> {
    let order = Order::parse(product, call.is_partner(), call.body)?;
    check_payee(call, &order.payee)?;
    check_payer(call, openids, &order)?;
    let public_url = call.sandbox.public_url();
    call.sandbox.with_world(|world, now| {
        let key = call.key(&order.out_trade_no);
        if let Some(trade) = lifetime::aged(world, &key, now) {
            check_reentry(trade, product, &order)?;
        }
        if order.time_expire.is_some_and(|moment| moment <= now) {
            let issue = "应晚于当前时间";
            return Err(Problem::field("/time_expire", Location::Body, issue));
        }
        let trade = world
            .ledger
            .open(&ledger_order(product, &order, key, now), now);
        hand_out(world, product, &trade, now, &public_url)
    })
}

/// The number is in use: only an unpaid order with the same parameters may be repeated.
fn check_reentry(trade: &Trade, product: Product, order: &Order) -> Result<(), Problem> {
    match trade.state {
        TradeState::Closed => return Err(Problem::order_closed()),
        TradeState::Waiting => {}
        _ => return Err(Problem::order_paid()),
    }
    if same_parameters(trade, product, order) {
        return Ok(());
    }
    Err(Problem::differs_on_reentry())
}

/// Whether the trade was ordered by this very request.
pub fn same_parameters(trade: &Trade, product: Product, order: &Order) -> bool {
    let first = trade.order.details.get("content").map(String::as_str);
    let first: Value = serde_json::from_str(first.unwrap_or_default()).unwrap_or_default();
    first == order.content && trade.order.product == product.trade_type()
}

/// The caller is who is to be paid, or its provider, under an appid that is bound to it.
///
/// # Errors
/// 400 `PARAM_ERROR`, `APPID_MCHID_NOT_MATCH`, 403 `NO_AUTH`.
pub fn check_payee(call: &Call<'_>, payee: &Payee) -> Result<(), Problem> {
    if payee.mchid != call.mchid() {
        let pointer = if payee.sub.is_some() {
            "/sp_mchid"
        } else {
            "/mchid"
        };
        let issue = "商户号与Authorization中的mchid不一致";
        return Err(Problem::field(pointer, Location::Body, issue));
    }
    if !call.account.has_app(&payee.appid) {
        return Err(Problem::appid_mchid_not_match());
    }
    let Some(sub) = &payee.sub else { return Ok(()) };
    Whose::of(call, Some(sub.mchid.clone()))?;
    match &sub.appid {
        Some(appid) if !call.account.portal.has_sub_app(&sub.mchid, appid) => {
            Err(Problem::appid_mchid_not_match())
        }
        _ => Ok(()),
    }
}

/// The payer's openid is one under the appid that the payer sees.
fn check_payer(call: &Call<'_>, openids: &Openids, order: &Order) -> Result<(), Problem> {
    let (appid, openid) = match &order.payer {
        None => return Ok(()),
        Some(Payer::Caller(openid)) => (&order.payee.appid, openid),
        Some(Payer::Sub(openid)) => {
            let sub_appid = order.payee.sub.as_ref().and_then(|sub| sub.appid.as_ref());
            (sub_appid.unwrap_or(&order.payee.appid), openid)
        }
    };
    if openids.is_of_another(call.sandbox.accounts(), openid, appid) {
        return Err(Problem::openid_mismatch());
    }
    Ok(())
}

/// What the ledger keeps of an order under WeChat Pay's own names.
pub fn details(order: &Order) -> BTreeMap<String, String> {
    let payee = &order.payee;
    let sub = payee.sub.as_ref();
    let (openid, sub_openid) = match &order.payer {
        None => (None, None),
        Some(Payer::Caller(openid)) => (Some(openid), None),
        Some(Payer::Sub(openid)) => (None, Some(openid)),
    };
    let kept = [
        ("appid", Some(&payee.appid)),
        ("sub_mchid", sub.map(|sub| &sub.mchid)),
        ("sub_appid", sub.and_then(|sub| sub.appid.as_ref())),
        ("openid", openid),
        ("sub_openid", sub_openid),
    ];
    let kept = kept
        .into_iter()
        .filter_map(|(name, value)| value.map(|value| (name.to_owned(), value.clone())));
    kept.chain([("content".to_owned(), order.content.to_string())])
        .collect()
}

fn ledger_order(
    product: Product,
    order: &Order,
    key: ledger::TradeKey,
    now: DateTime<Utc>,
) -> ledger::Order {
    ledger::Order {
        key,
        amount: order.total,
        subject: order.description.clone(),
        product: product.trade_type().to_owned(),
        notify_url: order.notify_url.clone(),
        return_url: None,
        attach: order.attach.clone(),
        expiry: Expiry::At(order.time_expire.unwrap_or(now + lifetime::UNPAID)),
        details: details(order),
    }
}

/// A new handle for the payer. A new `code_url` takes the place of the old one.
fn hand_out(
    world: &mut World,
    product: Product,
    trade: &Trade,
    now: DateTime<Utc>,
    public_url: &str,
) -> Result<Reply, Problem> {
    let (kind, life) = match product {
        Product::Native => (ArtefactKind::QrCode, lifetime::PREPAY),
        Product::H5 => (ArtefactKind::H5, lifetime::H5),
        _ => (ArtefactKind::PrepayId, lifetime::PREPAY),
    };
    let code = new_code(product, now)?;
    let reply = match product {
        Product::Native => json!({ "code_url": code }),
        Product::H5 => json!({ "h5_url": format!("{public_url}/wallet/h5?id={code}") }),
        _ => json!({ "prepay_id": code }),
    };
    if product == Product::Native {
        world.artefacts.replace(&trade.order.key, kind);
    }
    world.artefacts.hand_out(Artefact {
        code,
        kind,
        order: trade.order.clone(),
        created_at: now,
        expires_at: Some(now + life),
        replaced: false,
    });
    Ok(Reply::Json(reply))
}

fn new_code(product: Product, now: DateTime<Utc>) -> Result<String, KeyError> {
    Ok(match product {
        Product::Native => format!("weixin://wxpay/bizpayurl?pr={}", token::<6>()?),
        Product::H5 => token::<16>()?,
        _ => {
            format!(
                "wx{}{}",
                beijing(now).format("%Y%m%d%H%M%S"),
                token::<10>()?
            )
        }
    })
}

//! `POST /v3/pay/transactions/{native,h5,jsapi,app}`: makes the order, or meets the one that
//! already has its number, and hands out what the payer needs.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde_json::{Value, json};

use super::call::{Call, Reply};
use super::lifetime;
use super::order::{Order, Product};
use super::problem::{Location, Problem};
use super::token::token;
use crate::artefacts::{Artefact, ArtefactKind};
use crate::key::KeyError;
use crate::ledger::{self, Expiry, Trade, TradeState, beijing};
use crate::server::World;

/// Makes the order of the call's body.
///
/// # Errors
/// 400 `PARAM_ERROR` for the body, `APPID_MCHID_NOT_MATCH`, and for a number that is in use
/// `INVALID_REQUEST` (other parameters), `ORDERPAID` or `ORDER_CLOSED`.
pub fn place(call: &Call<'_>, product: Product) -> Result<Reply, Problem> {
    let order = Order::parse(product, call.body)?;
    call.check_body_mchid(&order.mchid)?;
    if order.appid != call.account.merchant.appid {
        return Err(Problem::appid_mchid_not_match());
    }
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
    let first = trade
        .order
        .details
        .get("content")
        .map(String::as_str)
        .unwrap_or_default();
    let first: Value = serde_json::from_str(first).unwrap_or_default();
    if first == order.content && trade.order.product == product.trade_type() {
        return Ok(());
    }
    Err(Problem::differs_on_reentry())
}

fn ledger_order(
    product: Product,
    order: &Order,
    key: ledger::TradeKey,
    now: DateTime<Utc>,
) -> ledger::Order {
    let mut details = BTreeMap::from([
        ("appid".to_owned(), order.appid.clone()),
        ("content".to_owned(), order.content.to_string()),
    ]);
    details.extend(
        order
            .openid
            .clone()
            .map(|openid| ("openid".to_owned(), openid)),
    );
    ledger::Order {
        key,
        amount: order.total,
        subject: order.description.clone(),
        product: product.trade_type().to_owned(),
        notify_url: Some(order.notify_url.clone()),
        return_url: None,
        attach: order.attach.clone(),
        expiry: Expiry::At(order.time_expire.unwrap_or(now + lifetime::UNPAID)),
        details,
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
        Product::Jsapi | Product::App => (ArtefactKind::PrepayId, lifetime::PREPAY),
    };
    let code = new_code(product, now)?;
    let reply = match product {
        Product::Native => json!({ "code_url": code }),
        Product::H5 => json!({ "h5_url": format!("{public_url}/wallet/h5?id={code}") }),
        Product::Jsapi | Product::App => json!({ "prepay_id": code }),
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
        Product::Jsapi | Product::App => {
            format!(
                "wx{}{}",
                beijing(now).format("%Y%m%d%H%M%S"),
                token::<10>()?
            )
        }
    })
}

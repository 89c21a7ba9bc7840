//! The front page: a box to scan into, and what can be paid now.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::page::{Brand, Home, Item, money, refusal, see_other, send};
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::TradeState;
use crate::payer::{self, PayerError};
use crate::server::{Sandbox, World};

/// How many things the list shows.
const LISTED: usize = 30;

#[derive(Deserialize)]
pub(super) struct Scan {
    code: String,
}

pub(super) async fn show(sandbox: web::Data<Sandbox>) -> HttpResponse {
    let items = sandbox.with_world(|world, now| {
        world
            .artefacts
            .newest()
            .filter(|artefact| artefact.is_live(now) && is_unpaid(world, artefact))
            .filter_map(item)
            .take(LISTED)
            .collect()
    });
    send(StatusCode::OK, &Home { items })
}

/// Opens what the box or a link holds, as the camera would: an artefact, or else a web page.
pub(super) async fn scan(sandbox: web::Data<Sandbox>, scan: web::Query<Scan>) -> HttpResponse {
    match payer::open(&sandbox, &Value::String(scan.into_inner().code)) {
        Ok(opened) => see_other(&cashier_link(&opened.code)),
        Err(PayerError::Unknown(code)) if is_web_page(&code) => see_other(&code),
        Err(error) => refusal(&error),
    }
}

pub(super) fn cashier_link(code: &str) -> String {
    link("/wallet/cashier", "code", code)
}

/// A merchant's page, such as a checkout for both wallets; a channel's own codes are none.
fn is_web_page(text: &str) -> bool {
    Url::parse(text).is_ok_and(|url| {
        matches!(url.scheme(), "http" | "https")
            && !url
                .host_str()
                .is_some_and(|host| host.ends_with("alipay.com"))
    })
}

fn is_unpaid(world: &World, artefact: &Artefact) -> bool {
    let trade = world.ledger.trade(&artefact.order.key);
    trade.is_none_or(|trade| trade.state == TradeState::Waiting)
}

/// A bare `prepay_id` is no thing that a person can open: the wallet needs the signed parameters.
fn item(artefact: &Artefact) -> Option<Item> {
    let link = match artefact.kind {
        ArtefactKind::QrCode => link("/wallet/scan", "code", &artefact.code),
        ArtefactKind::H5 => link("/wallet/h5", "id", &artefact.code),
        ArtefactKind::Page | ArtefactKind::OrderString | ArtefactKind::Trade => {
            cashier_link(&artefact.code)
        }
        ArtefactKind::PrepayId => return None,
    };
    Some(Item {
        brand: Brand::from(artefact.order.key.channel),
        subject: artefact.order.subject.clone(),
        amount: money(artefact.order.amount),
        out_trade_no: artefact.order.key.out_trade_no.clone(),
        link,
    })
}

pub(super) fn link(path: &str, name: &str, value: &str) -> String {
    let mut query = url::form_urlencoded::Serializer::new(String::new());
    format!("{path}?{}", query.append_pair(name, value).finish())
}

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

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::ledger::{Channel, Expiry, TradeKey};
    use crate::{Running, Settings, start};

    /// A sandbox with one WeChat order that was handed out as an `h5_url` with the id `h1`.
    async fn with_h5() -> (Running, TradeKey) {
        let running = start(Settings::default()).await.unwrap();
        let key = TradeKey::new(Channel::Wechat, "1900009191", "W1");
        let order = Order {
            key: key.clone(),
            amount: 8888,
            subject: "tea".to_owned(),
            product: "MWEB".to_owned(),
            notify_url: None,
            return_url: None,
            attach: None,
            expiry: Expiry::Never,
            details: BTreeMap::new(),
        };
        running.sandbox().with_world(|world, now| {
            world.ledger.open(&order, now);
            world.artefacts.hand_out(Artefact {
                code: "h1".to_owned(),
                kind: ArtefactKind::H5,
                order,
                created_at: now,
                expires_at: None,
                replaced: false,
            });
        });
        (running, key)
    }

    async fn post(running: &Running, verb: &str, redirect_url: &str) -> reqwest::Response {
        let url = format!("{}/wallet/{verb}", running.url());
        let form = [("code", "h1"), ("redirect_url", redirect_url)];
        running
            .sandbox()
            .http()
            .post(url)
            .form(&form)
            .send()
            .await
            .unwrap()
    }

    #[tokio::test]
    async fn an_h5_payer_goes_back_to_the_redirect_url_after_paying_or_leaving() {
        let (running, key) = with_h5().await;
        let back = "http://shop.example/back?order=W1";
        let mut url = Url::parse(&format!("{}/wallet/h5?id=h1", running.url())).unwrap();
        url.query_pairs_mut().append_pair("redirect_url", back);
        let page = running.sandbox().http().get(url).send().await.unwrap();
        let html = page.text().await.unwrap();
        assert!(
            html.contains("id=\"pay\"") && html.contains("¥88.88"),
            "{html}"
        );
        assert!(
            html.contains("value=\"http://shop.example/back?order=W1\""),
            "{html}"
        );
        let left = post(&running, "cancel", back).await;
        assert_eq!(
            (left.status().as_u16(), left.headers()["location"] == back),
            (303, true)
        );
        let paid_at = || {
            running
                .sandbox()
                .read_world(|world| world.ledger.trade(&key).unwrap().paid_at)
        };
        assert_eq!(paid_at(), None);
        let paid = post(&running, "pay", back).await;
        assert_eq!(
            (paid.status().as_u16(), paid.headers()["location"] == back),
            (303, true)
        );
        assert!(paid_at().is_some());
    }

    #[tokio::test]
    async fn a_redirect_url_that_is_no_web_address_is_not_followed() {
        let (running, _) = with_h5().await;
        let left = post(&running, "cancel", "javascript:alert(1)").await;
        assert_eq!(left.status(), 200);
        let paid = post(&running, "pay", "javascript:alert(1)").await;
        assert_eq!(&paid.headers()["location"], "/wallet/cashier?code=h1");
    }
}

//! One order's page: what it shows of the order, beside what it offers.

use super::amount::yuan;
use super::links::Links;
use super::moment::Moment;
use super::panel::{Panel, known_payer};
use super::sheet::Frame;
use super::stage::Stage;
use super::text::Text;
use super::visit::Visit;
use askama::Template;
use cashier::order::Order;
use cashier::state::OrderState;
use cashier::time::Timestamp;

/// One order's page.
#[derive(Template)]
#[template(path = "checkout/page.html")]
pub(super) struct Page {
    text: &'static Text,
    frame: Frame,
    links: Links,
    order: Goods,
    state: &'static str,
    mark: String,
    recheck: Option<i64>,
    notice: Option<&'static str>,
    payer: Option<(&'static str, String)>,
    back: Option<String>,
    panel: Panel,
}

/// What is bought, from whom, for how much, until when.
struct Goods {
    merchant: String,
    initial: String,
    subject: String,
    body: Option<String>,
    amount: String,
    until: Option<Moment>,
    seconds_left: Option<i64>,
}

impl Page {
    /// The page of an order at this visit.
    pub(super) fn of(visit: &Visit, state: &OrderState, now: Timestamp) -> Page {
        let text = visit.text();
        let stage = Stage::of(state, now);
        let panel = Panel::of(visit, state, stage, now);
        Page {
            text,
            frame: Frame::under(&visit.root),
            links: visit.links(),
            order: Goods::of(visit, &state.order, deadline(state, stage, &panel), now),
            state: if matches!(panel, Panel::Choose(_)) {
                "choose"
            } else {
                stage.name()
            },
            mark: stage.mark(),
            recheck: recheck(stage, now),
            notice: visit
                .remark
                .filter(|_| may_remark(stage))
                .map(|remark| remark.text(text)),
            payer: known_payer(visit, state).map(|payer| (visit.place.payer_name(), payer)),
            back: state.order.return_url.clone().filter(|url| is_web(url)),
            panel,
        }
    }
}

impl Goods {
    fn of(visit: &Visit, order: &Order, deadline: Option<Timestamp>, now: Timestamp) -> Goods {
        let app = visit.shared.registry.app(&order.app);
        let merchant = app.map(|app| app.name.clone()).unwrap_or_default();
        Goods {
            initial: merchant
                .chars()
                .next()
                .map(String::from)
                .unwrap_or_default(),
            merchant,
            subject: order.subject.clone(),
            body: order.body.clone().filter(|body| !body.is_empty()),
            amount: yuan(order.amount),
            until: deadline.map(|at| Moment::of(at, now, visit.text())),
            seconds_left: deadline.map(|at| seconds_until(at, now)),
        }
    }
}

/// Until when what the page shows can be paid.
fn deadline(state: &OrderState, stage: Stage<'_>, panel: &Panel) -> Option<Timestamp> {
    match (stage, panel) {
        (_, Panel::Choose(_)) => Some(state.order.expires_at),
        (Stage::Waiting(flow), _) => Some(flow.expires_at().min(state.order.expires_at)),
        _ => None,
    }
}

/// In how many seconds the page is to be fetched again by itself: just after the
/// next question to the channel.
fn recheck(stage: Stage<'_>, now: Timestamp) -> Option<i64> {
    match stage {
        Stage::Processing { next: Some(at) } => Some(seconds_until(at, now).max(1) + 1),
        _ => None,
    }
}

fn seconds_until(at: Timestamp, now: Timestamp) -> i64 {
    at.since(now).as_millis().saturating_add(999) / 1000
}

/// A remark about a payment says nothing where the order has come to its end.
fn may_remark(stage: Stage<'_>) -> bool {
    matches!(stage, Stage::Choose | Stage::Waiting(_))
}

fn is_web(url: &str) -> bool {
    url.starts_with("https://") || url.starts_with("http://")
}

#[cfg(test)]
mod tests;

//! What a page offers in each stage: the next step, and what else can be done.

use super::amount::yuan;
use super::identity;
use super::moment::Moment;
use super::place::Place;
use super::qr::Qr;
use super::stage::Stage;
use super::text::Text;
use super::visit::Visit;
use cashier::capture::CaptureKind;
use cashier::channel::Action;
use cashier::flow::Flow;
use cashier::order::Order;
use cashier::state::OrderState;
use cashier::time::Timestamp;
use cashier::way::{ChannelKind, Way};
use url::form_urlencoded::byte_serialize;

/// What a page offers.
pub(super) enum Panel {
    Choose(Choose),
    Scan(Scan),
    Leave(Leave),
    Bridge(Bridge),
    /// The payment goes on in another browser; the title.
    Elsewhere(&'static str),
    Processing(Processing),
    Paid(Paid),
    Over(Over),
}

/// The ways to choose from.
pub(super) struct Choose {
    pub(super) ways: Vec<Offer>,
    /// What to do if there is no way.
    pub(super) none: &'static str,
    /// Whether a payment is under way that the payer can go back to.
    pub(super) under_way: bool,
    /// One code for both wallets: it leads to this very page.
    pub(super) both: Option<Qr>,
}

/// One way.
pub(super) struct Offer {
    pub(super) way: Way,
    pub(super) brand: &'static str,
    pub(super) name: &'static str,
    pub(super) hint: &'static str,
}

/// A code to scan.
pub(super) struct Scan {
    pub(super) title: &'static str,
    pub(super) hint: &'static str,
    pub(super) brand: &'static str,
    pub(super) qr: Qr,
    pub(super) wallet_link: Option<String>,
}

/// The way to the wallet's page.
pub(super) struct Leave {
    pub(super) title: &'static str,
    pub(super) hint: &'static str,
    pub(super) brand: &'static str,
    pub(super) label: &'static str,
    pub(super) way: Way,
}

/// A payment inside a wallet.
pub(super) struct Bridge {
    pub(super) title: &'static str,
    pub(super) hint: &'static str,
    pub(super) brand: &'static str,
    pub(super) label: &'static str,
    pub(super) flow: String,
    /// What the wallet's bridge is given, as JSON.
    pub(super) params: String,
}

/// A payment that is being confirmed.
pub(super) struct Processing {
    pub(super) why: &'static str,
    pub(super) next: Option<Moment>,
}

/// A payment that came in.
pub(super) struct Paid {
    pub(super) by: Option<&'static str>,
    pub(super) at: Option<Moment>,
    pub(super) refunded: Option<String>,
    pub(super) surplus: bool,
}

/// An order that has ended unpaid.
pub(super) struct Over {
    pub(super) title: &'static str,
    pub(super) explanation: &'static str,
    pub(super) returned: bool,
    pub(super) may_check: bool,
}

impl Panel {
    /// What the page of this order offers at this visit.
    pub(super) fn of(visit: &Visit, state: &OrderState, stage: Stage<'_>, now: Timestamp) -> Panel {
        let text = visit.text();
        let over = |title, explanation, returned: bool| {
            let may_check = !returned && state.flows.iter().any(|flow| !flow.status.is_settled());
            Panel::Over(Over {
                title,
                explanation,
                returned,
                may_check,
            })
        };
        match stage {
            Stage::Choose => Panel::Choose(Choose::of(visit, state, false)),
            Stage::Waiting(_) if visit.chooses => Panel::Choose(Choose::of(visit, state, true)),
            Stage::Waiting(flow) => waiting(visit, flow),
            Stage::Processing { next } => Panel::Processing(Processing {
                why: text.processing_confirming,
                next: next.filter(|at| *at > now).map(|at| Moment::near(at, text)),
            }),
            Stage::Reviewed => Panel::Processing(Processing {
                why: text.processing_reviewed,
                next: None,
            }),
            Stage::Paid => Panel::Paid(Paid::of(state, now, text)),
            Stage::Expired => over(text.expired_title, text.expired_text, false),
            Stage::Closed => over(text.closed_title, text.closed_text, false),
            Stage::Returned { done: false } => {
                over(text.returning_title, text.returning_text, true)
            }
            Stage::Returned { done: true } => over(text.returned_title, text.returned_text, true),
        }
    }
}

impl Choose {
    fn of(visit: &Visit, state: &OrderState, under_way: bool) -> Choose {
        let text = visit.text();
        let order = &state.order;
        let serves = |way: &Way| identity::account(visit, order, *way).is_some();
        let here: Vec<Way> = visit.place.ways().iter().copied().filter(serves).collect();
        let known = known_payer(visit, state).is_some();
        let most = if visit.place.is_wallet() {
            1
        } else {
            usize::MAX
        };
        let ways: Vec<Offer> = here
            .iter()
            .filter(|way| known || way.payer_field().is_none())
            .take(most)
            .map(|way| Offer::of(*way, text))
            .collect();
        let none = match visit.place {
            Place::MiniProgram => text.none_mini_program,
            Place::InWechat if !known || here.is_empty() => text.none_openid,
            _ => text.none_here,
        };
        Choose {
            ways,
            none,
            under_way,
            both: for_both_wallets(visit, order),
        }
    }
}

/// The code that either wallet can scan on a computer's screen. Nothing exists at a
/// channel before it is scanned; the page then opens inside the wallet.
fn for_both_wallets(visit: &Visit, order: &Order) -> Option<Qr> {
    if visit.place != Place::Desktop {
        return None;
    }
    let in_wechat = identity::asks(visit, order, Way::WxJsapi);
    let in_alipay = identity::asks(visit, order, Way::AliJsapi)
        || identity::account(visit, order, Way::AliWap).is_some();
    if !in_wechat || !in_alipay {
        return None;
    }
    let page = format!(
        "{}/checkout/{}",
        visit.shared.settings.public_url, visit.token
    );
    draw(&page)
}

fn draw(text: &str) -> Option<Qr> {
    Qr::draw(text)
        .inspect_err(|error| tracing::error!(error = %error, "a QR code could not be drawn"))
        .ok()
}

impl Offer {
    fn of(way: Way, text: &'static Text) -> Offer {
        Offer {
            way,
            brand: way.channel().name(),
            name: text.name(way),
            hint: text.hint(way),
        }
    }
}

/// The payer, as the link or an earlier payment in the same wallet names them.
pub(super) fn known_payer(visit: &Visit, state: &OrderState) -> Option<String> {
    let wallet = match visit.place {
        Place::InWechat => ChannelKind::Wechat,
        Place::InAlipay => ChannelKind::Alipay,
        _ => return visit.payer.clone(),
    };
    let earlier = || {
        let mut flows = state.flows.iter().rev();
        flows.find_map(|flow| {
            let same = flow.way().channel() == wallet;
            flow.request.payer.clone().filter(|_| same)
        })
    };
    visit.payer.clone().or_else(earlier)
}

/// A payment that can be made with what the flow handed out, if it can be made here.
fn waiting(visit: &Visit, flow: &Flow) -> Panel {
    let in_browser = matches!(visit.place, Place::Desktop | Place::Phone);
    let works_here = visit.place.ways().contains(&flow.way());
    let panel = match &flow.action {
        Some(Action::QrCode { text }) if in_browser => scan(visit, flow, text),
        Some(Action::Redirect { .. }) if works_here => Some(leave(visit.text(), flow.way())),
        Some(Action::Jsapi { params }) if works_here => {
            let params = serde_json::to_string(params).ok();
            params.map(|params| bridge(visit.text(), flow, params))
        }
        _ => None,
    };
    panel.unwrap_or(Panel::Elsewhere(visit.text().elsewhere_title))
}

fn scan(visit: &Visit, flow: &Flow, code: &str) -> Option<Panel> {
    let text = visit.text();
    let qr = draw(code)?;
    let channel = flow.way().channel();
    let (title, hint) = match channel {
        ChannelKind::Alipay => (text.scan_alipay, text.scan_hint_alipay),
        _ => (text.scan_wechat, text.scan_hint_wechat),
    };
    let wallet_link = visit.shared.settings.wallet_url.as_ref().map(|wallet| {
        let code: String = byte_serialize(code.as_bytes()).collect();
        format!("{}/wallet/scan?code={code}", wallet.trim_end_matches('/'))
    });
    Some(Panel::Scan(Scan {
        title,
        hint,
        brand: channel.name(),
        qr,
        wallet_link,
    }))
}

fn leave(text: &'static Text, way: Way) -> Panel {
    let (title, label) = match way.channel() {
        ChannelKind::Alipay => (text.leave_alipay, text.go_alipay),
        _ => (text.leave_wechat, text.go_wechat),
    };
    Panel::Leave(Leave {
        title,
        hint: text.leave_hint,
        brand: way.channel().name(),
        label,
        way,
    })
}

fn bridge(text: &'static Text, flow: &Flow, params: String) -> Panel {
    let channel = flow.way().channel();
    let (title, hint, label) = match channel {
        ChannelKind::Alipay => (
            text.bridge_alipay,
            text.bridge_hint_alipay,
            text.bridge_pay_alipay,
        ),
        _ => (
            text.bridge_wechat,
            text.bridge_hint_wechat,
            text.bridge_pay_wechat,
        ),
    };
    Panel::Bridge(Bridge {
        title,
        hint,
        brand: channel.name(),
        label,
        flow: flow.no.to_string(),
        params,
    })
}

impl Paid {
    fn of(state: &OrderState, now: Timestamp, text: &'static Text) -> Paid {
        let order = &state.order;
        let flow = order.paid_by.as_ref().and_then(|no| state.flow(no));
        let refunded = state.winner().map(|capture| state.refunded(&capture.id));
        Paid {
            by: flow.map(|flow| text.wallet(flow.way().channel())),
            at: order.paid_at.map(|at| Moment::of(at, now, text)),
            refunded: refunded.filter(|amount| amount.is_positive()).map(yuan),
            surplus: state
                .captures
                .iter()
                .any(|capture| capture.kind == CaptureKind::Surplus),
        }
    }
}

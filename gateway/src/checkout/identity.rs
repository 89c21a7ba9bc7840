//! Who pays, inside a wallet: the browser goes to the wallet's authorisation page, which
//! asks the payer nothing, and comes back to `GET /checkout/{token}/payer` with a code
//! that the channel account exchanges for the payer's name.
//!
//! The way there is kept in a cookie, so that nobody can send a payer here with a code
//! of somebody else.

use super::fault::Fault;
use super::panel::known_payer;
use super::payer;
use super::place::Place;
use super::remark::Remark;
use super::sheet;
use super::stage::Stage;
use super::visit::Visit;
use actix_web::cookie::time::Duration;
use actix_web::cookie::{Cookie, SameSite};
use actix_web::http::header::SET_COOKIE;
use actix_web::{HttpRequest, HttpResponse};
use cashier::channel::{Channel, Outcome};
use cashier::id::AccountId;
use cashier::order::Order;
use cashier::shell::Channels;
use cashier::state::OrderState;
use cashier::way::Way;
use std::sync::Arc;
use subtle::ConstantTimeEq;
use url::form_urlencoded;

/// The cookie that says that this browser was sent to the wallet.
const HOP: &str = "till_hop";

/// How long a payer may stay there.
const HOP_LIFE: Duration = Duration::minutes(5);

/// The channel account that serves a way for an order.
pub(super) fn account(visit: &Visit, order: &Order, way: Way) -> Option<AccountId> {
    let allowed = order.ways.is_empty() || order.ways.contains(&way);
    let account = visit.shared.registry.account_for(&order.app, way)?;
    allowed.then_some(account)
}

/// Whether the account that serves a way can ask the wallet who pays.
pub(super) fn asks(visit: &Visit, order: &Order, way: Way) -> bool {
    channel(visit, order, way).is_some_and(|channel| channel.payers().is_some())
}

/// The way that is paid in the payer's name at this place, if there is one.
const fn way(place: Place) -> Option<Way> {
    match place {
        Place::InWechat => Some(Way::WxJsapi),
        Place::InAlipay => Some(Way::AliJsapi),
        _ => None,
    }
}

fn channel(visit: &Visit, order: &Order, way: Way) -> Option<Arc<dyn Channel>> {
    let account = account(visit, order, way)?;
    visit.shared.registry.channel(&account)
}

/// The way to the wallet, where the payer is to be named first. A page that has
/// something to say is shown, so that a wallet that does not answer is not asked in a
/// circle.
pub(super) fn hop(visit: &Visit, state: &OrderState) -> Option<HttpResponse> {
    let is_asked = visit.remark.is_none() && known_payer(visit, state).is_none();
    let may_pay = matches!(
        Stage::of(state, visit.shared.clock.now()),
        Stage::Choose | Stage::Waiting(_)
    );
    let way = way(visit.place).filter(|_| is_asked && may_pay)?;
    let channel = channel(visit, &state.order, way)?;
    let nonce = hex::encode(visit.shared.entropy.bytes());
    let address = channel.payers()?.asked_at(&came_from(visit), &nonce);
    Some(leave_for(visit, &address, &nonce))
}

/// Where the wallet sends the browser back to.
fn came_from(visit: &Visit) -> String {
    let public = &visit.shared.settings.public_url;
    format!("{public}/checkout/{}/payer", visit.token)
}

fn leave_for(visit: &Visit, address: &str, nonce: &str) -> HttpResponse {
    let cookie = Cookie::build(HOP, nonce)
        .path(format!("{}/{}", visit.root, visit.token))
        .max_age(HOP_LIFE)
        .http_only(true)
        .secure(visit.shared.settings.public_url.starts_with("https:"))
        .same_site(SameSite::Lax)
        .finish();
    let mut hop = sheet::see_other(address);
    if let Ok(value) = cookie.to_string().parse() {
        hop.headers_mut().append(SET_COOKIE, value);
    }
    hop
}

/// The payer comes back from the wallet.
pub(super) async fn come_back(
    mut visit: Visit,
    request: HttpRequest,
) -> Result<HttpResponse, Fault> {
    let state = visit.order().await?;
    visit.payer = named(&visit, &state, &request).await;
    let remark = visit.payer.is_none().then_some(Remark::Unnamed);
    Ok(visit.page(remark))
}

async fn named(visit: &Visit, state: &OrderState, request: &HttpRequest) -> Option<String> {
    let channel = channel(visit, &state.order, way(visit.place)?)?;
    let payers = channel.payers()?;
    let asked = |wanted: &str| {
        let mut pairs = form_urlencoded::parse(request.query_string().as_bytes());
        pairs.find_map(|(name, value)| (name == wanted).then(|| value.into_owned()))
    };
    let sent = request.cookie(HOP)?;
    let is_ours = sent.value().as_bytes().ct_eq(asked("state")?.as_bytes());
    if !bool::from(is_ours) {
        return None;
    }
    match payers.payer(&asked(payers.code_field())?).await {
        Outcome::Done(name) => payer::name(&name).map(str::to_owned),
        Outcome::Refused(refusal) => {
            tracing::warn!(code = refusal.code, "the wallet does not name the payer");
            None
        }
        Outcome::NotSent(cause) | Outcome::Unknown(cause) => {
            tracing::warn!(cause = ?cause.kind, detail = cause.detail, "the wallet was not heard about the payer");
            None
        }
    }
}

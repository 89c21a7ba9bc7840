//! `POST /checkout/{token}/pay`: the payer chooses a way. The same way again is
//! the same payment; another one closes it first.

use super::fault::Fault;
use super::panel::known_payer;
use super::payer;
use super::remark::Remark;
use super::sheet;
use super::visit::Visit;
use actix_web::{Error, HttpRequest, HttpResponse, web};
use cashier::channel::Action;
use cashier::command::{PayCommand, Payable, Refusal};
use cashier::journal::Source;
use cashier::state::OrderState;
use cashier::way::Way;
use serde::Deserialize;

/// What the form holds.
#[derive(Deserialize)]
pub(super) struct Wish {
    way: String,
    openid: Option<String>,
    buyer_id: Option<String>,
}

/// Begins a payment, or goes on with it.
pub(super) async fn handle(
    mut visit: Visit,
    request: HttpRequest,
    form: Result<web::Form<Wish>, Error>,
) -> Result<HttpResponse, Fault> {
    let Wish {
        way,
        openid,
        buyer_id,
    } = form.map_err(|_| visit.invalid())?.into_inner();
    let way: Way = way.parse().map_err(|_| visit.invalid())?;
    let given = openid.or(buyer_id);
    let given = given.as_deref().and_then(payer::name).map(str::to_owned);
    visit.payer = given.or(visit.payer);
    let state = visit.order().await?;
    let Some(wish) = wish(&visit, &request, &state, way) else {
        return Ok(visit.page(Some(Remark::Unavailable)));
    };
    match visit.shared.cashier.pay(&state.order.id, wish).await {
        Ok(payable) => Ok(proceed(&visit, &payable)),
        Err(refusal @ (Refusal::NotFound | Refusal::StoreUnavailable)) => {
            Err(visit.fault(&refusal))
        }
        Err(refusal) => Ok(visit.page(Remark::about(&refusal))),
    }
}

/// `None` when no channel account serves the way.
fn wish(visit: &Visit, request: &HttpRequest, state: &OrderState, way: Way) -> Option<PayCommand> {
    let shared = &visit.shared;
    let account = shared.registry.account_for(&state.order.app, way)?;
    Some(PayCommand {
        source: Source::Payer,
        way,
        notify_url: shared.registry.notify_url(&account),
        account,
        payer: known_payer(visit, state).filter(|_| way.payer_field().is_some()),
        auth_code: None,
        client_ip: payer::address(request, &shared.settings.trusted_proxies),
        return_url: Some(format!(
            "{}/checkout/{}/back",
            shared.settings.public_url, visit.token
        )),
    })
}

/// To the wallet's page where there is one; else the page shows what to do.
fn proceed(visit: &Visit, payable: &Payable) -> HttpResponse {
    let flow = payable.state.flow(&payable.flow);
    match flow.and_then(|flow| flow.action.as_ref()) {
        Some(Action::Redirect { .. }) => sheet::see_other(&visit.links().go(&payable.flow)),
        _ => visit.page(None),
    }
}

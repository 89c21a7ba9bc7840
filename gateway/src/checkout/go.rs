//! `GET /checkout/{token}/go/{flow_no}`: the way to a wallet's page. It leads
//! through here so that a stale tab cannot pay what was given up.

use super::fault::Fault;
use super::remark::Remark;
use super::sheet;
use super::stage::Stage;
use super::visit::Visit;
use actix_web::{HttpRequest, HttpResponse};
use cashier::channel::Action;
use cashier::flow::Flow;
use cashier::time::Timestamp;

/// Sends the browser on if that flow is still the payment under way.
pub(super) async fn handle(visit: Visit, request: HttpRequest) -> Result<HttpResponse, Fault> {
    let state = visit.order().await?;
    let now = visit.shared.clock.now();
    let asked = request.match_info().get("flow_no").unwrap_or_default();
    let target = match Stage::of(&state, now) {
        Stage::Waiting(flow) if flow.no.as_str() == asked => target(flow, now),
        _ => None,
    };
    Ok(match target {
        Some(url) => sheet::leave_for(url),
        None => visit.page(Some(Remark::Changed)),
    })
}

fn target(flow: &Flow, now: Timestamp) -> Option<&str> {
    let is_good = flow.action_until.is_none_or(|until| now < until);
    match &flow.action {
        Some(Action::Redirect { url }) if is_good => Some(url),
        _ => None,
    }
}

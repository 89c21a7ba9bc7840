//! `GET /checkout/{token}`: the page.

use super::fault::Fault;
use super::identity;
use super::page::Page;
use super::sheet;
use super::visit::Visit;
use actix_web::HttpResponse;
use actix_web::http::StatusCode;

/// Shows the page. Inside a wallet that can name its payer, the browser is sent to it
/// first, once.
pub(super) async fn handle(visit: Visit) -> Result<HttpResponse, Fault> {
    let state = visit.order().await?;
    if let Some(hop) = identity::hop(&visit, &state) {
        return Ok(hop);
    }
    let page = Page::of(&visit, &state, visit.shared.clock.now());
    Ok(sheet::send(
        StatusCode::OK,
        &page,
        visit.shared.settings.wallet_url.as_deref(),
    ))
}

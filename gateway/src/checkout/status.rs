//! `GET /checkout/{token}/status`: where the page stands, for its script.

use super::fault::Fault;
use super::sheet::unseen_by_others;
use super::stage::Stage;
use super::visit::Visit;
use actix_web::HttpResponse;
use serde::Serialize;

/// Where a page stands.
#[derive(Serialize)]
pub(super) struct Status {
    /// The state that the page shows.
    state: &'static str,
    /// Differs from the page's own mark when the page has to look different.
    mark: String,
    /// Whether the order is paid.
    paid: bool,
}

impl From<Stage<'_>> for Status {
    fn from(stage: Stage<'_>) -> Status {
        Status {
            state: stage.name(),
            mark: stage.mark(),
            paid: stage == Stage::Paid,
        }
    }
}

/// Says where the page stands.
pub(super) async fn handle(visit: Visit) -> Result<HttpResponse, Fault> {
    let state = visit.order().await?;
    let stage = Stage::of(&state, visit.shared.clock.now());
    Ok(unseen_by_others(&mut HttpResponse::Ok()).json(Status::from(stage)))
}

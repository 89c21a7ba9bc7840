//! One order by its id, with its flows, refunds and timeline.

use crate::auth::Caller;
use crate::problem::Problem;
use crate::routes::field::name;
use crate::shared::Shared;
use crate::view::order::OrderView;
use actix_web::{HttpResponse, web};
use cashier::command::Refusal;
use cashier::state::OrderState;

/// The order as it is now.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders", operation_id = "get_order",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The order, with its timeline", body = OrderView),
        (status = 404, description = "`not_found`: the application has no such order"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = name::order(&id)?;
    let found = shared.cashier.order(caller.app_id(), &id).await;
    explained(&shared, found).await
}

/// The order with its timeline.
///
/// # Errors
/// `not_found`, `unavailable`.
pub(super) async fn explained(
    shared: &Shared,
    found: Result<OrderState, Refusal>,
) -> Result<HttpResponse, Problem> {
    let state = found.map_err(|refusal| Problem::refused(&refusal, shared.clock.now()))?;
    let lines = shared.store.journal(&state.order.id).await;
    let lines = lines.map_err(|error| Problem::store(&error))?;
    let view = OrderView::of(&state, &shared.settings.public_url).with_timeline(lines);
    Ok(HttpResponse::Ok().json(view))
}

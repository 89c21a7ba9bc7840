//! One order by its id, with its flows and refunds, and its timeline if wanted.

use crate::auth::Caller;
use crate::problem::Problem;
use crate::routes::field::name;
use crate::routes::orders::expand::More;
use crate::shared::Shared;
use crate::view::order::OrderView;
use actix_web::{HttpResponse, web};
use cashier::command::Refusal;
use cashier::state::OrderState;
use cashier::timeline::timeline;

/// The order as it is now.
#[utoipa::path(get, path = "/v1/orders/{id}", tag = "orders", operation_id = "get_order",
    params(("id" = String, Path, description = "The order's id"), More),
    responses(
        (status = 200, description = "The order, with its timeline if it was asked for",
            body = OrderView),
        (status = 404, description = "`not_found`: the application has no such order"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
    more: web::Query<More>,
) -> Result<HttpResponse, Problem> {
    let (id, explained) = (name::order(&id)?, more.timeline()?);
    let found = shared.cashier.order(caller.app_id(), &id).await;
    shown(&shared, found, explained).await
}

/// The order, `explained` by its timeline or not.
///
/// # Errors
/// `not_found`, `unavailable`.
pub(super) async fn shown(
    shared: &Shared,
    found: Result<OrderState, Refusal>,
    explained: bool,
) -> Result<HttpResponse, Problem> {
    let state = found.map_err(|refusal| Problem::refused(&refusal, shared.clock.now()))?;
    let mut view = OrderView::of(&state, &shared.settings.public_url);
    if explained {
        let evidence = shared.store.evidence(&state.order.id).await;
        let evidence = evidence.map_err(|error| Problem::store(&error))?;
        view = view.with_timeline(timeline(&state, &evidence));
    }
    Ok(HttpResponse::Ok().json(view))
}

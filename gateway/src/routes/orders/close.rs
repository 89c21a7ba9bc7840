//! Closes an order: at once where the channel confirms it, else as soon as it can.

use crate::auth::Caller;
use crate::idempotency::Reply;
use crate::problem::Problem;
use crate::routes::field::name;
use crate::routes::posted::{Nothing, Posted};
use crate::shared::Shared;
use crate::view::order::OrderView;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use cashier::command::Refusal;
use cashier::id::OrderId;
use cashier::order::OrderStatus;
use cashier::state::OrderState;

/// Asks to close the order.
#[utoipa::path(post, path = "/v1/orders/{id}/close", tag = "orders", operation_id = "close_order",
    params(("id" = String, Path, description = "The order's id")),
    responses(
        (status = 200, description = "The order is closed: nothing can be paid any more", body = OrderView),
        (status = 202, description = "It is being closed; an event tells how it ended: closed, or paid if the payer was faster", body = OrderView),
        (status = 409, description = "`order_paid`"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    posted: Posted<Nothing>,
) -> Result<HttpResponse, Problem> {
    let id = name::order(&id)?;
    let Posted {
        caller,
        body: Nothing {},
        ticket,
    } = posted;
    let work = async {
        let closed = close(&shared, &caller, &id).await;
        let state = closed.map_err(|no| Problem::refused(&no, shared.clock.now()))?;
        let done = state.order.status == OrderStatus::Closed;
        let status = if done {
            StatusCode::OK
        } else {
            StatusCode::ACCEPTED
        };
        Reply::new(status, &OrderView::of(&state, &shared.settings.public_url))
    };
    ticket.once(&shared, &caller, work).await
}

async fn close(shared: &Shared, caller: &Caller, id: &OrderId) -> Result<OrderState, Refusal> {
    shared.cashier.order(caller.app_id(), id).await?;
    shared.cashier.close(id).await
}

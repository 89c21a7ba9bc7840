//! One refund as it is now.

use crate::auth::Caller;
use crate::problem::Problem;
use crate::routes::field::name;
use crate::shared::Shared;
use crate::view::refund::RefundOfOrderView;
use actix_web::{HttpResponse, web};
use cashier::command::Refusal;

/// The refund as it is now.
#[utoipa::path(get, path = "/v1/refunds/{id}", tag = "refunds", operation_id = "get_refund",
    params(("id" = String, Path, description = "The refund's id")),
    responses(
        (status = 200, description = "The refund", body = RefundOfOrderView),
        (status = 404, description = "`not_found`: the application has no such refund"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    caller: Caller,
    id: web::Path<String>,
) -> Result<HttpResponse, Problem> {
    let id = name::refund(&id)?;
    let refused = |refusal: Refusal| match refusal {
        Refusal::NotFound => Problem::not_found(
            "there is no such refund for this API key's application; check the id",
        ),
        other => Problem::refused(&other, shared.clock.now()),
    };
    let state = shared
        .cashier
        .refund_by_no(caller.app_id(), &id)
        .await
        .map_err(refused)?;
    let view = RefundOfOrderView::of(&state, &id).ok_or_else(|| refused(Refusal::NotFound))?;
    Ok(HttpResponse::Ok().json(view))
}

//! Gives money back, in part or in full. The merchant's number makes it once.

use crate::auth::Caller;
use crate::idempotency::Reply;
use crate::problem::Problem;
use crate::routes::field::amount::Amount;
use crate::routes::field::{name, number, text};
use crate::routes::posted::Posted;
use crate::shared::Shared;
use crate::view::refund::RefundOfOrderView;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use cashier::command::{RefundAsked, RefundCommand, Refusal};
use cashier::id::OrderId;
use serde::Deserialize;
use utoipa::ToSchema;

/// A refund to be made.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CreateRefund {
    /// The merchant's own number of the refund.
    #[schema(
        min_length = 1,
        max_length = 64,
        pattern = r"^[A-Za-z0-9_\-.|*@:]+$",
        example = "BACK-2026-000007"
    )]
    merchant_refund_no: String,
    /// How much to give back, in fen.
    #[schema(value_type = i64, minimum = 1, example = 800)]
    amount: Amount,
    /// Why, for the payer.
    #[schema(max_length = 80)]
    reason: Option<String>,
}

/// Gives money back. The same number with the same content is the same refund.
#[utoipa::path(post, path = "/v1/orders/{id}/refunds", tag = "refunds", operation_id = "create_refund",
    params(("id" = String, Path, description = "The order's id")),
    request_body = CreateRefund,
    responses(
        (status = 201, description = "The refund is under way", body = RefundOfOrderView),
        (status = 200, description = "The same refund was made before", body = RefundOfOrderView),
        (status = 409, description = "`refund_exceeds_capture` with what is left in `refundable`; `order_conflict`: the number was used with other content"),
        (status = 422, description = "`channel_refused`, `idempotency_mismatch`"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    posted: Posted<CreateRefund>,
) -> Result<HttpResponse, Problem> {
    let id = name::order(&id)?;
    let Posted {
        caller,
        body,
        ticket,
    } = posted;
    let CreateRefund {
        merchant_refund_no,
        amount,
        reason,
    } = &body;
    let wish = RefundCommand {
        merchant_refund_no: number::check("merchant_refund_no", merchant_refund_no)?,
        amount: amount.money()?,
        reason: reason
            .as_deref()
            .map(|why| text::check("reason", why, 0..=80))
            .transpose()?,
    };
    let work = async {
        let asked = refund(&shared, &caller, &id, wish).await;
        let asked = asked.map_err(|no| Problem::refused(&no, shared.clock.now()))?;
        let status = if asked.created {
            StatusCode::CREATED
        } else {
            StatusCode::OK
        };
        let view = RefundOfOrderView::of(&asked.state, &asked.refund);
        Reply::new(
            status,
            &view.ok_or_else(|| Problem::internal("a refund is not its order's"))?,
        )
    };
    ticket.once(&shared, &caller, work).await
}

async fn refund(
    shared: &Shared,
    caller: &Caller,
    id: &OrderId,
    wish: RefundCommand,
) -> Result<RefundAsked, Refusal> {
    shared.cashier.order(caller.app_id(), id).await?;
    shared.cashier.refund(id, wish).await
}

//! Pays an order in one way: a new flow, or the one in progress if it is the
//! same try.

use crate::auth::Caller;
use crate::idempotency::Reply;
use crate::problem::{Code, Problem};
use crate::routes::field::payer::Said;
use crate::routes::field::{name, payer, ways};
use crate::routes::posted::Posted;
use crate::shared::Shared;
use crate::view::flow::PayableView;
use crate::view::schema;
use actix_web::http::StatusCode;
use actix_web::{HttpResponse, web};
use cashier::command::{PayCommand, Payable, Refusal};
use cashier::flow::{Flow, FlowStatus};
use cashier::id::OrderId;
use cashier::journal::Source;
use cashier::way::Way;
use serde::Deserialize;
use utoipa::ToSchema;

/// A wish to pay an order in one way.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct PayOrder {
    /// The way of paying.
    #[schema(schema_with = schema::wished_way)]
    way: String,
    /// The payer's WeChat openid. WX_JSAPI and WX_LITE need it.
    #[schema(max_length = 128)]
    openid: Option<String>,
    /// The payer's user_id at Alipay, or their open_id. ALI_JSAPI needs it.
    #[schema(max_length = 128)]
    buyer_id: Option<String>,
    /// The payment code that the payer shows, as it was scanned. AUTO_BAR, ALI_BAR and
    /// WX_BAR need it.
    #[schema(max_length = 37, example = "281234567890123456")]
    auth_code: Option<String>,
    /// The payer's address; the order's, if left out. WX_H5 needs one of them.
    #[schema(example = "203.0.113.7")]
    client_ip: Option<String>,
}

/// Makes the order payable in one way.
#[utoipa::path(post, path = "/v1/orders/{id}/flows", tag = "orders", operation_id = "pay_order",
    params(("id" = String, Path, description = "The order's id")),
    request_body = PayOrder,
    responses(
        (status = 201, description = "The flow that can be paid now, or by a payment code: that is paid", body = PayableView),
        (status = 202, description = "By a payment code: the wallet has not decided yet. Follow the order; within a minute it is paid, or taken back", body = PayableView),
        (status = 409, description = "`order_paid`, `order_closed`, `order_expired`, or `payment_in_progress` with the seconds to wait in Retry-After"),
        (status = 422, description = "`way_unavailable`, `channel_refused`, `idempotency_mismatch`"),
        (status = 503, description = "`channel_unavailable`: the same request again continues the same flow"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    id: web::Path<String>,
    posted: Posted<PayOrder>,
) -> Result<HttpResponse, Problem> {
    let id = name::order(&id)?;
    let Posted {
        caller,
        body,
        ticket,
    } = posted;
    let said = body.payer();
    let way = ways::asked(&body.way, said)?;
    let mut wish = wish(&shared, &caller, way)?;
    let payer = said.checked(way)?;
    (wish.payer, wish.auth_code) = (payer.name, payer.code);
    wish.client_ip = body
        .client_ip
        .as_deref()
        .map(payer::client_ip)
        .transpose()?;
    let work = async {
        let refused = |no: Refusal| Problem::refused(&no, shared.clock.now());
        let payable = pay(&shared, &caller, &id, wish).await?.map_err(refused)?;
        let view = PayableView::of(&payable.state, &payable.flow).ok_or_else(not_there)?;
        let status = status(&payable);
        let reply = Reply::new(status, &view)?;
        match status {
            StatusCode::ACCEPTED => Ok(reply.that_may_pass()),
            _ => Ok(reply),
        }
    };
    ticket.once(&shared, &caller, work).await
}

impl PayOrder {
    fn payer(&self) -> Said<'_> {
        Said {
            openid: self.openid.as_deref(),
            buyer_id: self.buyer_id.as_deref(),
            auth_code: self.auth_code.as_deref(),
        }
    }
}

/// A wallet that has not decided about a payment code is followed, and not paid.
fn status(payable: &Payable) -> StatusCode {
    let flow = payable.state.flow(&payable.flow);
    let is_open = |flow: &Flow| flow.way().is_barcode() && flow.status != FlowStatus::Paid;
    match flow.is_some_and(is_open) {
        true => StatusCode::ACCEPTED,
        false => StatusCode::CREATED,
    }
}

async fn pay(
    shared: &Shared,
    caller: &Caller,
    id: &OrderId,
    mut wish: PayCommand,
) -> Result<Result<Payable, Refusal>, Problem> {
    let state = match shared.cashier.order(caller.app_id(), id).await {
        Ok(state) => state,
        Err(refusal) => return Ok(Err(refusal)),
    };
    wish.client_ip = wish.client_ip.or(state.order.client_ip);
    wish.return_url = state.order.return_url;
    check_complete(&wish)?;
    Ok(shared.cashier.pay(id, wish).await)
}

/// The core said that a flow can be paid, and it holds nothing to hand out.
pub(super) fn not_there() -> Problem {
    Problem::internal("a flow that can be paid has no action")
}

/// A wish of the merchant to be paid in that way, through the application's
/// channel account for it.
///
/// # Errors
/// `way_unavailable` when the application has none.
pub(super) fn wish(shared: &Shared, caller: &Caller, way: Way) -> Result<PayCommand, Problem> {
    let account = shared
        .registry
        .account_for(caller.app_id(), way)
        .ok_or_else(|| {
            let detail =
                format!("no channel account of this application serves {way}; choose another way");
            Problem::new(Code::WayUnavailable, detail).with("field", "way")
        })?;
    let notify_url = shared.registry.notify_url(&account);
    Ok(PayCommand {
        source: Source::Merchant,
        way,
        account,
        payer: None,
        auth_code: None,
        client_ip: None,
        notify_url,
        return_url: None,
    })
}

/// Checks that the wish holds what its way needs.
///
/// # Errors
/// `invalid_request`, naming what is missing.
pub(super) fn check_complete(wish: &PayCommand) -> Result<(), Problem> {
    let missing = |field| Problem::invalid(field, format!("is needed for {}; send it", wish.way));
    if let Some(field) = wish.way.payer_field().filter(|_| wish.payer.is_none()) {
        return Err(missing(field));
    }
    if wish.way.is_barcode() && wish.auth_code.is_none() {
        return Err(missing("auth_code"));
    }
    if wish.way.needs_client_ip() && wish.client_ip.is_none() {
        return Err(missing("client_ip"));
    }
    Ok(())
}

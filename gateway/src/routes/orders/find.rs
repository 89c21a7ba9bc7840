//! One order by the merchant's own number.

use crate::auth::Caller;
use crate::problem::Problem;
use crate::routes::field::number;
use crate::routes::orders::expand;
use crate::routes::orders::get::shown;
use crate::shared::Shared;
use crate::view::order::OrderView;
use actix_web::{HttpResponse, web};
use serde::Deserialize;
use utoipa::IntoParams;

/// Which order.
#[derive(Debug, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(deny_unknown_fields)]
pub struct Which {
    /// The merchant's own number.
    merchant_order_no: String,
    /// `timeline`: the answer also holds everything that was asked, answered,
    /// noticed, decided and told about the order.
    #[param(example = "timeline")]
    expand: Option<String>,
}

/// The order of that number as it is now.
#[utoipa::path(get, path = "/v1/orders", tag = "orders", operation_id = "find_order",
    params(Which),
    responses(
        (status = 200, description = "The order, with its timeline if it was asked for",
            body = OrderView),
        (status = 404, description = "`not_found`: the application has no such order"),
    ))]
pub async fn handle(
    shared: web::Data<Shared>,
    caller: Caller,
    which: web::Query<Which>,
) -> Result<HttpResponse, Problem> {
    let no = number::check("merchant_order_no", &which.merchant_order_no)?;
    let explained = expand::timeline(which.expand.as_deref())?;
    let found = shared
        .cashier
        .order_by_merchant_no(caller.app_id(), &no)
        .await;
    shown(&shared, found, explained).await
}

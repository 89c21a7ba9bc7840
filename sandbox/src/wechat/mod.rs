//! Simulated WeChat Pay APIv3 for direct merchants in public-key mode.
//!
//! Every request is verified over its raw bytes, every answer but a 401 is signed, and the rules
//! are those of the channel's documents. Two things are relaxed, because this runs on a
//! developer's desk: `notify_url` may be plain http for loopback hosts, and an H5 payer's address
//! may be a loopback address.

mod authorization;
mod call;
mod client_params;
mod close;
mod control;
mod fields;
pub(crate) mod lifetime;
mod notify;
pub(crate) mod notify_url;
mod open_params;
mod order;
mod place;
mod problem;
mod query;
mod refund;
mod refund_query;
mod refund_request;
mod refund_view;
mod seal;
pub(crate) mod settle;
mod sign;
pub(crate) mod switches;
pub(crate) mod token;
mod transaction;

#[cfg(test)]
mod fixture;

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::server::Sandbox;
use order::Product;
use switches::Switches;

pub(crate) use notify::send_notice;
pub(crate) use open_params::open_params;

/// Routes: `/v3/*`, `POST /sandbox/refunds/{out_refund_no}` and `/sandbox/wechat`; the state is
/// `web::Data<Sandbox>`.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .app_data(Data::new(Switches::default()))
        .route("/v3/pay/transactions/native", web::post().to(native))
        .route("/v3/pay/transactions/h5", web::post().to(h5))
        .route("/v3/pay/transactions/jsapi", web::post().to(jsapi))
        .route("/v3/pay/transactions/app", web::post().to(app))
        .route(
            "/v3/pay/transactions/out-trade-no/{number}",
            web::get().to(query_by_own_number),
        )
        .route(
            "/v3/pay/transactions/id/{number}",
            web::get().to(query_by_transaction_id),
        )
        .route(
            "/v3/pay/transactions/out-trade-no/{number}/close",
            web::post().to(close),
        )
        .route("/v3/refund/domestic/refunds", web::post().to(refund))
        .route(
            "/v3/refund/domestic/refunds/{number}",
            web::get().to(query_refund),
        )
        .service(web::scope("/v3").default_service(web::to(unknown)))
        .configure(control::configure);
}

async fn native(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    order(&sandbox, &request, &body, Product::Native, "wechat.native").await
}

async fn h5(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    order(&sandbox, &request, &body, Product::H5, "wechat.h5").await
}

async fn jsapi(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    order(&sandbox, &request, &body, Product::Jsapi, "wechat.jsapi").await
}

async fn app(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    order(&sandbox, &request, &body, Product::App, "wechat.app").await
}

async fn order(
    sandbox: &Sandbox,
    request: &HttpRequest,
    body: &[u8],
    product: Product,
    method: &'static str,
) -> HttpResponse {
    let number = call::number_in(body);
    call::answer(sandbox, request, body, method, &number, |call| {
        place::place(call, product)
    })
    .await
}

async fn query_by_own_number(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
    number: Path<String>,
) -> HttpResponse {
    let by_number = |call: &call::Call<'_>| query::by_out_trade_no(call, &number);
    call::answer(
        &sandbox,
        &request,
        &body,
        "wechat.query",
        &number,
        by_number,
    )
    .await
}

async fn query_by_transaction_id(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
    transaction_id: Path<String>,
) -> HttpResponse {
    let number = query::number_of(&sandbox, &transaction_id);
    let by_id = |call: &call::Call<'_>| query::by_transaction_id(call, &transaction_id);
    call::answer(&sandbox, &request, &body, "wechat.query", &number, by_id).await
}

async fn close(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
    number: Path<String>,
) -> HttpResponse {
    let act = |call: &call::Call<'_>| close::close(call, &number);
    call::answer(&sandbox, &request, &body, call::CLOSE, &number, act).await
}

async fn refund(
    sandbox: Data<Sandbox>,
    switches: Data<Switches>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let number = call::number_in(&body);
    let act = |call: &call::Call<'_>| refund::refund(call, &switches);
    call::answer(&sandbox, &request, &body, "wechat.refund", &number, act).await
}

async fn query_refund(
    sandbox: Data<Sandbox>,
    switches: Data<Switches>,
    request: HttpRequest,
    body: Bytes,
    out_refund_no: Path<String>,
) -> HttpResponse {
    let number = refund_query::number_of(&sandbox, &out_refund_no);
    let act = |call: &call::Call<'_>| refund_query::query(call, &switches, &out_refund_no);
    call::answer(
        &sandbox,
        &request,
        &body,
        "wechat.refund_query",
        &number,
        act,
    )
    .await
}

/// A path that APIv3 has and this sandbox does not, or a wrong method.
async fn unknown(request: HttpRequest) -> HttpResponse {
    call::unsigned(&problem::Problem::resource_not_exists(format!(
        "this sandbox does not serve {} {}",
        request.method(),
        request.path()
    )))
}

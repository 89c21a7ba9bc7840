//! Simulated WeChat Pay APIv3, for direct merchants and service providers, with platform
//! certificates, the platform public key, or both.
//!
//! Every request is verified over its raw bytes, every answer but a 401 and a bill file is signed,
//! and the rules are those of the channel's documents. Two things are relaxed, because this runs on
//! a developer's desk: `notify_url` may be plain http for loopback hosts, and an H5 payer's address
//! may be a loopback address.

mod abnormal_refund;
mod authorization;
pub(crate) mod bill;
mod bill_call;
mod call;
mod certificate;
mod certificates;
mod client_params;
mod close;
mod codepay;
mod control;
mod fields;
mod fill;
mod inside;
pub(crate) mod lifetime;
mod notify;
pub(crate) mod notify_url;
mod oaep;
mod oauth;
mod open_params;
pub(crate) mod openid;
mod order;
mod place;
mod platform;
mod portal;
mod portal_control;
mod problem;
mod query;
mod refund;
mod refund_query;
mod refund_request;
mod refund_view;
mod reverse;
mod seal;
pub(crate) mod settle;
mod sign;
pub(crate) mod switches;
pub(crate) mod token;
pub(crate) mod transaction;
mod whose;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod vectors;

use actix_web::web::{self, Bytes, Data, Path};
use actix_web::{HttpRequest, HttpResponse};

use crate::server::Sandbox;
use order::Product;

pub(crate) use bill_call::bomb;
pub use fill::Fill;
pub use inside::PortalError;
pub(crate) use notify::send_notice;
pub(crate) use open_params::open_params;
pub use platform::{CertificateView, KeyMode, PlatformView, Rotation};
pub(crate) use portal::{Portal, SavedPortal};
pub use portal::{SubMerchant, WechatApp};
pub(crate) use sign::PlatformKey;

/// What WeChat Pay keeps only while it runs.
#[derive(Debug, Default)]
pub(crate) struct Unsaved {
    /// Rules, and how refunds end.
    pub(crate) switches: switches::Switches,
    /// Who the payer is.
    pub(crate) openids: openid::Openids,
    /// Bills that were made.
    pub(crate) bills: bill::Bills,
    /// Bills that can be downloaded now.
    tickets: bill_call::Tickets,
}

/// Routes: `/v3/*`, OAuth, `POST /sandbox/refunds/{out_refund_no}` and `/sandbox/wechat`; the state
/// is `web::Data<Sandbox>`.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    transactions(config, "/v3/pay/transactions");
    transactions(config, "/v3/pay/partner/transactions");
    config
        .route("/v3/refund/domestic/refunds", web::post().to(refund))
        .route(
            "/v3/refund/domestic/refunds/{number}",
            web::get().to(query_refund),
        )
        .route(
            "/v3/refund/domestic/refunds/{number}/apply-abnormal-refund",
            web::post().to(apply_abnormal_refund),
        )
        .route("/v3/certificates", web::get().to(certificates))
        .route("/v3/bill/tradebill", web::get().to(bill))
        .route("/v3/billdownload/file", web::get().to(bill_file))
        .service(web::scope("/v3").default_service(web::to(unknown)))
        .configure(oauth::configure)
        .configure(control::configure)
        .configure(portal_control::configure);
}

/// The calls about orders: a service provider's have a prefix of their own.
fn transactions(config: &mut web::ServiceConfig, prefix: &str) {
    let under = |path: &str| format!("{prefix}/{path}");
    config
        .route(&under("native"), web::post().to(native))
        .route(&under("h5"), web::post().to(h5))
        .route(&under("jsapi"), web::post().to(jsapi))
        .route(&under("app"), web::post().to(app))
        .route(&under("codepay"), web::post().to(codepay))
        .route(
            &under("out-trade-no/{number}"),
            web::get().to(query_by_own_number),
        )
        .route(
            &under("id/{number}"),
            web::get().to(query_by_transaction_id),
        )
        .route(&under("out-trade-no/{number}/close"), web::post().to(close))
        .route(
            &under("out-trade-no/{number}/reverse"),
            web::post().to(reverse),
        );
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
        place::place(call, &sandbox.wechat().openids, product)
    })
    .await
}

async fn codepay(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let number = call::number_in(&body);
    call::answer(
        &sandbox,
        &request,
        &body,
        "wechat.codepay",
        &number,
        codepay::codepay,
    )
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

async fn reverse(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
    number: Path<String>,
) -> HttpResponse {
    let act = |call: &call::Call<'_>| reverse::reverse(call, &number);
    call::answer(&sandbox, &request, &body, call::REVERSE, &number, act).await
}

async fn refund(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let number = call::number_in(&body);
    call::answer(
        &sandbox,
        &request,
        &body,
        "wechat.refund",
        &number,
        refund::refund,
    )
    .await
}

async fn query_refund(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
    out_refund_no: Path<String>,
) -> HttpResponse {
    let number = refund_query::number_of(&sandbox, &out_refund_no);
    let act = |call: &call::Call<'_>| refund_query::query(call, &out_refund_no);
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

async fn apply_abnormal_refund(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
    refund_id: Path<String>,
) -> HttpResponse {
    let act = |call: &call::Call<'_>| abnormal_refund::apply(call, &refund_id);
    call::answer(&sandbox, &request, &body, "wechat.abnormal_refund", "", act).await
}

async fn certificates(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    call::answer(
        &sandbox,
        &request,
        &body,
        "wechat.certificates",
        "",
        certificates::certificates,
    )
    .await
}

async fn bill(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    call::answer(&sandbox, &request, &body, "wechat.bill", "", bill_call::ask).await
}

async fn bill_file(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    call::answer(
        &sandbox,
        &request,
        &body,
        call::BILL_FILE,
        "",
        bill_call::download,
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

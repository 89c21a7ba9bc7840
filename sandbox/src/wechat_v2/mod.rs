//! Simulated WeChat Pay v2 (XML), for direct merchants and service providers.
//!
//! Every request is verified over all that it says, every answer but a refusal of the message
//! itself is signed as the request was, and `/secapi/*` asks for the merchant's certificate. The
//! trades are the same that APIv3 sees. Notices are v2's for what was asked for through v2.

mod auth_code;
mod authcodetoopenid;
mod call;
mod client_params;
mod closeorder;
mod downloadbill;
mod merchant;
mod micropay;
mod notify;
mod open_params;
mod order;
mod orderquery;
mod refund;
mod refund_view;
mod refundquery;
mod refusal;
mod req_info;
mod request;
mod reverse;
mod sign;
mod trade_view;
mod unifiedorder;
mod xml;

#[cfg(test)]
mod fixture;
#[cfg(test)]
mod vectors;

use actix_web::web::{self, Bytes, Data};
use actix_web::{HttpRequest, HttpResponse};

use crate::ledger::Order;
use crate::server::Sandbox;
use call::{Service, answer};

pub use merchant::{
    SavedV2Accounts, V2Accounts, WechatV2Merchant, WechatV2Platform, WechatV2SubMerchant,
};
pub(crate) use notify::{announce_refund, asked, send_notice, tells};
pub(crate) use open_params::open_params;

/// What the ledger says of an order or a refund that was asked for through v2.
const PROTOCOL: &str = "v2";

/// Whether the order was made through v2.
pub(crate) fn made(order: &Order) -> bool {
    order.details.get("protocol").map(String::as_str) == Some(PROTOCOL)
}

/// The error code of v2 with this name.
pub(crate) fn error_code(name: &str) -> Option<&'static str> {
    let known = refusal::CODES.iter().find(|(code, _)| *code == name);
    known.map(|(code, _)| *code)
}

/// Routes: `/pay/*`, `/secapi/pay/*`, `/tools/authcodetoopenid`; the state is
/// `web::Data<Sandbox>`.
pub(crate) fn configure(config: &mut web::ServiceConfig) {
    config
        .route("/pay/unifiedorder", web::to(unifiedorder))
        .route("/pay/micropay", web::to(micropay))
        .route("/pay/orderquery", web::to(orderquery))
        .route("/pay/closeorder", web::to(closeorder))
        .route("/pay/refundquery", web::to(refundquery))
        .route("/pay/downloadbill", web::to(downloadbill))
        .route("/tools/authcodetoopenid", web::to(authcodetoopenid))
        .route("/secapi/pay/refund", web::to(refund))
        .route("/secapi/pay/reverse", web::to(reverse));
}

const fn plain(name: &'static str) -> Service {
    Service {
        name,
        needs_certificate: false,
        is_bill: false,
    }
}

const fn certified(name: &'static str) -> Service {
    Service {
        needs_certificate: true,
        ..plain(name)
    }
}

async fn unifiedorder(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = plain("v2/unifiedorder");
    answer(&sandbox, &request, &body, service, unifiedorder::carry_out).await
}

async fn micropay(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = plain("v2/micropay");
    answer(&sandbox, &request, &body, service, micropay::carry_out).await
}

async fn orderquery(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = plain("v2/orderquery");
    answer(&sandbox, &request, &body, service, orderquery::carry_out).await
}

async fn closeorder(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = plain("v2/closeorder");
    answer(&sandbox, &request, &body, service, closeorder::carry_out).await
}

async fn reverse(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = certified("v2/reverse");
    answer(&sandbox, &request, &body, service, reverse::carry_out).await
}

async fn refund(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = certified("v2/refund");
    answer(&sandbox, &request, &body, service, refund::carry_out).await
}

async fn refundquery(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = plain("v2/refundquery");
    answer(&sandbox, &request, &body, service, refundquery::carry_out).await
}

async fn downloadbill(sandbox: Data<Sandbox>, request: HttpRequest, body: Bytes) -> HttpResponse {
    let service = Service {
        is_bill: true,
        ..plain("v2/downloadbill")
    };
    answer(&sandbox, &request, &body, service, downloadbill::carry_out).await
}

async fn authcodetoopenid(
    sandbox: Data<Sandbox>,
    request: HttpRequest,
    body: Bytes,
) -> HttpResponse {
    let service = plain("v2/authcodetoopenid");
    answer(
        &sandbox,
        &request,
        &body,
        service,
        authcodetoopenid::carry_out,
    )
    .await
}

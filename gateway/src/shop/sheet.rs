//! What every page of the shop has.

use actix_web::HttpResponse;
use actix_web::http::StatusCode;
use actix_web::http::header::{CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION};
use askama::Template;

const STYLE: &str = include_str!("../../../web/shop/shop.css");

/// A browser may follow a form's redirect to the checkout page, wherever that is.
const POLICY: &str = "default-src 'none'; style-src 'self'; img-src 'self' data:; \
                      base-uri 'none'; frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "shop/message.html")]
struct Message<'a> {
    title: &'a str,
    text: &'a str,
    refresh: bool,
}

pub(super) fn send(status: StatusCode, page: &impl Template) -> HttpResponse {
    match page.render() {
        Ok(html) => HttpResponse::build(status)
            .content_type("text/html; charset=utf-8")
            .insert_header((CACHE_CONTROL, "no-store"))
            .insert_header((CONTENT_SECURITY_POLICY, POLICY))
            .body(html),
        Err(error) => {
            tracing::error!(error = %error, "a page of the demo shop could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// A page that only says something.
pub(super) fn say(status: StatusCode, title: &str, text: &str) -> HttpResponse {
    send(
        status,
        &Message {
            title,
            text,
            refresh: false,
        },
    )
}

/// Sends the browser on.
pub(super) fn see_other(address: &str) -> HttpResponse {
    HttpResponse::SeeOther()
        .insert_header((LOCATION, address))
        .finish()
}

/// The shop's style.
pub(super) async fn style() -> HttpResponse {
    HttpResponse::Ok()
        .content_type("text/css; charset=utf-8")
        .body(STYLE)
}

/// There is nothing at this address.
pub(super) async fn not_found() -> HttpResponse {
    unknown()
}

/// The shop knows no such thing.
pub(super) fn unknown() -> HttpResponse {
    say(
        StatusCode::NOT_FOUND,
        "找不到 · Not found",
        "演示商店只把订单记在内存里，重新启动后就忘了。 The demo shop keeps its orders in memory \
         only, and forgets them when it is started again.",
    )
}

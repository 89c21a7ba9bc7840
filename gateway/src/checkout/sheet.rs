//! What every page has: its style and script, and headers that let a browser
//! load these and nothing else.
//!
//! `form-action` names the wallets because Chromium also compares it with where
//! a form's answer redirects to.

use super::asset;
use actix_web::http::StatusCode;
use actix_web::http::header::{
    CACHE_CONTROL, CONTENT_SECURITY_POLICY, LOCATION, REFERRER_POLICY, X_CONTENT_TYPE_OPTIONS,
};
use actix_web::{HttpResponse, HttpResponseBuilder};
use askama::Template;
use url::Url;

/// Where the wallets' pages are.
const WALLETS: &str = "https://*.alipay.com https://*.alipaydev.com https://wx.tenpay.com";
/// The origin and no more, which is what WeChat compares an H5 payment with.
const REFERRER: &str = "origin";

/// The addresses of style and script.
pub(super) struct Frame {
    pub(super) style: String,
    pub(super) script: String,
}

impl Frame {
    /// The addresses for pages that begin at `root`.
    pub(super) fn under(root: &str) -> Frame {
        Frame {
            style: asset::address(root, "checkout.css"),
            script: asset::address(root, "checkout.js"),
        }
    }
}

/// Sends a page. Its forms may lead to the sandbox's wallet as well, if given.
pub(super) fn send(
    status: StatusCode,
    page: &impl Template,
    wallet_url: Option<&str>,
) -> HttpResponse {
    match page.render() {
        Ok(html) => unseen_by_others(&mut HttpResponse::build(status))
            .insert_header((CONTENT_SECURITY_POLICY, policy(wallet_url)))
            .insert_header((X_CONTENT_TYPE_OPTIONS, "nosniff"))
            .insert_header(("x-robots-tag", "noindex"))
            .content_type("text/html; charset=utf-8")
            .body(html),
        Err(error) => {
            tracing::error!(error = %error, "a checkout page could not be rendered");
            HttpResponse::InternalServerError().finish()
        }
    }
}

/// Sends the browser on, to be asked for with GET.
pub(super) fn see_other(address: &str) -> HttpResponse {
    unseen_by_others(&mut HttpResponse::SeeOther())
        .insert_header((LOCATION, address))
        .finish()
}

/// Sends the browser to a wallet's page.
pub(super) fn leave_for(address: &str) -> HttpResponse {
    unseen_by_others(&mut HttpResponse::Found())
        .insert_header((LOCATION, address))
        .finish()
}

/// What holds a token is neither kept nor passed on.
pub(super) fn unseen_by_others(answer: &mut HttpResponseBuilder) -> &mut HttpResponseBuilder {
    answer
        .insert_header((CACHE_CONTROL, "no-store"))
        .insert_header((REFERRER_POLICY, REFERRER))
}

fn policy(wallet_url: Option<&str>) -> String {
    let sandbox = wallet_url
        .and_then(|url| Url::parse(url).ok())
        .map(|url| format!(" {}", url.origin().ascii_serialization()))
        .unwrap_or_default();
    format!(
        "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self' data:; \
         connect-src 'self'; form-action 'self' {WALLETS}{sandbox}; base-uri 'none'; \
         frame-ancestors 'none'"
    )
}

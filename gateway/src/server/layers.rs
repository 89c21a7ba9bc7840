//! Layers around every handler: headers that tell browsers to be strict, and an
//! end to requests that take too long.

use crate::problem::{Code, Problem};
use actix_web::Error;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::http::header::{HeaderName, HeaderValue, STRICT_TRANSPORT_SECURITY};
use actix_web::middleware::Next;
use std::time::Duration;

/// Headers for every answer that does not set them itself.
const HEADERS: &[(&str, &str)] = &[
    ("x-content-type-options", "nosniff"),
    ("x-frame-options", "DENY"),
    // WeChat Pay compares the origin of an H5 page; a token never leaves with it.
    ("referrer-policy", "strict-origin-when-cross-origin"),
    ("cross-origin-opener-policy", "same-origin-allow-popups"),
    (
        "permissions-policy",
        "camera=(), geolocation=(), microphone=()",
    ),
];

/// What a page may load when it does not say so itself: nothing.
const CONTENT_SECURITY_POLICY: &str = "default-src 'none'; frame-ancestors 'none'";

/// Where the reader of the interface's documents is, which brings scripts along.
const DOCUMENTS: &str = "/docs";

/// Adds headers that are missing.
///
/// # Errors
/// Those of the request itself.
pub(super) async fn security_headers(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let is_document = request.path().starts_with(DOCUMENTS);
    let is_secure = request.connection_info().scheme() == "https";
    let mut response = next.call(request).await?;
    let mut add = |name: HeaderName, value: &'static str| {
        if !response.headers().contains_key(&name) {
            response
                .headers_mut()
                .insert(name, HeaderValue::from_static(value));
        }
    };
    for (name, value) in HEADERS {
        add(HeaderName::from_static(name), value);
    }
    if !is_document {
        add(
            actix_web::http::header::CONTENT_SECURITY_POLICY,
            CONTENT_SECURITY_POLICY,
        );
    }
    if is_secure {
        add(STRICT_TRANSPORT_SECURITY, "max-age=31536000");
    }
    Ok(response)
}

/// Ends a request that takes too long, its body included. Whatever it had begun
/// is in the database, and the workers go on with it.
///
/// # Errors
/// Those of the request itself, and a problem when the time is over.
pub(super) async fn deadline<B: MessageBody + 'static>(
    longest: Duration,
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<B>, Error> {
    match tokio::time::timeout(longest, next.call(request)).await {
        Ok(answer) => answer,
        Err(_) => Err(Problem::new(
            Code::Unavailable,
            "the request took too long; send the same request again, that is safe",
        )
        .into()),
    }
}

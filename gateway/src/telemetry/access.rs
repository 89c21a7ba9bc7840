//! One log line, one count and one duration for each request. The route's pattern
//! stands in for the path, which may hold a token.

use super::metrics::{REQUEST_SECONDS, REQUESTS};
use crate::request_id::RequestId;
use actix_web::body::MessageBody;
use actix_web::dev::{ServiceRequest, ServiceResponse};
use actix_web::middleware::Next;
use actix_web::{Error, HttpMessage};
use tokio::time::Instant;
use tracing::Instrument;

/// Counts and logs a request. A middleware for `actix_web::middleware::from_fn`.
///
/// # Errors
/// Those of the request itself.
pub async fn log(
    request: ServiceRequest,
    next: Next<impl MessageBody>,
) -> Result<ServiceResponse<impl MessageBody>, Error> {
    let began = Instant::now();
    let method = method(&request);
    let id = request.extensions().get::<RequestId>().cloned();
    let span = tracing::info_span!("request", request.id = id.as_ref().map(RequestId::as_str));
    let answer = next.call(request).instrument(span.clone()).await;
    let _within = span.enter();
    let elapsed = began.elapsed();
    let (route, status) = match &answer {
        Ok(response) => (
            response
                .request()
                .match_pattern()
                .unwrap_or_else(|| "none".to_owned()),
            response.status().as_u16(),
        ),
        Err(error) => (
            "none".to_owned(),
            error.as_response_error().status_code().as_u16(),
        ),
    };
    let text = status.to_string();
    metrics::counter!(REQUESTS, "method" => method, "route" => route.clone(), "status" => text)
        .increment(1);
    metrics::histogram!(REQUEST_SECONDS, "method" => method, "route" => route.clone())
        .record(elapsed);
    let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
    if status >= 500 {
        tracing::error!(
            http.method = method,
            http.route = route,
            http.status = status,
            duration_ms,
            "request failed"
        );
    } else {
        tracing::info!(
            http.method = method,
            http.route = route,
            http.status = status,
            duration_ms,
            "request"
        );
    }
    answer
}

/// The method, of which there is a bounded number of labels.
fn method(request: &ServiceRequest) -> &'static str {
    match request.method().as_str() {
        "GET" => "GET",
        "POST" => "POST",
        "HEAD" => "HEAD",
        "OPTIONS" => "OPTIONS",
        "PUT" => "PUT",
        "PATCH" => "PATCH",
        "DELETE" => "DELETE",
        _ => "other",
    }
}

//! `POST /webhook`: the gateway's events. Verified by the published library for
//! Standard Webhooks before anything is read.

use super::news::News;
use super::sales::Sales;
use actix_web::{HttpRequest, HttpResponse, web};
use reqwest::header::{HeaderMap, HeaderValue};
use standardwebhooks::{
    HEADER_WEBHOOK_ID, HEADER_WEBHOOK_SIGNATURE, HEADER_WEBHOOK_TIMESTAMP, Webhook,
};

/// Takes an event. Everything verified is answered with success, also what the
/// shop no longer knows: sending it again would not help.
pub(super) async fn handle(
    verifier: web::Data<Webhook>,
    sales: web::Data<Sales>,
    request: HttpRequest,
    body: web::Bytes,
) -> HttpResponse {
    if let Err(why) = verifier.verify(&body, &signature_of(&request)) {
        tracing::warn!(error = %why, "the demo shop was sent an event that is not signed rightly");
        return HttpResponse::Unauthorized().finish();
    }
    match serde_json::from_slice::<News>(&body) {
        Ok(news) => {
            let id = news.id.clone();
            if !sales.note(news) {
                tracing::info!(
                    event.id = id,
                    "the demo shop does not know this event's order"
                );
            }
            HttpResponse::NoContent().finish()
        }
        Err(why) => {
            tracing::warn!(error = %why, "the demo shop cannot read an event");
            HttpResponse::BadRequest().finish()
        }
    }
}

/// The three headers that the library reads.
fn signature_of(request: &HttpRequest) -> HeaderMap {
    let names = [
        HEADER_WEBHOOK_ID,
        HEADER_WEBHOOK_TIMESTAMP,
        HEADER_WEBHOOK_SIGNATURE,
    ];
    let value = |name| HeaderValue::from_bytes(request.headers().get(name)?.as_bytes()).ok();
    names
        .into_iter()
        .filter_map(|name| Some((reqwest::header::HeaderName::from_static(name), value(name)?)))
        .collect()
}

//! Every request gets an id of our own, every answer carries it as
//! `X-Request-Id`, and every problem document as `request_id`. None is taken
//! from outside: an id in our log was made by us.

use crate::problem::Problem;
use crate::shared::Shared;
use actix_web::body::{BoxBody, MessageBody};
use actix_web::dev::{Payload, ServiceRequest, ServiceResponse};
use actix_web::error::InternalError;
use actix_web::http::header::{HeaderMap, HeaderName, HeaderValue};
use actix_web::middleware::Next;
use actix_web::{Error, FromRequest, HttpMessage, HttpRequest, web};
use cashier::time::{Entropy, Timestamp};
use std::future::{Ready, ready};

/// The header that carries the id.
pub const HEADER: HeaderName = HeaderName::from_static("x-request-id");

/// The id of a request: a UUID of version 7, so that ids sort by time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RequestId(String);

impl RequestId {
    fn generate(now: Timestamp, entropy: &dyn Entropy) -> RequestId {
        let mut random = [0; 10];
        random
            .iter_mut()
            .zip(entropy.bytes())
            .for_each(|(to, from)| *to = from);
        let millis = u64::try_from(now.millis()).unwrap_or(0);
        let id = uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid();
        RequestId(id.to_string())
    }

    /// The id as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromRequest for RequestId {
    type Error = Problem;
    type Future = Ready<Result<Self, Problem>>;

    fn from_request(request: &HttpRequest, _: &mut Payload) -> Self::Future {
        ready(of(request))
    }
}

/// The id of this request.
///
/// # Errors
/// A problem when the server was put together without [`identify`].
pub fn of(request: &HttpRequest) -> Result<RequestId, Problem> {
    request
        .extensions()
        .get::<RequestId>()
        .cloned()
        .ok_or_else(|| Problem::internal("the server was put together without request ids"))
}

/// The middleware: names the request before anything else sees it, and puts the
/// id into whatever answer comes out. Wrap the whole application with it, as the
/// outermost layer: `.wrap(actix_web::middleware::from_fn(request_id::identify))`.
///
/// # Errors
/// Those of the inner layers, with the id filled in.
pub async fn identify<B: MessageBody + 'static>(
    request: ServiceRequest,
    next: Next<B>,
) -> Result<ServiceResponse<BoxBody>, Error> {
    let Some(shared) = request.app_data::<web::Data<Shared>>().cloned() else {
        return Err(Problem::internal("the server was put together without Shared").into());
    };
    let id = RequestId::generate(shared.clock.now(), &*shared.entropy);
    request.extensions_mut().insert(id.clone());
    let response = match next.call(request).await {
        Ok(response) => response.map_into_boxed_body(),
        Err(error) => return Err(named(error, &id)),
    };
    let problem = problem_of(response.response().error());
    let mut response = match problem {
        Some(problem) => response.into_response(problem.answer(Some(id.as_str()))),
        None => response,
    };
    carry(response.headers_mut(), &id);
    Ok(response)
}

/// An error of a layer rather than of a handler, with the request's id.
fn named(error: Error, id: &RequestId) -> Error {
    let Some(problem) = problem_of(Some(&error)) else {
        return error;
    };
    let mut answer = problem.answer(Some(id.as_str()));
    carry(answer.headers_mut(), id);
    InternalError::from_response(problem, answer).into()
}

fn problem_of(error: Option<&Error>) -> Option<Problem> {
    error.and_then(|error| error.as_error::<Problem>()).cloned()
}

fn carry(headers: &mut HeaderMap, id: &RequestId) {
    if let Ok(value) = HeaderValue::from_str(id.as_str()) {
        headers.insert(HEADER, value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed;

    impl Entropy for Fixed {
        fn bytes(&self) -> [u8; 16] {
            [0xff; 16]
        }
    }

    #[test]
    fn an_id_is_a_uuid_of_version_7_that_holds_its_time() {
        // RFC 9562, appendix A.6: this moment gives these first 48 bits.
        let now = Timestamp::from_millis(0x017F_22E2_79B0);
        let id = RequestId::generate(now, &Fixed);
        assert!(
            id.as_str().starts_with("017f22e2-79b0-7fff-bfff-"),
            "{}",
            id.as_str()
        );
    }
}

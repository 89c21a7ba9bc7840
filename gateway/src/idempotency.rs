//! `Idempotency-Key`: the same key and request get the same answer again; the
//! same key with another request is refused, and nothing is executed.
//!
//! Kept are final answers only. What may pass (a payment in progress, a channel
//! or database that does not answer) is executed again, and since every command
//! is idempotent by nature, that continues the work instead of doubling it. The
//! same holds for a second request that comes while the first is under way.

use crate::problem::{CONTENT_TYPE, Code, Problem};
use crate::request_id::RequestId;
use crate::shared::Shared;
use actix_web::http::StatusCode;
use actix_web::http::header::{HeaderName, HeaderValue};
use actix_web::{HttpRequest, HttpResponse};
use cashier::id::AppId;
use entities::directory::Reserved;
use serde::Serialize;
use sha2::{Digest as _, Sha256};
use std::future::Future;

/// The header that names the key.
pub const HEADER: &str = "idempotency-key";
/// The header of an answer that was given before.
pub const REPLAYED: HeaderName = HeaderName::from_static("idempotent-replayed");
/// The most characters of a key.
const LONGEST: usize = 255;

/// An answer to a command: a status of success and a JSON document.
#[derive(Clone, Debug)]
pub struct Reply {
    status: StatusCode,
    body: String,
    may_pass: bool,
}

impl Reply {
    /// The document, with that status.
    ///
    /// # Errors
    /// `internal` when the document has no JSON form.
    pub fn new(status: StatusCode, document: &impl Serialize) -> Result<Reply, Problem> {
        let body = serde_json::to_string(document)
            .map_err(|error| Problem::internal(&format!("an answer has no JSON form: {error}")))?;
        Ok(Reply {
            status,
            body,
            may_pass: false,
        })
    }

    /// The same, where something is still under way: it is not kept, so that the same
    /// request tells later how it ended.
    #[must_use]
    pub fn that_may_pass(self) -> Reply {
        Reply {
            may_pass: true,
            ..self
        }
    }
}

/// A request's key, and what the request is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Once {
    key: String,
    fingerprint: String,
}

impl Once {
    /// The key of a request with that body; `None` when it has none.
    ///
    /// # Errors
    /// `invalid_request` when the key breaks the rule.
    pub fn of(request: &HttpRequest, body: &[u8]) -> Result<Option<Once>, Problem> {
        let mut values = request.headers().get_all(HEADER);
        let Some(value) = values.next() else {
            return Ok(None);
        };
        let key = value.to_str().unwrap_or_default();
        let plain = key.bytes().all(|b| b.is_ascii_graphic());
        if !plain || !(1..=LONGEST).contains(&key.len()) || values.next().is_some() {
            let rule = format!("must be sent once, as 1 to {LONGEST} visible ASCII characters");
            return Err(Problem::invalid("Idempotency-Key", rule));
        }
        let fingerprint = fingerprint(request.method().as_str(), &request.uri().to_string(), body);
        Ok(Some(Once {
            key: key.to_owned(),
            fingerprint,
        }))
    }

    /// Executes `work`, unless this key's answer in that space is known already.
    ///
    /// # Errors
    /// `idempotency_mismatch`, `unavailable`, and what `work` refuses.
    pub async fn run(
        &self,
        shared: &Shared,
        space: &AppId,
        request_id: &RequestId,
        work: impl Future<Output = Result<Reply, Problem>>,
    ) -> Result<HttpResponse, Problem> {
        let now = shared.clock.now();
        let reserved = shared
            .directory
            .reserve_key(space, &self.key, &self.fingerprint, now)
            .await;
        match reserved.map_err(|error| Problem::store(&error))? {
            Reserved::Other => return Err(mismatch()),
            Reserved::Same { reply: Some(kept) } => return replay(kept.status, kept.body),
            Reserved::Same { reply: None } | Reserved::New => {}
        }
        #[cfg(feature = "crash-points")]
        crate::crash::reached("key.taken");
        let outcome = work.await;
        #[cfg(feature = "crash-points")]
        crate::crash::reached("key.done");
        let kept = match &outcome {
            Ok(reply) if reply.may_pass => None,
            Ok(reply) => Some((reply.status, reply.body.clone())),
            Err(problem) if problem.code().may_pass() => None,
            Err(problem) => Some((
                problem.status(),
                problem.document(Some(request_id.as_str())),
            )),
        };
        let Some((status, body)) = kept else {
            return outcome.map(|reply| answer(reply.status, reply.body));
        };
        let own = entities::directory::Reply {
            status: status.as_u16(),
            body,
        };
        let stored = shared
            .directory
            .store_reply(space, &self.key, own.clone())
            .await;
        #[cfg(feature = "crash-points")]
        crate::crash::reached("key.kept");
        match stored {
            // Somebody with the same key was faster: both are answered alike.
            Ok(first) if first != own => replay(first.status, first.body),
            Ok(_) => outcome.map(|reply| answer(reply.status, reply.body)),
            Err(error) => {
                tracing::warn!(%error, "an answer could not be kept under its idempotency key");
                outcome.map(|reply| answer(reply.status, reply.body))
            }
        }
    }
}

/// What makes two requests the same: method, address and body, byte for byte.
fn fingerprint(method: &str, address: &str, body: &[u8]) -> String {
    let mut hash = Sha256::new();
    hash.update(method);
    hash.update([0]);
    hash.update(address);
    hash.update([0]);
    hash.update(body);
    hex::encode(hash.finalize())
}

fn mismatch() -> Problem {
    Problem::new(
        Code::IdempotencyMismatch,
        "this Idempotency-Key was used for another request; take a new key for a new request",
    )
}

fn replay(status: u16, body: String) -> Result<HttpResponse, Problem> {
    let status = StatusCode::from_u16(status)
        .map_err(|_| Problem::internal("an idempotency key holds a status that is none"))?;
    let mut answer = answer(status, body);
    answer
        .headers_mut()
        .insert(REPLAYED, HeaderValue::from_static("true"));
    Ok(answer)
}

/// The answer of a command, as it is or as it was kept.
pub fn answer(status: StatusCode, body: String) -> HttpResponse {
    let content_type = if status.is_success() {
        "application/json"
    } else {
        CONTENT_TYPE
    };
    HttpResponse::build(status)
        .content_type(content_type)
        .body(body)
}

impl From<Reply> for HttpResponse {
    fn from(reply: Reply) -> HttpResponse {
        answer(reply.status, reply.body)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use actix_web::test::TestRequest;

    #[test]
    fn a_request_is_told_from_every_other_one() {
        let first = fingerprint("POST", "/v1/orders", b"{}");
        assert_eq!(first, fingerprint("POST", "/v1/orders", b"{}"));
        assert_ne!(first, fingerprint("PUT", "/v1/orders", b"{}"));
        assert_ne!(first, fingerprint("POST", "/v1/orders/", b"{}"));
        assert_ne!(first, fingerprint("POST", "/v1/orders", b"{ }"));
    }

    #[test]
    fn a_key_is_short_visible_ascii_and_sent_once() {
        let of = |key: &str| {
            Once::of(
                &TestRequest::post()
                    .insert_header((HEADER, key))
                    .to_http_request(),
                b"",
            )
        };
        assert!(of("order-1").unwrap().is_some());
        assert!(of(&"k".repeat(255)).unwrap().is_some());
        for key in ["", "a b", &"k".repeat(256)] {
            assert!(of(key).is_err(), "{key:?}");
        }
        let twice = TestRequest::post()
            .append_header((HEADER, "a"))
            .append_header((HEADER, "b"));
        assert!(Once::of(&twice.to_http_request(), b"").is_err());
        assert_eq!(
            Once::of(&TestRequest::post().to_http_request(), b"").unwrap(),
            None
        );
    }
}

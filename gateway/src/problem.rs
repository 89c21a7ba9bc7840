//! What goes wrong, as HTTP tells it: RFC 9457 `application/problem+json` with a
//! stable `code`, a `detail` that says what to do, and the request's id.
//!
//! This is the only file that turns a [`Refusal`] or a [`StoreError`] into HTTP.
//! What a database or a network said stays in the log.

mod code;
mod refusal;

pub use code::Code;

use actix_web::http::header::{self, HeaderName, HeaderValue};
use actix_web::http::{Method, StatusCode};
use actix_web::{HttpResponse, ResponseError};
use cashier::command::Refusal;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use serde_json::{Map, Value, json};
use std::fmt;

/// The content type of every problem.
pub const CONTENT_TYPE: &str = "application/problem+json";
/// The most characters of a `detail`: texts that came from the request may be in it.
const LONGEST_DETAIL: usize = 400;
/// After how many seconds to ask again when the database does not answer.
const STORE_PAUSE: i64 = 2;

/// A problem: a stable code, the status that goes with it, and what to do.
#[derive(Clone, Debug)]
pub struct Problem(Box<Details>);

#[derive(Clone, Debug)]
struct Details {
    code: Code,
    status: StatusCode,
    detail: String,
    retry_after: Option<i64>,
    header: Option<(HeaderName, HeaderValue)>,
    members: Map<String, Value>,
}

impl Problem {
    /// A problem with the usual status of its code. `detail` says what to do.
    pub fn new(code: Code, detail: impl Into<String>) -> Problem {
        let detail: String = detail.into();
        Problem(Box::new(Details {
            code,
            status: code.status(),
            detail: detail.chars().take(LONGEST_DETAIL).collect(),
            retry_after: None,
            header: None,
            members: Map::new(),
        }))
    }

    /// Till is at fault: `why` goes to the log, the client gets the request's id.
    pub fn internal(why: &str) -> Problem {
        tracing::error!(why, "a request cannot be served");
        let detail = "the request cannot be served; tell the operator the request_id";
        Problem::new(Code::Internal, detail)
    }

    /// `field` breaks `rule`; the rule reads like "must be …".
    pub fn invalid(field: &str, rule: impl fmt::Display) -> Problem {
        Problem::new(Code::InvalidRequest, format!("`{field}` {rule}")).with("field", field)
    }

    /// There is nothing at this address.
    pub fn not_found(what: impl Into<String>) -> Problem {
        Problem::new(Code::NotFound, what)
    }

    /// The address exists, but not for this method.
    pub fn wrong_method(method: &Method, allowed: &'static str) -> Problem {
        let detail = format!("this address does not take {method}; it takes {allowed}");
        let mut problem = Problem::new(Code::InvalidRequest, detail);
        problem.0.status = StatusCode::METHOD_NOT_ALLOWED;
        problem.0.header = Some((header::ALLOW, HeaderValue::from_static(allowed)));
        problem
    }

    /// The body is longer than `limit` bytes.
    pub fn too_large(limit: usize) -> Problem {
        let detail = format!("the body is longer than {limit} bytes; send less");
        let mut problem = Problem::new(Code::InvalidRequest, detail);
        problem.0.status = StatusCode::PAYLOAD_TOO_LARGE;
        problem
    }

    /// The body is not `application/json`.
    pub fn wrong_content_type(detail: impl Into<String>) -> Problem {
        let mut problem = Problem::new(Code::InvalidRequest, detail);
        problem.0.status = StatusCode::UNSUPPORTED_MEDIA_TYPE;
        problem
    }

    /// The request does not say who it is from, or says it wrongly.
    pub fn unauthorized(detail: impl Into<String>) -> Problem {
        let mut problem = Problem::new(Code::Unauthorized, detail);
        let challenge = HeaderValue::from_static("Bearer realm=\"till\"");
        problem.0.header = Some((header::WWW_AUTHENTICATE, challenge));
        problem
    }

    /// Too many requests with this API key; it makes sense again in `seconds`.
    pub fn rate_limited(seconds: i64) -> Problem {
        let detail = format!("too many requests with this API key; wait {seconds} s");
        Problem::new(Code::RateLimited, detail).retry_after(seconds)
    }

    /// The core's no, at `now` (UTC).
    pub fn refused(refusal: &Refusal, now: Timestamp) -> Problem {
        let problem = Problem::new(refusal::code(refusal), refusal::advice(refusal));
        match refusal {
            Refusal::OrderConflict { field }
            | Refusal::RefundConflict { field }
            | Refusal::Incomplete { field, .. } => problem.with("field", *field),
            Refusal::WayUnavailable { .. } => problem.with("field", "way"),
            Refusal::PaymentInProgress { retry_at } | Refusal::ChannelUnavailable { retry_at } => {
                problem.retry_at(*retry_at, now)
            }
            Refusal::NotPaid => problem.with("refundable", 0),
            Refusal::RefundExceedsCapture { left } => problem.with("refundable", left.fen()),
            Refusal::StoreUnavailable => problem.retry_after(STORE_PAUSE),
            Refusal::NotFound
            | Refusal::OrderPaid
            | Refusal::OrderClosed
            | Refusal::OrderExpired
            | Refusal::RefundLimit(_)
            | Refusal::ChannelRefused { .. } => problem,
        }
    }

    /// The database's no. Its own words go to the log, not to the client.
    pub fn store(error: &StoreError) -> Problem {
        tracing::error!(error = %error, "a request could not be served by the database");
        match error {
            StoreError::Conflict(_) | StoreError::Unavailable(_) => {
                let refusal = Refusal::StoreUnavailable;
                Problem::new(refusal::code(&refusal), refusal::advice(&refusal))
                    .retry_after(STORE_PAUSE)
            }
            StoreError::Corrupt(_) => Problem::internal("the database holds nonsense"),
        }
    }

    /// Adds an extension member (RFC 9457, 3.2).
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Problem {
        self.0.members.insert(name.to_owned(), value.into());
        self
    }

    /// Says after how many seconds it makes sense to ask again.
    pub fn retry_after(mut self, seconds: i64) -> Problem {
        self.0.retry_after = Some(seconds.max(1));
        self
    }

    fn retry_at(self, at: Timestamp, now: Timestamp) -> Problem {
        let millis = at.since(now).as_millis();
        self.retry_after(millis.saturating_add(999) / 1000)
    }

    /// The stable code.
    pub fn code(&self) -> Code {
        self.0.code
    }

    /// The HTTP status.
    pub fn status(&self) -> StatusCode {
        self.0.status
    }

    /// The document, for the request of that id.
    pub fn document(&self, request_id: Option<&str>) -> String {
        let mut document = self.0.members.clone();
        let standard = json!({
            "type": format!("urn:till:problem:{}", self.0.code.name()),
            "title": self.0.code.title(),
            "status": self.0.status.as_u16(),
            "code": self.0.code.name(),
            "detail": self.0.detail,
        });
        if let Value::Object(standard) = standard {
            document.extend(standard);
        }
        if let Some(seconds) = self.0.retry_after {
            document.insert("retry_after".to_owned(), seconds.into());
        }
        if let Some(id) = request_id {
            document.insert("request_id".to_owned(), id.into());
        }
        Value::Object(document).to_string()
    }

    /// The whole answer, for the request of that id.
    pub fn answer(&self, request_id: Option<&str>) -> HttpResponse {
        let mut answer = HttpResponse::build(self.0.status);
        answer.content_type(CONTENT_TYPE);
        if let Some(seconds) = self.0.retry_after {
            answer.insert_header((header::RETRY_AFTER, seconds.to_string()));
        }
        if let Some(header) = self.0.header.clone() {
            answer.insert_header(header);
        }
        answer.body(self.document(request_id))
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.0.code.name(), self.0.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.0.status
    }

    /// Without the request's id, which [`crate::request_id`] adds on the way out.
    fn error_response(&self) -> HttpResponse {
        self.answer(None)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_millis(seconds * 1000)
    }

    #[test]
    fn a_payment_in_progress_says_when_to_ask_again() {
        let refusal = Refusal::PaymentInProgress {
            retry_at: Timestamp::from_millis(12_001),
        };
        let answer = Problem::refused(&refusal, at(10)).answer(Some("the-request"));
        assert_eq!(answer.status(), StatusCode::CONFLICT);
        assert_eq!(answer.headers().get("retry-after").unwrap(), "3");
        let document = Problem::refused(&refusal, at(10)).document(Some("the-request"));
        let document: Value = serde_json::from_str(&document).unwrap();
        assert_eq!(document["code"], "payment_in_progress");
        assert_eq!(document["retry_after"], 3);
        assert_eq!(document["request_id"], "the-request");
        assert_eq!(document["status"], 409);
    }

    #[test]
    fn a_retry_time_in_the_past_still_asks_for_a_pause() {
        let refusal = Refusal::ChannelUnavailable { retry_at: at(5) };
        let answer = Problem::refused(&refusal, at(10)).answer(None);
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert_eq!(answer.headers().get("retry-after").unwrap(), "1");
    }

    #[test]
    fn what_the_database_said_never_reaches_the_client() {
        let secret = "connection to postgres://till:hunter2@10.0.0.5 refused";
        for error in [
            StoreError::Unavailable(secret.to_owned()),
            StoreError::Corrupt(secret.to_owned()),
            StoreError::Conflict(secret.to_owned()),
        ] {
            assert!(!Problem::store(&error).document(None).contains("hunter2"));
        }
    }

    #[test]
    fn a_long_text_from_the_request_is_cut() {
        let problem = Problem::invalid(&"x".repeat(100_000), "is not known");
        assert!(problem.0.detail.chars().count() <= LONGEST_DETAIL);
    }
}

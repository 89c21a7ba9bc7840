//! How the control API says no, and how it reads a body.

use actix_web::http::StatusCode;
use actix_web::{HttpResponse, ResponseError};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::account::RegisterError;
use crate::faults::FaultRefused;
use crate::notice::NoticeRefused;
use crate::payer::PayerError;

/// A refusal: an HTTP status, a stable code and what to do.
#[derive(Debug, Serialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub(crate) struct Refusal {
    #[serde(skip)]
    status: StatusCode,
    code: &'static str,
    detail: String,
}

impl Refusal {
    fn new(status: StatusCode, code: &'static str, detail: impl ToString) -> Self {
        Self {
            status,
            code,
            detail: detail.to_string(),
        }
    }
}

/// Reads a JSON body whatever its content type says; an empty body is an empty object.
pub(crate) fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refusal> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| Refusal::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_request", error))
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        self.status
    }

    fn error_response(&self) -> HttpResponse {
        HttpResponse::build(self.status).json(self)
    }
}

impl From<PayerError> for Refusal {
    fn from(error: PayerError) -> Self {
        let status = StatusCode::from_u16(error.status()).unwrap_or(StatusCode::CONFLICT);
        Self::new(status, error.code(), error)
    }
}

impl From<RegisterError> for Refusal {
    fn from(error: RegisterError) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "account_invalid", error)
    }
}

impl From<FaultRefused> for Refusal {
    fn from(error: FaultRefused) -> Self {
        Self::new(StatusCode::UNPROCESSABLE_ENTITY, "fault_invalid", error)
    }
}

impl From<NoticeRefused> for Refusal {
    fn from(error: NoticeRefused) -> Self {
        Self::new(StatusCode::CONFLICT, "notice_impossible", error)
    }
}

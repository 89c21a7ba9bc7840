//! The stable codes: what programs may rely on. A code is never renamed.

use actix_web::http::StatusCode;

/// A stable code of a problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Code {
    /// The same merchant number was used with other content.
    OrderConflict,
    /// The order is paid.
    OrderPaid,
    /// The order is closed.
    OrderClosed,
    /// The order's time is over.
    OrderExpired,
    /// A payment of the order is being processed.
    PaymentInProgress,
    /// The way of paying cannot be used here.
    WayUnavailable,
    /// The amount is not a whole positive number of fen in range.
    AmountInvalid,
    /// The refund is more than what is left of the capture.
    RefundExceedsCapture,
    /// The exception is resolved already.
    ExceptionResolved,
    /// The idempotency key was used with another request.
    IdempotencyMismatch,
    /// The channel said a definite no.
    ChannelRefused,
    /// The channel does not answer.
    ChannelUnavailable,
    /// The API key is missing or wrong.
    Unauthorized,
    /// There is no such thing.
    NotFound,
    /// Too many requests.
    RateLimited,
    /// The request breaks a rule of the interface.
    InvalidRequest,
    /// Till cannot serve the request now; the same request later is safe.
    Unavailable,
    /// Till cannot serve the request; a person must look.
    Internal,
}

impl Code {
    /// Every code.
    pub const ALL: [Code; 18] = [
        Code::OrderConflict,
        Code::OrderPaid,
        Code::OrderClosed,
        Code::OrderExpired,
        Code::PaymentInProgress,
        Code::WayUnavailable,
        Code::AmountInvalid,
        Code::RefundExceedsCapture,
        Code::ExceptionResolved,
        Code::IdempotencyMismatch,
        Code::ChannelRefused,
        Code::ChannelUnavailable,
        Code::Unauthorized,
        Code::NotFound,
        Code::RateLimited,
        Code::InvalidRequest,
        Code::Unavailable,
        Code::Internal,
    ];

    /// The name in the document.
    pub const fn name(self) -> &'static str {
        match self {
            Code::OrderConflict => "order_conflict",
            Code::OrderPaid => "order_paid",
            Code::OrderClosed => "order_closed",
            Code::OrderExpired => "order_expired",
            Code::PaymentInProgress => "payment_in_progress",
            Code::WayUnavailable => "way_unavailable",
            Code::AmountInvalid => "amount_invalid",
            Code::RefundExceedsCapture => "refund_exceeds_capture",
            Code::ExceptionResolved => "exception_resolved",
            Code::IdempotencyMismatch => "idempotency_mismatch",
            Code::ChannelRefused => "channel_refused",
            Code::ChannelUnavailable => "channel_unavailable",
            Code::Unauthorized => "unauthorized",
            Code::NotFound => "not_found",
            Code::RateLimited => "rate_limited",
            Code::InvalidRequest => "invalid_request",
            Code::Unavailable => "unavailable",
            Code::Internal => "internal",
        }
    }

    /// A few words for people; the same for every problem of the code.
    pub const fn title(self) -> &'static str {
        match self {
            Code::OrderConflict => "The number is taken by something else",
            Code::OrderPaid => "The order is paid",
            Code::OrderClosed => "The order is closed",
            Code::OrderExpired => "The order's time is over",
            Code::PaymentInProgress => "A payment is being processed",
            Code::WayUnavailable => "The way of paying is not available",
            Code::AmountInvalid => "The amount is not valid",
            Code::RefundExceedsCapture => "The refund is more than what is left",
            Code::ExceptionResolved => "The exception is resolved already",
            Code::IdempotencyMismatch => "The idempotency key was used for another request",
            Code::ChannelRefused => "The channel refused",
            Code::ChannelUnavailable => "The channel does not answer",
            Code::Unauthorized => "The API key is missing or wrong",
            Code::NotFound => "Not found",
            Code::RateLimited => "Too many requests",
            Code::InvalidRequest => "The request is not valid",
            Code::Unavailable => "Not available now",
            Code::Internal => "The request cannot be served",
        }
    }

    /// The status that usually goes with the code. `invalid_request` also comes
    /// with 405, 413 and 415.
    pub const fn status(self) -> StatusCode {
        match self {
            Code::OrderConflict
            | Code::OrderPaid
            | Code::OrderClosed
            | Code::OrderExpired
            | Code::PaymentInProgress
            | Code::RefundExceedsCapture
            | Code::ExceptionResolved => StatusCode::CONFLICT,
            Code::WayUnavailable | Code::IdempotencyMismatch | Code::ChannelRefused => {
                StatusCode::UNPROCESSABLE_ENTITY
            }
            Code::AmountInvalid | Code::InvalidRequest => StatusCode::BAD_REQUEST,
            Code::Unauthorized => StatusCode::UNAUTHORIZED,
            Code::NotFound => StatusCode::NOT_FOUND,
            Code::RateLimited => StatusCode::TOO_MANY_REQUESTS,
            Code::ChannelUnavailable | Code::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Code::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// Whether the same request may be answered otherwise later, so that this
    /// answer is not kept under an idempotency key.
    pub const fn may_pass(self) -> bool {
        matches!(
            self,
            Code::PaymentInProgress
                | Code::ChannelUnavailable
                | Code::Unauthorized
                | Code::RateLimited
                | Code::Unavailable
                | Code::Internal
        )
    }
}

//! What merchants and payers ask for, and the answers they get.

use crate::id::{AccountId, AppId, FlowNo, MerchantId, RefundNo};
use crate::journal::Source;
use crate::money::Money;
use crate::policy::Policy;
use crate::state::OrderState;
use crate::time::{Span, Timestamp};
use crate::way::Way;
use std::collections::BTreeMap;

/// An order to be made. What it holds was checked by whoever made it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NewOrder {
    /// Whose it is.
    pub merchant: MerchantId,
    /// The application that makes it.
    pub app: AppId,
    /// The merchant's own number.
    pub merchant_order_no: String,
    /// What is to be paid, in fen.
    pub amount: Money,
    /// What is bought, in one line.
    pub subject: String,
    /// What is bought, in more words.
    pub body: Option<String>,
    /// The payer's address.
    pub client_ip: Option<String>,
    /// The ways that are allowed; empty means all.
    pub ways: Vec<Way>,
    /// Where its events go, in place of the application's webhook.
    pub notify_url: Option<String>,
    /// Where the payer goes afterwards.
    pub return_url: Option<String>,
    /// The merchant's own notes.
    pub metadata: BTreeMap<String, String>,
    /// How long it can be paid.
    pub expires_in: Span,
    /// The application's choices.
    pub policy: Policy,
}

/// A wish to pay an order in one way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PayCommand {
    /// Who wishes it: the merchant or the payer.
    pub source: Source,
    /// The way of paying.
    pub way: Way,
    /// The channel account that serves the way.
    pub account: AccountId,
    /// The payer, as the channel names them to this account, where the way needs it.
    pub payer: Option<String>,
    /// The payer's payment code, where the way needs it.
    pub auth_code: Option<String>,
    /// The payer's address, where the way needs it.
    pub client_ip: Option<String>,
    /// Where the channel sends its notices for this account.
    pub notify_url: String,
    /// Where the payer's browser goes afterwards.
    pub return_url: Option<String>,
}

/// A wish to give money back.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundCommand {
    /// The merchant's own number of the refund.
    pub merchant_refund_no: String,
    /// How much, in fen.
    pub amount: Money,
    /// Why, for the payer.
    pub reason: Option<String>,
}

/// An order that was made, or that had been made before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// The order as it is now.
    pub state: OrderState,
    /// Whether this call made it.
    pub created: bool,
    /// What became of the first flow, if one was wished for.
    pub flow: Option<Result<FlowNo, Refusal>>,
}

/// A flow that can be paid: its action is there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Payable {
    /// The order as it is now.
    pub state: OrderState,
    /// The flow.
    pub flow: FlowNo,
}

/// A refund that is asked for, or had been asked for before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefundAsked {
    /// The order as it is now.
    pub state: OrderState,
    /// The refund.
    pub refund: RefundNo,
    /// Whether this call made it.
    pub created: bool,
}

/// Why a wish is not granted. Nothing was changed by a refused wish, except
/// where a payment that is in progress is being closed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// There is no such order for this application.
    #[error("there is no such order")]
    NotFound,
    /// The same merchant order number was used with other content.
    #[error("this merchant_order_no was used for an order with another {field}")]
    OrderConflict {
        /// The first field that differs.
        field: &'static str,
    },
    /// The same merchant refund number was used with other content.
    #[error("this merchant_refund_no was used for a refund with another {field}")]
    RefundConflict {
        /// The first field that differs.
        field: &'static str,
    },
    /// It is paid.
    #[error("the order is paid")]
    OrderPaid,
    /// It is closed, or being closed.
    #[error("the order is closed")]
    OrderClosed,
    /// Its time is over.
    #[error("the order's time is over")]
    OrderExpired,
    /// The order does not allow that way.
    #[error("the order does not allow {way}")]
    WayUnavailable {
        /// The way that was wished for.
        way: Way,
    },
    /// Something that the way needs is missing.
    #[error("{way} needs {field}")]
    Incomplete {
        /// The way that was wished for.
        way: Way,
        /// What is missing.
        field: &'static str,
    },
    /// A payment is being processed (支付处理中，不允许重复支付).
    #[error("a payment of this order is being processed")]
    PaymentInProgress {
        /// When it makes sense to ask again (UTC).
        retry_at: Timestamp,
    },
    /// The order is not paid, so that there is nothing to refund (yet).
    #[error("the order is not paid")]
    NotPaid,
    /// More than what is left of the capture.
    #[error("{left} CNY can still be refunded")]
    RefundExceedsCapture {
        /// What is left, in fen.
        left: Money,
    },
    /// The channel takes no more refunds for this payment.
    #[error("{0}")]
    RefundLimit(String),
    /// The channel said no.
    #[error("the channel refused: {reason}")]
    ChannelRefused {
        /// Its code and words.
        reason: String,
    },
    /// The channel does not answer; asking again continues the same flow.
    #[error("the channel does not answer")]
    ChannelUnavailable {
        /// When it makes sense to ask again (UTC).
        retry_at: Timestamp,
    },
    /// The database does not answer; asking again is safe.
    #[error("the database does not answer")]
    StoreUnavailable,
}

//! The payer and the wallet in the payer's hand.
//!
//! The wallet opens whatever was handed out ([`open`]), and the payer then pays or walks away
//! ([`pay`], [`cancel`]). Both the control API and the wallet page come through here, so a test
//! and a person meet the same rules.

mod act;
mod open;

use serde::Serialize;

use crate::ledger::{Channel, Order, PayRefused};

pub(crate) use act::find_trade;
pub use act::{Acted, cancel, force_pay, pay};
pub use open::{open, open_h5};

/// What the wallet shows after it opened something: whose order this is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Opened {
    /// `alipay` or `wechat`.
    pub channel: Channel,
    /// `app_id` or `mchid`.
    pub account: String,
    /// The merchant's number.
    pub out_trade_no: String,
    /// The artefact's code, by which the wallet page finds it again.
    #[serde(skip)]
    pub code: String,
}

impl Opened {
    /// What opening this order by the artefact `code` gives.
    pub fn of(order: &Order, code: &str) -> Self {
        Self {
            channel: order.key.channel,
            account: order.key.account.clone(),
            out_trade_no: order.key.out_trade_no.clone(),
            code: code.to_owned(),
        }
    }
}

/// Why the wallet or the payer could not go on.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PayerError {
    /// Not an artefact that the wallet knows how to open.
    #[error(
        "this is nothing that a wallet can open: give a QR text, an h5_url, a page or wap URL or \
         form, an APP order string, or APP/JSAPI parameters, exactly as handed out ({0})"
    )]
    Unreadable(String),
    /// The code was not handed out here, or has been forgotten.
    #[error("this code was not handed out by this sandbox: {0}")]
    Unknown(String),
    /// What was signed does not hold: signature, account or parameters.
    #[error("the wallet refuses it: {0}")]
    Refused(String),
    /// The code or the order behind it is over.
    #[error("it can no longer be opened: {0}")]
    Over(String),
    /// The payer cannot pay.
    #[error(transparent)]
    Pay(#[from] PayRefused),
    /// Several accounts use this number.
    #[error("several accounts have a trade {0:?}: add ?account= with the app_id or mchid")]
    Ambiguous(String),
}

impl PayerError {
    /// A stable word for it.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Unreadable(_) => "artefact_unreadable",
            Self::Unknown(_) => "artefact_unknown",
            Self::Refused(_) => "artefact_refused",
            Self::Over(_) => "artefact_over",
            Self::Pay(PayRefused::NoTrade) => "trade_not_found",
            Self::Pay(PayRefused::Expired) => "trade_expired",
            Self::Pay(PayRefused::Closed) => "trade_closed",
            Self::Pay(PayRefused::AlreadyPaid) => "trade_paid",
            Self::Ambiguous(_) => "account_needed",
        }
    }

    /// The HTTP status that says it.
    pub fn status(&self) -> u16 {
        match self {
            Self::Unreadable(_) | Self::Refused(_) => 422,
            Self::Unknown(_) | Self::Pay(PayRefused::NoTrade) => 404,
            _ => 409,
        }
    }
}

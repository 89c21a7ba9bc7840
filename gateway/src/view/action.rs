//! What the payer's side does to pay.

use cashier::channel::Action;
use serde::Serialize;
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// What the payer's side does to pay. Hand it on unchanged: it is signed.
#[derive(Debug, Serialize, ToSchema)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum ActionView {
    /// Send the payer's browser to this address.
    Redirect {
        /// An absolute address.
        url: String,
    },
    /// Show this text as a QR code, to be scanned by the wallet.
    QrCode {
        /// What the code holds.
        text: String,
    },
    /// Hand this to the wallet's SDK in the merchant's app.
    App {
        /// Alipay: the signed order string.
        #[serde(skip_serializing_if = "Option::is_none")]
        order_string: Option<String>,
        /// WeChat Pay: the signed parameters of `PayReq`.
        #[serde(skip_serializing_if = "Option::is_none")]
        params: Option<BTreeMap<String, String>>,
    },
    /// Hand these to the wallet's JavaScript bridge.
    Jsapi {
        /// The signed parameters.
        params: BTreeMap<String, String>,
    },
    /// Nothing: the wallet itself decides about the payer's code.
    None,
}

impl From<Action> for ActionView {
    fn from(action: Action) -> ActionView {
        match action {
            Action::Redirect { url } => ActionView::Redirect { url },
            Action::QrCode { text } => ActionView::QrCode { text },
            Action::App {
                order_string,
                params,
            } => ActionView::App {
                order_string,
                params,
            },
            Action::Jsapi { params } => ActionView::Jsapi { params },
        }
    }
}

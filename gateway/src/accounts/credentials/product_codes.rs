//! Under which of Alipay's contracts payments are made.

use channels::alipay;
use serde::{Deserialize, Serialize};

/// The `product_code` of each kind of payment, where it is not the usual one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AlipayProductCodes {
    /// `ALI_PC`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub page: Option<String>,
    /// `ALI_WAP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wap: Option<String>,
    /// `ALI_APP`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub app: Option<String>,
    /// `ALI_QR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub precreate: Option<String>,
    /// `ALI_BAR`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub bar: Option<String>,
    /// `ALI_JSAPI`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub jsapi: Option<String>,
}

impl From<AlipayProductCodes> for alipay::ProductCodes {
    fn from(codes: AlipayProductCodes) -> alipay::ProductCodes {
        let usual = alipay::ProductCodes::default();
        alipay::ProductCodes {
            page: codes.page.unwrap_or(usual.page),
            wap: codes.wap.unwrap_or(usual.wap),
            app: codes.app.unwrap_or(usual.app),
            precreate: codes.precreate.unwrap_or(usual.precreate),
            bar: codes.bar.unwrap_or(usual.bar),
            jsapi: codes.jsapi.unwrap_or(usual.jsapi),
        }
    }
}

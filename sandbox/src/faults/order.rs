//! The order that arms a fault: the body of `POST /sandbox/faults`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::Fault;

/// Everything that can go wrong on demand.
const METHODS: [&str; 24] = [
    "alipay.trade.page.pay",
    "alipay.trade.wap.pay",
    "alipay.trade.precreate",
    "alipay.trade.pay",
    "alipay.trade.create",
    "alipay.trade.cancel",
    "alipay.trade.query",
    "alipay.trade.close",
    "alipay.trade.refund",
    "alipay.trade.fastpay.refund.query",
    "alipay.open.app.alipaycert.download",
    "alipay.system.oauth.token",
    "alipay.data.dataservice.bill.downloadurl.query",
    "alipay.bill_file",
    "wechat.native",
    "wechat.h5",
    "wechat.jsapi",
    "wechat.app",
    "wechat.query",
    "wechat.close",
    "wechat.refund",
    "wechat.refund_query",
    "notice.alipay",
    "notice.wechat",
];

/// What to break, where, how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    /// `alipay.trade.close`, `wechat.native`, `notice.wechat`, or a family: `alipay.*`,
    /// `wechat.*`, `notice.*`.
    pub method: String,
    /// What goes wrong.
    pub fault: Fault,
    /// At most so often; absent, for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times: Option<u32>,
    /// The share of calls, from 0 to 1; absent, every call.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub rate: Option<Number>,
    /// Of the dice behind `rate`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    /// Milliseconds of real time: how long to delay or to hold.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub delay_ms: Option<u64>,
    /// Only for this order number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_trade_no: Option<String>,
}

/// Why a fault cannot be armed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultRefused {
    /// No such family of methods.
    #[error(
        "unknown method {0:?}: name one of {methods}; or a family: alipay.*, wechat.*, notice.*",
        methods = METHODS.join(", ")
    )]
    Method(String),
    /// The fault is of the other kind.
    #[error("{fault:?} cannot happen to {method}: calls, notices and channels differ in faults")]
    Unfit {
        /// As given.
        fault: Fault,
        /// As given.
        method: String,
    },
    /// Not a share.
    #[error("rate is a number from 0 to 1 with at most 6 decimals, such as 0.25")]
    Rate,
}

impl FaultOrder {
    pub(super) fn check(&self) -> Result<(), FaultRefused> {
        if !METHODS.iter().any(|method| self.fits(method)) {
            return Err(FaultRefused::Method(self.method.clone()));
        }
        if !METHODS
            .iter()
            .any(|method| self.fits(method) && self.fault.strikes(method))
        {
            return Err(FaultRefused::Unfit {
                fault: self.fault,
                method: self.method.clone(),
            });
        }
        if self.rate.is_some() && self.parts_per_million().is_none() {
            return Err(FaultRefused::Rate);
        }
        Ok(())
    }

    /// Whether this order is for the method, or for its family.
    pub(super) fn fits(&self, method: &str) -> bool {
        match self.method.strip_suffix('*') {
            Some(family) => method.starts_with(family),
            None => method == self.method,
        }
    }

    /// `rate` in millionths, read from its decimal text.
    pub(super) fn parts_per_million(&self) -> Option<u32> {
        let text = self.rate.as_ref()?.to_string();
        let (whole, decimals) = text.split_once('.').unwrap_or((&text, "0"));
        if decimals.len() > 6 {
            return None;
        }
        let parts: u32 = format!("{decimals:0<6}").parse().ok()?;
        let parts = whole
            .parse::<u32>()
            .ok()?
            .checked_mul(1_000_000)?
            .checked_add(parts)?;
        (parts <= 1_000_000).then_some(parts)
    }
}

//! The order that arms a fault: the body of `POST /sandbox/faults`.

use serde::{Deserialize, Serialize};
use serde_json::Number;

use super::Fault;
use crate::wechat_v2;

/// Everything that can go wrong on demand.
const METHODS: &[&str] = &[
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
    "wechat.codepay",
    "wechat.query",
    "wechat.close",
    "wechat.reverse",
    "wechat.refund",
    "wechat.refund_query",
    "wechat.abnormal_refund",
    "wechat.certificates",
    "wechat.bill",
    "wechat.bill_file",
    "v2/unifiedorder",
    "v2/micropay",
    "v2/orderquery",
    "v2/closeorder",
    "v2/reverse",
    "v2/refund",
    "v2/refundquery",
    "v2/downloadbill",
    "v2/authcodetoopenid",
    "notice.alipay",
    "notice.wechat",
];

/// What to break, where, how often.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FaultOrder {
    /// `alipay.trade.close`, `wechat.native`, `notice.wechat`, or a family: `alipay.*`,
    /// `wechat.*`, `v2/*`, `notice.*`.
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
    /// The error code of `refused_before` and `refused_after`; absent, `SYSTEMERROR`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub err_code: Option<String>,
    /// Only for this order number.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub out_trade_no: Option<String>,
}

/// Why a fault cannot be armed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FaultRefused {
    /// No such family of methods.
    #[error(
        "unknown method {0:?}: name one of {methods}; or a family: alipay.*, wechat.*, v2/*, notice.*",
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
    /// No error code of v2.
    #[error("err_code is one of WeChat Pay v2's own, for refused_before and refused_after")]
    ErrCode,
    /// Not a share.
    #[error("rate is a number from 0 to 1 with at most 6 decimals, such as 0.25")]
    Rate,
}

impl FaultOrder {
    /// Every method and notice that a fault can be armed for by its name.
    pub const METHODS: &[&str] = METHODS;

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
        let refuses = matches!(self.fault, Fault::RefusedBefore | Fault::RefusedAfter);
        if self.err_code.is_some() && (!refuses || self.known_err_code().is_none()) {
            return Err(FaultRefused::ErrCode);
        }
        Ok(())
    }

    /// `err_code`, if the channel has it.
    pub(super) fn known_err_code(&self) -> Option<&'static str> {
        wechat_v2::error_code(self.err_code.as_deref()?)
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

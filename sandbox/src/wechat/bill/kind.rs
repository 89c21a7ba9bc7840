//! The kinds of bill: which rows and which columns each has.

use super::sheet::Entry;

/// The first columns of every kind of bill.
const FIRST: &str = "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,交易状态,付款银行,货币种类,应结订单金额,代金券金额";

/// What only a refund's own bill has.
const MOMENTS: &str = "退款申请时间,退款成功时间";

/// What the bills with refunds have.
const REFUND: &str = "微信退款单号,商户退款单号,退款金额,充值券退款金额,退款类型,退款状态";

const GOODS: &str = "商品名称,商户数据包,手续费,费率,订单金额";

/// Which rows and columns a bill has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BillKind {
    /// Payments and refunds.
    All,
    /// Payments.
    Success,
    /// Refunds and reversals.
    Refund,
    /// Refunds of recharge coupons, of which this sandbox has none.
    RechargeRefund,
}

impl BillKind {
    /// `bill_type`.
    pub fn parse(text: &str) -> Option<Self> {
        Some(match text {
            "ALL" => Self::All,
            "SUCCESS" => Self::Success,
            "REFUND" => Self::Refund,
            "RECHARGE_REFUND" => Self::RechargeRefund,
            _ => return None,
        })
    }

    /// The header line.
    pub(super) fn header(self) -> String {
        match self {
            Self::All => format!("{FIRST},{REFUND},{GOODS},申请退款金额,费率备注"),
            Self::Success => format!("{FIRST},{GOODS},费率备注"),
            Self::Refund | Self::RechargeRefund => {
                format!("{FIRST},{MOMENTS},{REFUND},{GOODS},申请退款金额,费率备注")
            }
        }
    }

    /// Whether a row is in it.
    pub(super) fn has(self, entry: &Entry<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Success => entry.refund.is_none(),
            Self::Refund => entry.refund.is_some(),
            Self::RechargeRefund => false,
        }
    }
}

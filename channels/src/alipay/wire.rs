//! Alipay's shapes: what goes into `biz_content` and what stands in an answer's
//! node. They never leave this folder. Members that are not listed are ignored:
//! Alipay adds some every year.

use serde::{Deserialize, Serialize};

/// `biz_content` of page.pay, wap.pay, app.pay, precreate, pay and create.
#[derive(Clone, Debug, Serialize)]
pub(super) struct Order<'a> {
    pub(super) out_trade_no: &'a str,
    /// In yuan, two decimals.
    pub(super) total_amount: String,
    pub(super) subject: String,
    pub(super) product_code: &'a str,
    /// Absolute, `yyyy-MM-dd HH:mm:ss`, GMT+8. A relative timeout would not bound
    /// how long an unused page or order string can be opened.
    pub(super) time_expire: String,
    /// page.pay: `2`, the payer leaves for Alipay's own page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) qr_pay_mode: Option<&'static str>,
    /// wap.pay: where a payer lands who leaves without paying.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) quit_url: Option<&'a str>,
    /// pay: `bar_code`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) scene: Option<&'static str>,
    /// pay: the payer's code.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) auth_code: Option<&'a str>,
    /// create: the payer, by one name or by the other.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) buyer_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) buyer_open_id: Option<&'a str>,
    /// create: the application in which the payment is opened.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) op_app_id: Option<&'a str>,
}

/// `biz_content` of a bill's address.
#[derive(Debug, Serialize)]
pub(super) struct BillOf<'a> {
    pub(super) bill_type: &'static str,
    /// `yyyy-MM-dd`.
    pub(super) bill_date: &'a str,
}

/// `biz_content` of a certificate's download.
#[derive(Debug, Serialize)]
pub(super) struct ByCertificate<'a> {
    pub(super) alipay_cert_sn: &'a str,
}

/// `biz_content` of query and close. Alipay's `trade_no` would win over ours if
/// both were sent, so it is never sent here.
#[derive(Debug, Serialize)]
pub(super) struct ByFlow<'a> {
    pub(super) out_trade_no: &'a str,
}

/// `biz_content` of a refund. It names the trade that was captured, not the flow.
#[derive(Debug, Serialize)]
pub(super) struct Refund<'a> {
    pub(super) trade_no: &'a str,
    pub(super) refund_amount: String,
    pub(super) out_request_no: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) refund_reason: Option<String>,
}

/// `biz_content` of a refund's query.
#[derive(Debug, Serialize)]
pub(super) struct ByRefund<'a> {
    pub(super) trade_no: &'a str,
    pub(super) out_request_no: &'a str,
}

/// What every answer has, and the number that most of them echo.
#[derive(Debug, Deserialize)]
pub(super) struct Head {
    /// Left out by one interface, in its successes.
    #[serde(default)]
    pub(super) code: String,
    #[serde(default)]
    pub(super) msg: String,
    #[serde(default)]
    pub(super) sub_code: String,
    #[serde(default)]
    pub(super) sub_msg: String,
    pub(super) out_trade_no: Option<String>,
}

/// The answer to precreate.
#[derive(Debug, Deserialize)]
pub(super) struct Precreated {
    pub(super) qr_code: String,
}

/// The answer to a payment by the payer's code.
#[derive(Debug, Deserialize)]
pub(super) struct Charged {
    pub(super) trade_no: String,
    /// In yuan.
    pub(super) total_amount: String,
    /// When it was paid, GMT+8.
    pub(super) gmt_payment: Option<String>,
    pub(super) buyer_user_id: Option<String>,
    pub(super) buyer_open_id: Option<String>,
}

/// The answer to a creation for a known payer.
#[derive(Debug, Deserialize)]
pub(super) struct Created {
    pub(super) trade_no: String,
}

/// The answer to a payer's code (OAuth).
#[derive(Debug, Deserialize)]
pub(super) struct Payer {
    pub(super) user_id: Option<String>,
    pub(super) open_id: Option<String>,
}

/// The answer to a question for a bill's address.
#[derive(Debug, Deserialize)]
pub(super) struct BillAddress {
    pub(super) bill_download_url: String,
}

/// The answer to a certificate's download.
#[derive(Debug, Deserialize)]
pub(super) struct CertificateContent {
    /// PEM in base64.
    #[serde(default)]
    pub(super) alipay_cert_content: String,
}

/// The answer to a query.
#[derive(Debug, Deserialize)]
pub(super) struct Queried {
    pub(super) trade_no: String,
    pub(super) trade_status: String,
    /// In yuan.
    pub(super) total_amount: String,
    /// When it was paid, GMT+8.
    pub(super) send_pay_date: Option<String>,
    pub(super) buyer_user_id: Option<String>,
    pub(super) buyer_open_id: Option<String>,
}

/// The answer to a close: that it came is all that it says.
#[derive(Debug, Deserialize)]
pub(super) struct TradeClosed {}

/// The answer to a cancel.
#[derive(Debug, Deserialize)]
pub(super) struct TradeCancelled {
    /// `Y`: the same call shall be made again.
    pub(super) retry_flag: Option<String>,
    /// `close` or `refund`, where there was something to take back.
    pub(super) action: Option<String>,
}

/// The answer to a refund.
#[derive(Debug, Deserialize)]
pub(super) struct RefundTaken {
    pub(super) trade_no: Option<String>,
    /// `Y`: money moved because of this call.
    pub(super) fund_change: Option<String>,
    /// All refunds of the trade together, in yuan.
    pub(super) refund_fee: Option<String>,
}

/// The answer to a refund's query.
#[derive(Debug, Deserialize)]
pub(super) struct RefundQueried {
    pub(super) trade_no: Option<String>,
    pub(super) out_request_no: Option<String>,
    pub(super) refund_status: Option<String>,
    /// Of this refund alone, in yuan.
    pub(super) refund_amount: Option<String>,
}

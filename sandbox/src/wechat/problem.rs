//! Refusals in APIv3's form: an HTTP status, `{"code","message","detail"?}`, and the internal
//! number that ends the `Request-ID` header. Every message says what was wrong, in the channel's
//! own words where they are known.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::key::KeyError;

/// One refusal of an APIv3 call.
#[derive(Debug, Clone, PartialEq)]
pub struct Problem {
    status: u16,
    code: &'static str,
    number: u32,
    message: String,
    detail: Option<Value>,
}

impl Problem {
    fn new(status: u16, code: &'static str, number: u32, message: impl Into<String>) -> Self {
        Self {
            status,
            code,
            number,
            message: message.into(),
            detail: None,
        }
    }

    /// 401 `SIGN_ERROR`: the request is not proven to come from the merchant.
    pub fn unauthorized(message: impl Into<String>) -> Self {
        Self::new(401, "SIGN_ERROR", 268_443_699, message)
    }

    /// 400 `PARAM_ERROR` about the field at `pointer` (a JSON pointer; a name in the URL).
    pub fn field(pointer: &str, location: Location, issue: impl Into<String>) -> Self {
        let issue = issue.into();
        Self::new(
            400,
            "PARAM_ERROR",
            268_435_461,
            format!("参数错误：{pointer} {issue}"),
        )
        .with_detail(
            json!({ "field": pointer, "value": "", "issue": issue, "location": location.name() }),
        )
    }

    /// 400 `PARAM_ERROR`: the body names a field that the call does not know.
    pub fn extra_field(pointer: &str) -> Self {
        Self::new(400, "PARAM_ERROR", 270_924_358, "参数中含有非法的额外参数").with_detail(json!({
            "field": pointer,
            "value": "",
            "issue": "unknown field: leave out what this call does not document",
            "location": Location::Body.name(),
        }))
    }

    /// 400 `PARAM_ERROR` without a field: headers, or a body that is no JSON object.
    pub fn malformed(message: impl Into<String>) -> Self {
        Self::new(400, "PARAM_ERROR", 268_435_461, message)
    }

    /// 400 `INVALID_REQUEST`: understood, and against a business rule.
    pub fn invalid_request(message: impl Into<String>) -> Self {
        Self::new(400, "INVALID_REQUEST", 268_435_464, message)
    }

    /// 400 `INVALID_REQUEST`: the number was used before with other parameters.
    pub fn differs_on_reentry() -> Self {
        let message = "请求重入时，参数与首次请求时不一致";
        Self::new(400, "INVALID_REQUEST", 268_498_688, message)
    }

    /// 400 `APPID_MCHID_NOT_MATCH`: the appid is not bound to this merchant.
    pub fn appid_mchid_not_match() -> Self {
        let message = "appid和mch_id不匹配，请检查商户号与appid是否已绑定";
        Self::new(400, "APPID_MCHID_NOT_MATCH", 268_445_527, message)
    }

    /// 400 `ORDERPAID`: money is in.
    pub fn order_paid() -> Self {
        Self::new(400, "ORDERPAID", 268_449_538, "该订单已支付")
    }

    /// 400 `ORDER_CLOSED`: the number was closed and stays closed.
    pub fn order_closed() -> Self {
        Self::new(
            400,
            "ORDER_CLOSED",
            268_447_914,
            "该订单已失效，请更换订单号重新下单",
        )
    }

    /// 404 `ORDER_NOT_EXIST`: no such order under this merchant.
    pub fn order_not_exist() -> Self {
        Self::new(404, "ORDER_NOT_EXIST", 268_512_771, "订单不存在")
    }

    /// 400 `ORDERREVERSED`: the number was reversed and stays so.
    pub fn order_reversed() -> Self {
        Self::new(
            400,
            "ORDERREVERSED",
            268_447_914,
            "当前订单已经被撤销，请更换订单号重新下单",
        )
    }

    /// 403 `TRADE_ERROR`: this payment failed for good.
    pub fn trade_error() -> Self {
        Self::new(403, "TRADE_ERROR", 268_435_464, "支付失败，请撤销订单")
    }

    /// 202 `USERPAYING`: the payer is typing the password.
    pub fn user_paying() -> Self {
        Self::new(202, "USERPAYING", 268_435_464, "需要用户输入支付密码")
    }

    /// 202 `USERPAYING`: cannot be reversed just now. APIv2's words; here it is a fault that a test
    /// arms.
    pub fn paying_now() -> Self {
        Self::new(202, "USERPAYING", 268_435_464, "正在支付中不能发起撤销")
    }

    /// 403 `NOTENOUGH`: the payer's balance is too low.
    pub fn not_enough() -> Self {
        Self::new(
            403,
            "NOTENOUGH",
            268_435_464,
            "余额不足，请更换其他支付方式",
        )
    }

    /// 400 `AUTH_CODE_ERROR`: misread.
    pub fn auth_code_error() -> Self {
        Self::new(
            400,
            "AUTH_CODE_ERROR",
            268_435_464,
            "付款码错误，请重新扫码：18位数字",
        )
    }

    /// 400 `AUTH_CODE_INVALID`: no payment code of WeChat's, or used before.
    pub fn auth_code_invalid(message: impl Into<String>) -> Self {
        Self::new(400, "AUTH_CODE_INVALID", 268_435_464, message)
    }

    /// 400 `AUTHCODEEXPIRE`: older than a minute.
    pub fn auth_code_expired() -> Self {
        Self::new(
            400,
            "AUTHCODEEXPIRE",
            268_435_464,
            "付款码已过期，请用户在微信上刷新后再试",
        )
    }

    /// 400 `REVERSE_EXPIRE`: older than seven days. The name is known from other parties only.
    pub fn reverse_expired() -> Self {
        Self::new(
            400,
            "REVERSE_EXPIRE",
            268_435_464,
            "订单已超过7天，无法撤销，请使用退款",
        )
    }

    /// 400 `INVALID_REQUEST`: only a reverse ends a barcode order.
    pub fn reverse_only() -> Self {
        let message = "当前交易不允许进行普通关单(只能撤销)";
        Self::new(400, "INVALID_REQUEST", 268_449_641, message)
    }

    /// 403 `NO_AUTH`: the service provider may not call for this sub-merchant.
    pub fn not_linked(sub_mchid: &str) -> Self {
        let message = format!(
            "服务商与特约商户{sub_mchid}未建立绑定关系：link it with POST /sandbox/wechat/<mchid>/sub_merchants"
        );
        Self::new(403, "NO_AUTH", 268_443_701, message)
    }

    /// 500 `OPENID_MISMATCH`: the openid is one under another appid.
    pub fn openid_mismatch() -> Self {
        Self::new(500, "OPENID_MISMATCH", 268_501_013, "openid与appid不匹配")
    }

    /// 400 `NO_STATEMENT_EXIST`: nothing was traded that day.
    pub fn no_statement_exist() -> Self {
        Self::new(
            400,
            "NO_STATEMENT_EXIST",
            268_435_464,
            "请求的账单文件不存在",
        )
    }

    /// 400 `STATEMENT_CREATING`: too early in the morning.
    pub fn statement_creating() -> Self {
        Self::new(
            400,
            "STATEMENT_CREATING",
            268_435_464,
            "账单生成中，请10点后再试",
        )
    }

    /// 429 `RATELIMIT_EXCEEDED`: too many calls; here it is a fault that a test arms.
    pub fn rate_limited() -> Self {
        Self::new(
            429,
            "RATELIMIT_EXCEEDED",
            268_447_840,
            "请求频率过高，请降低频率后重试",
        )
    }

    /// 404 `RESOURCE_NOT_EXISTS`: no such order or refund to work on.
    pub fn resource_not_exists(message: impl Into<String>) -> Self {
        Self::new(404, "RESOURCE_NOT_EXISTS", 268_512_771, message)
    }

    /// 429 `FREQUENCY_LIMITED`: too soon after the last one; not carried out.
    pub fn frequency_limited(message: impl Into<String>) -> Self {
        Self::new(429, "FREQUENCY_LIMITED", 268_447_840, message)
    }

    /// 500 `SYSTEM_ERROR`: try again with the same parameters.
    pub fn system_error() -> Self {
        Self::new(
            500,
            "SYSTEM_ERROR",
            268_435_456,
            "系统异常，请用相同参数重新调用",
        )
    }

    /// 400 `INVALID_REQUEST`: a close within five minutes of ordering. The v2 page has this rule
    /// without naming a code; here it is a fault that a test arms.
    pub fn too_early() -> Self {
        Self::invalid_request("订单生成后5分钟内不能关闭，请稍后再试")
    }

    /// The same refusal with a `detail` of its own.
    #[must_use]
    pub fn with_detail(self, detail: Value) -> Self {
        Self {
            detail: Some(detail),
            ..self
        }
    }

    /// HTTP status of the answer.
    pub fn status(&self) -> u16 {
        self.status
    }

    /// The same refusal in one of the two spellings that the wire is seen with.
    #[must_use]
    pub fn spelled(self, spelling: Spelling) -> Self {
        let code = SPELLINGS
            .iter()
            .find(|(old, new)| *old == self.code || *new == self.code)
            .map_or(self.code, |(old, new)| match spelling {
                Spelling::Mixed => self.code,
                Spelling::Older => old,
                Spelling::Newer => new,
            });
        Self { code, ..self }
    }

    /// The stable code.
    pub fn code(&self) -> &'static str {
        self.code
    }

    /// The internal number that ends the `Request-ID` header.
    pub fn number(&self) -> u32 {
        self.number
    }

    /// The text for a person.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The JSON body.
    pub fn body(&self) -> Value {
        match &self.detail {
            Some(detail) => json!({ "code": self.code, "message": self.message, "detail": detail }),
            None => json!({ "code": self.code, "message": self.message }),
        }
    }
}

impl From<KeyError> for Problem {
    fn from(error: KeyError) -> Self {
        tracing::error!(%error, "a call could not be answered");
        Self::system_error()
    }
}

/// How codes are spelled: the pages renamed them over time, and the wire is seen with both.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Spelling {
    /// Each code as it was seen.
    #[default]
    Mixed,
    /// `ORDERNOTEXIST`, `SYSTEMERROR`, …
    Older,
    /// `ORDER_NOT_EXIST`, `SYSTEM_ERROR`, …
    Newer,
}

/// Codes with two spellings: the older one, the newer one.
const SPELLINGS: [(&str, &str); 8] = [
    ("USERPAYING", "USER_PAYING"),
    ("SYSTEMERROR", "SYSTEM_ERROR"),
    ("RULELIMIT", "RULE_LIMIT"),
    ("ORDERNOTEXIST", "ORDER_NOT_EXIST"),
    ("ORDERPAID", "ORDER_PAID"),
    ("NOTENOUGH", "NOT_ENOUGH"),
    ("NOAUTH", "NO_AUTH"),
    ("ORDERREVERSED", "ORDER_REVERSED"),
];

/// Where a wrong field stood.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Location {
    /// In the JSON body.
    Body,
    /// In the path or the query.
    Url,
}

impl Location {
    fn name(self) -> &'static str {
        match self {
            Self::Body => "body",
            Self::Url => "url",
        }
    }
}

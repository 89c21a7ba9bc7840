//! Refusals in APIv3's form: an HTTP status, `{"code","message","detail"?}`, and the internal
//! number that ends the `Request-ID` header. Every message says what was wrong, in the channel's
//! own words where they are known.

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

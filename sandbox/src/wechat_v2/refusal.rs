//! The two ways in which v2 says no: signed, with an error code; or unsigned, with a sentence.

use super::xml::Fields;

/// Why a call was not done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Refusal {
    /// `return_code` `FAIL`: the message was not accepted. Not signed, and nothing but a sentence.
    Transport {
        /// `return_msg`.
        message: String,
    },
    /// `result_code` `FAIL`: signed.
    Business {
        /// `err_code`, one of [`CODES`].
        code: &'static str,
        /// `err_code_des`.
        description: String,
        /// What a call adds to its refusals, such as `recall`.
        more: Fields,
    },
}

impl Refusal {
    /// An unsigned refusal.
    pub fn transport(message: impl Into<String>) -> Self {
        Self::Transport {
            message: message.into(),
        }
    }

    /// A signed refusal.
    pub fn business(code: &'static str, description: impl Into<String>) -> Self {
        Self::Business {
            code,
            description: description.into(),
            more: Fields::new(),
        }
    }

    /// A signed refusal with the sentence that belongs to its code.
    pub fn of(code: &'static str) -> Self {
        let description = CODES.iter().find(|(known, _)| *known == code);
        Self::business(
            code,
            description.map_or(code, |(_, description)| description),
        )
    }

    /// The same with one more field, if it is a signed one.
    pub fn with(mut self, name: &str, value: &str) -> Self {
        if let Self::Business { more, .. } = &mut self {
            more.insert(name.to_owned(), value.to_owned());
        }
        self
    }

    /// A field is missing.
    pub fn absent(name: &str) -> Self {
        Self::business("LACK_PARAMS", format!("缺少参数{name}"))
    }

    /// A field is not as it should be.
    pub fn field(name: &str, issue: &str) -> Self {
        Self::business("PARAM_ERROR", format!("参数{name}有误：{issue}"))
    }
}

/// Every error code of v2's payments, with its sentence.
pub const CODES: [(&str, &str); 38] = [
    ("SYSTEMERROR", "系统超时"),
    ("BANKERROR", "银行端超时"),
    ("USERPAYING", "需要用户输入支付密码"),
    (
        "BIZERR_NEED_RETRY",
        "并发情况下，业务被拒绝，商户重试即可解决",
    ),
    (
        "FREQUENCY_LIMITED",
        "频率限制，本次请求未受理，请降低频率后重试",
    ),
    (
        "INVALID_REQ_TOO_MUCH",
        "无效请求过多，请检查业务是否正确，一分钟后再试",
    ),
    ("AUTHCODEEXPIRE", "二维码已过期，请用户在微信上刷新后再试"),
    ("AUTH_CODE_ERROR", "付款码参数错误"),
    (
        "AUTH_CODE_INVALID",
        "请扫描微信支付授权码(以10,11,12,13,14,15开头的18位纯数字)",
    ),
    ("NOTENOUGH", "用户余额不足"),
    ("NOTSUPORTCARD", "不支持卡类型"),
    ("USER_ACCOUNT_ABNORMAL", "退款请求失败：用户账号注销"),
    ("RULELIMIT", "交易金额或次数超出限制"),
    ("TRADE_ERROR", "交易错误：用户没有输入支付密码"),
    ("ORDERPAID", "该订单已支付"),
    ("ORDERCLOSED", "订单已关闭"),
    ("ORDERREVERSED", "订单已撤销"),
    ("OUT_TRADE_NO_USED", "商户订单号重复"),
    ("INVALID_REQUEST", "201 商户订单号重复"),
    ("ORDERNOTEXIST", "订单不存在"),
    ("REFUNDNOTEXIST", "退款订单查询失败：退款单不存在"),
    ("TRADE_STATE_ERROR", "订单状态错误"),
    ("TRADE_OVERDUE", "订单已经超过可退款的最大期限"),
    ("REVERSE_EXPIRE", "订单无法撤销：已超过7天"),
    ("ERROR", "业务错误"),
    ("INVALID_TRANSACTIONID", "无效transaction_id"),
    (
        "BUYER_MISMATCH",
        "支付帐号错误：暂不支持同一笔订单更换支付方",
    ),
    ("NOAUTH", "商户无此接口权限"),
    ("APPID_NOT_EXIST", "APPID不存在"),
    ("MCHID_NOT_EXIST", "MCHID不存在"),
    ("APPID_MCHID_NOT_MATCH", "appid和mch_id不匹配"),
    ("PARAM_ERROR", "参数错误"),
    ("LACK_PARAMS", "缺少参数"),
    ("NOT_UTF8", "编码格式错误"),
    ("XML_FORMAT_ERROR", "XML格式错误"),
    ("POST_DATA_EMPTY", "post数据为空"),
    ("REQUIRE_POST_METHOD", "请使用post方法"),
    ("SIGNERROR", "签名错误"),
];

//! Reading an order out of a request that makes or prepares a trade.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use url::Url;

use super::answer::Answer;
use super::biz::Biz;
use super::call::Call;
use super::{APP_PAY, CREATE, PAGE_PAY, PAY, PRECREATE, WAP_PAY, moment, seller};
use crate::ledger::{Channel, Expiry, Order, TradeKey};

/// 15 days, the default life of a web or app trade, in seconds.
const WEB_TIMEOUT: i64 = 15 * 86_400;
/// 3 hours, the default life of a face-to-face trade, in seconds.
const FACE_TO_FACE_TIMEOUT: i64 = 3 * 3600;
/// App and wap take less than five minutes for five, in seconds.
const LEAST_ON_PHONE: i64 = 5 * 60;

/// The order of this call, every field checked, with the expiry as its product counts it.
pub(super) fn read(call: &Call, now: DateTime<Utc>) -> Result<Order, Answer> {
    let biz = &call.biz;
    check_product_code(call)?;
    let attach = biz.text("passback_params", 512)?;
    let body = biz.text("body", 128)?;
    let quit_url = biz.text("quit_url", 400)?;
    let details = [("body", body), ("quit_url", quit_url)]
        .into_iter()
        .filter_map(|(name, value)| Some((name.to_owned(), value?)))
        .chain(seller::details(call))
        .collect::<BTreeMap<_, _>>();
    let out_trade_no =
        out_trade_no(biz)?.ok_or_else(|| Answer::invalid_parameter("out_trade_no 缺失"))?;
    Ok(Order {
        key: TradeKey::new(Channel::Alipay, &call.account.app.app_id, &out_trade_no),
        amount: biz.amount("total_amount")?,
        subject: subject(biz)?,
        product: call.method.clone(),
        notify_url: web_address(call, "notify_url")?,
        return_url: web_address(call, "return_url")?,
        attach,
        expiry: expiry(call, now)?,
        details,
    })
}

/// `out_trade_no`: letters, digits, underscore, at most 64.
pub(super) fn out_trade_no(biz: &Biz) -> Result<Option<String>, Answer> {
    let Some(number) = biz.text("out_trade_no", 64)? else {
        return Ok(None);
    };
    if number
        .bytes()
        .all(|b| b.is_ascii_alphanumeric() || b == b'_')
    {
        return Ok(Some(number));
    }
    Err(Answer::invalid_parameter(
        "out_trade_no 只能包含字母、数字、下划线",
    ))
}

/// The number says something else than it did before.
pub(super) fn inconsistent() -> Answer {
    Answer::failed("ACQ.CONTEXT_INCONSISTENT", "交易信息被篡改")
}

/// The number's trade was closed unpaid.
pub(super) fn closed() -> Answer {
    Answer::failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")
}

/// The number's trade was paid.
pub(super) fn paid() -> Answer {
    Answer::failed("ACQ.TRADE_HAS_SUCCESS", "交易已被支付")
}

/// `time_expire` has passed.
pub(super) fn too_late() -> Answer {
    let sub_msg = "当前时间已超过允许支付的时间";
    Answer::failed("ACQ.NOW_TIME_AFTER_EXPIRE_TIME_ERROR", sub_msg)
}

fn subject(biz: &Biz) -> Result<String, Answer> {
    let subject = biz.required("subject", 256)?;
    if subject.contains(['/', '=', '&']) {
        return Err(Answer::invalid_parameter(
            "subject 不可使用特殊字符，如 /，=，& 等",
        ));
    }
    Ok(subject)
}

fn check_product_code(call: &Call) -> Result<(), Answer> {
    let given = call.biz.text("product_code", 64)?;
    let (required, known): (bool, &[&str]) = match call.method.as_str() {
        PAGE_PAY => (true, &["FAST_INSTANT_TRADE_PAY"]),
        WAP_PAY => (true, &["QUICK_WAP_WAY", "QUICK_WAP_PAY"]),
        APP_PAY => (false, &["QUICK_MSECURITY_PAY"]),
        PAY => (false, &["FACE_TO_FACE_PAYMENT", "OFFLINE_PAYMENT"]),
        CREATE => (false, &["FACE_TO_FACE_PAYMENT", "JSAPI_PAY"]),
        _ => (false, &["FACE_TO_FACE_PAYMENT", "QR_CODE_OFFLINE"]),
    };
    match given.as_deref() {
        None if required => Err(Answer::invalid_parameter("product_code 缺失")),
        Some(code) if !known.contains(&code) => Err(Answer::failed(
            "ACQ.ACCESS_FORBIDDEN",
            &format!("无权限使用接口：product_code {code}"),
        )),
        _ => Ok(()),
    }
}

/// An absolute http(s) address of at most 256 characters among the common parameters.
fn web_address(call: &Call, name: &str) -> Result<Option<String>, Answer> {
    let Some(text) = call.params.get(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    let good = text.len() <= 256
        && Url::parse(text).is_ok_and(|url| matches!(url.scheme(), "http" | "https"));
    if good {
        return Ok(Some(text.clone()));
    }
    Err(Answer::invalid(
        "isv.invalid-parameter",
        format!("{name} 应为 256 字符以内的 http(s) 地址"),
    ))
}

/// `time_expire` wins. A relative timeout counts from the request (precreate, page) or from the
/// moment the payer acts (wap, app).
fn expiry(call: &Call, now: DateTime<Utc>) -> Result<Expiry, Answer> {
    if let Some(at) = call.biz.moment("time_expire")? {
        if at > moment::after(now, WEB_TIMEOUT + 60) {
            return Err(Answer::invalid_parameter("time_expire 不能晚于 15 天后"));
        }
        return Ok(Expiry::At(at));
    }
    let given = call.biz.timeout("timeout_express", now)?;
    Ok(match call.method.as_str() {
        PRECREATE | PAY | CREATE => {
            Expiry::At(moment::after(now, given.unwrap_or(FACE_TO_FACE_TIMEOUT)))
        }
        PAGE_PAY => Expiry::At(moment::after(now, given.unwrap_or(WEB_TIMEOUT))),
        _ => Expiry::AfterOpening(given.unwrap_or(WEB_TIMEOUT).max(LEAST_ON_PHONE)),
    })
}

//! `POST /v3/refund/domestic/refunds/{refund_id}/apply-abnormal-refund`: sends the money of an
//! `ABNORMAL` refund to another account. The payer's name and account come encrypted for the
//! platform key that `Wechatpay-Serial` names.

use super::call::{Call, Reply};
use super::fields::Fields;
use super::oaep;
use super::problem::Problem;
use super::refund_view::refund_view;
use super::settle;
use super::sign::PlatformKey;
use super::whose::Whose;
use crate::ledger::{Channel, RefundState};

/// Longest base64 of a field that was encrypted with a key of 4096 bits.
const SEALED: usize = 1024;

/// Sets the refund to `PROCESSING` again; it will succeed.
///
/// # Errors
/// 400 `PARAM_ERROR` for the body, a missing `Wechatpay-Serial` or a field that does not open; 404
/// `RESOURCE_NOT_EXISTS`; 400 `INVALID_REQUEST` for a refund that is not `ABNORMAL`.
pub fn apply(call: &Call<'_>, refund_id: &str) -> Result<Reply, Problem> {
    let mut fields = Fields::parse(call.body)?;
    let whose = Whose::of(call, fields.text("sub_mchid", 32)?)?;
    let out_refund_no = fields.required_text("out_refund_no", 64)?;
    destination(call, &mut fields)?;
    fields.finish()?;
    let switches = &call.sandbox.wechat().switches;
    let (trade, refund) = call.sandbox.with_world(|world, now| {
        let found = world
            .ledger
            .refund_numbered(Channel::Wechat, call.mchid(), &out_refund_no)
            .filter(|refund| refund.refund_id == refund_id)
            .and_then(|refund| Some((world.ledger.trade(&refund.trade)?.clone(), refund.clone())))
            .filter(|(trade, _)| whose.owns(trade));
        let (trade, refund) =
            found.ok_or_else(|| Problem::resource_not_exists("退款单不存在，请检查退款单号"))?;
        if refund.state != RefundState::Abnormal {
            return Err(Problem::invalid_request(
                "退款状态不是退款异常，不能发起异常退款",
            ));
        }
        switches.plan(&out_refund_no, RefundState::Success);
        let refund = world
            .ledger
            .settle_refund(&refund.trade, &out_refund_no, RefundState::Processing, now)
            .ok_or_else(Problem::system_error)?;
        Ok((trade, refund))
    })?;
    settle::schedule(call.sandbox, &refund);
    Ok(Reply::Json(refund_view(&trade, &refund)))
}

/// Where the money goes: the payer's other card, which must be named, or the merchant's own.
fn destination(call: &Call<'_>, fields: &mut Fields) -> Result<(), Problem> {
    let kind = fields
        .choice("type", &["USER_BANK_CARD", "MERCHANT_BANK_CARD"])?
        .ok_or_else(|| fields.absent("type"))?;
    let bank_type = fields.text("bank_type", 16)?;
    let account = opened(call, fields, "bank_account")?;
    let name = opened(call, fields, "real_name")?;
    if kind == "MERCHANT_BANK_CARD" {
        return Ok(());
    }
    if bank_type.is_none() {
        return Err(fields.absent("bank_type"));
    }
    let account = account.ok_or_else(|| fields.absent("bank_account"))?;
    if account.is_empty() || !account.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err(fields.refuse("bank_account", "解密后应为银行卡号"));
    }
    match name.as_deref() {
        None => Err(fields.absent("real_name")),
        Some("") => Err(fields.refuse("real_name", "解密后不能为空")),
        Some(_) => Ok(()),
    }
}

/// An encrypted field, opened.
fn opened(call: &Call<'_>, fields: &mut Fields, name: &str) -> Result<Option<String>, Problem> {
    let Some(sealed) = fields.text(name, SEALED)? else {
        return Ok(None);
    };
    let key = platform_key(call)?;
    oaep::open(&key.key, &sealed)
        .map(Some)
        .map_err(|error| fields.refuse(name, format!("解密失败：{error}")))
}

/// The key that the request says it encrypted for.
fn platform_key(call: &Call<'_>) -> Result<PlatformKey, Problem> {
    let named = call.platform_serial();
    named
        .and_then(|id| call.account.portal.platform.named(&call.account, id))
        .ok_or_else(|| {
            Problem::malformed("Http头缺少Wechatpay-Serial：请求含敏感信息加密字段时必传")
        })
}

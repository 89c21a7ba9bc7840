//! `POST /v3/pay/transactions/out-trade-no/{}/reverse`: takes a barcode payment back. An unpaid
//! order can no longer be paid, a paid one is given back in full; re-entrant. The answer has no
//! `recall` flag: that is APIv2's.

use serde_json::json;

use super::call::{Call, Reply};
use super::fields::Fields;
use super::order::Product;
use super::problem::Problem;
use super::whose::Whose;
use crate::ledger::ReverseRefused;

/// Reverses the order.
///
/// # Errors
/// 400 `PARAM_ERROR` for the body, 404 `ORDER_NOT_EXIST`, 400 `INVALID_REQUEST` for an order that
/// was not paid by a payment code, 400 `REVERSE_EXPIRE` for one older than seven days.
pub fn reverse(call: &Call<'_>, out_trade_no: &str) -> Result<Reply, Problem> {
    let mut fields = Fields::parse(call.body)?;
    let whose = Whose::in_body(call, &mut fields)?;
    let (name, sub_appid) = if call.is_partner() {
        ("sp_appid", fields.text("sub_appid", 32)?)
    } else {
        ("appid", None)
    };
    let appid = fields.required_text(name, 32)?;
    fields.finish()?;
    call.sandbox.with_world(|world, now| {
        let key = call.key(out_trade_no);
        let trade = world.ledger.trade(&key).filter(|trade| whose.owns(trade));
        let trade = trade.ok_or_else(Problem::order_not_exist)?;
        if trade.order.details.get("appid") != Some(&appid) {
            return Err(Problem::appid_mchid_not_match());
        }
        if trade.order.product != Product::Codepay.trade_type() {
            return Err(Problem::invalid_request(
                "只有付款码支付的订单可以撤销，请使用关闭订单或申请退款",
            ));
        }
        world.ledger.reverse(&key, now).map_err(refused)?;
        let answer = match (&whose.sub_mchid, sub_appid) {
            (None, _) => json!({
                "appid": appid, "mchid": call.mchid(), "out_trade_no": out_trade_no,
            }),
            (Some(sub_mchid), None) => json!({
                "sp_appid": appid, "sp_mchid": call.mchid(), "sub_mchid": sub_mchid,
                "out_trade_no": out_trade_no,
            }),
            (Some(sub_mchid), Some(sub_appid)) => json!({
                "sp_appid": appid, "sp_mchid": call.mchid(), "sub_mchid": sub_mchid,
                "sub_appid": sub_appid, "out_trade_no": out_trade_no,
            }),
        };
        Ok(Reply::Json(answer))
    })
}

fn refused(refused: ReverseRefused) -> Problem {
    match refused {
        ReverseRefused::NoTrade => Problem::order_not_exist(),
        ReverseRefused::TooOld => Problem::reverse_expired(),
        ReverseRefused::Refund(error) => {
            tracing::error!(%error, "a reversal could not be booked");
            Problem::system_error()
        }
    }
}

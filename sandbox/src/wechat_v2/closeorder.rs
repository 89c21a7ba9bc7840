//! `POST /pay/closeorder`: ends an unpaid order. Not for orders that were paid by code.

use chrono::TimeDelta;

use super::call::{Call, Reply};
use super::order::TradeType;
use super::refusal::Refusal;
use super::xml::Fields;
use crate::ledger::TradeState;
use crate::wechat::lifetime;

/// Closes the order.
///
/// # Errors
/// `LACK_PARAMS`, `PARAM_ERROR`, `ORDERNOTEXIST`, `ORDERPAID`, `ORDERCLOSED`;
/// `TRADE_STATE_ERROR` for an order that was refunded or is paid by code; `SYSTEMERROR` for a
/// young one, if that rule is switched on.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let out_trade_no = call.request().out_trade_no()?;
    let pause = TimeDelta::seconds(call.sandbox.wechat().switches.rules().close_after_seconds);
    call.sandbox.with_world(|world, now| {
        let key = call.key(&out_trade_no);
        let trade = lifetime::aged(world, &key, now)
            .filter(|trade| call.owns(trade))
            .ok_or_else(|| Refusal::of("ORDERNOTEXIST"))?;
        if trade.order.product == TradeType::Micropay.name() {
            let why = "当前交易不允许进行普通关单(只能撤销)";
            return Err(Refusal::business("TRADE_STATE_ERROR", why));
        }
        match trade.state {
            TradeState::Closed => return Err(Refusal::of("ORDERCLOSED")),
            TradeState::Paid | TradeState::Finished => return Err(Refusal::of("ORDERPAID")),
            TradeState::Refunded => return Err(Refusal::of("TRADE_STATE_ERROR")),
            TradeState::Waiting if now < trade.created_at + pause => {
                return Err(too_early());
            }
            TradeState::Waiting => {}
        }
        world.ledger.close(&key, now);
        Ok(Reply::Fields(Fields::from([(
            "result_msg".to_owned(),
            "OK".to_owned(),
        )])))
    })
}

/// What a close is told that comes within five minutes of the order.
pub fn too_early() -> Refusal {
    Refusal::business(
        "SYSTEMERROR",
        "订单生成后不能马上调用关单接口，最短调用时间间隔为5分钟",
    )
}

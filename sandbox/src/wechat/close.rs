//! `POST /v3/pay/transactions/out-trade-no/{}/close`: ends an unpaid order; re-entrant.

use chrono::TimeDelta;

use super::call::{Call, Reply};
use super::fields::Fields;
use super::lifetime;
use super::order::Product;
use super::problem::Problem;
use super::whose::Whose;
use crate::ledger::TradeState;

/// Closes the order. An order that is closed already is closed again, without complaint.
///
/// # Errors
/// 400 `PARAM_ERROR` for the body, 403 `NO_AUTH`, 400 `ORDERPAID`, 404 `ORDER_NOT_EXIST`; 400
/// `INVALID_REQUEST` for a barcode order, and while the rule `close_after_seconds` forbids it.
pub fn close(call: &Call<'_>, out_trade_no: &str) -> Result<Reply, Problem> {
    let mut fields = Fields::parse(call.body)?;
    let whose = Whose::in_body(call, &mut fields)?;
    fields.finish()?;
    let young = TimeDelta::seconds(call.sandbox.wechat().switches.rules().close_after_seconds);
    call.sandbox.with_world(|world, now| {
        let key = call.key(out_trade_no);
        let trade = lifetime::aged(world, &key, now).filter(|trade| whose.owns(trade));
        let trade = trade.ok_or_else(Problem::order_not_exist)?;
        if trade.order.product == Product::Codepay.trade_type() {
            return Err(Problem::reverse_only());
        }
        match trade.state {
            TradeState::Waiting if now < trade.created_at + young => Err(Problem::too_early()),
            TradeState::Waiting => {
                world.ledger.close(&key, now);
                Ok(Reply::NoContent)
            }
            TradeState::Closed => Ok(Reply::NoContent),
            TradeState::Paid | TradeState::Refunded | TradeState::Finished => {
                Err(Problem::order_paid())
            }
        }
    })
}

//! `POST /v3/pay/transactions/out-trade-no/{}/close`: ends an unpaid order; re-entrant.

use super::call::{Call, Reply};
use super::fields::Fields;
use super::lifetime;
use super::problem::Problem;
use crate::ledger::TradeState;

/// Closes the order. An order that is closed already is closed again, without complaint.
///
/// # Errors
/// 400 `PARAM_ERROR` for the body, 400 `ORDERPAID`, 404 `ORDER_NOT_EXIST`.
pub fn close(call: &Call<'_>, out_trade_no: &str) -> Result<Reply, Problem> {
    let mut fields = Fields::parse(call.body)?;
    let mchid = fields.required_text("mchid", 32)?;
    fields.finish()?;
    call.check_body_mchid(&mchid)?;
    call.sandbox.with_world(|world, now| {
        let key = call.key(out_trade_no);
        let trade = lifetime::aged(world, &key, now).ok_or_else(Problem::order_not_exist)?;
        match trade.state {
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

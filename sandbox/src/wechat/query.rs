//! `GET /v3/pay/transactions/out-trade-no/{}` and `/id/{}`: the state of one order.

use super::call::{Call, Reply};
use super::lifetime;
use super::problem::Problem;
use super::transaction::transaction;
use super::whose::Whose;
use crate::ledger::Channel;
use crate::server::Sandbox;

/// The order with the merchant's number.
///
/// # Errors
/// 400 `PARAM_ERROR` for the query, 403 `NO_AUTH`, 404 `ORDER_NOT_EXIST`.
pub fn by_out_trade_no(call: &Call<'_>, out_trade_no: &str) -> Result<Reply, Problem> {
    let whose = Whose::in_query(call)?;
    call.sandbox.with_world(|world, now| {
        let trade = lifetime::aged(world, &call.key(out_trade_no), now);
        let trade = trade.filter(|trade| whose.owns(trade));
        Ok(Reply::Json(transaction(
            trade.ok_or_else(Problem::order_not_exist)?,
        )))
    })
}

/// The order with WeChat Pay's number. Only paid orders have one that a merchant can know.
///
/// # Errors
/// 400 `PARAM_ERROR` for the query, 403 `NO_AUTH`, 404 `ORDER_NOT_EXIST`.
pub fn by_transaction_id(call: &Call<'_>, transaction_id: &str) -> Result<Reply, Problem> {
    let whose = Whose::in_query(call)?;
    call.sandbox.with_world(|world, _| {
        let trade = world
            .ledger
            .by_trade_no(Channel::Wechat, call.mchid(), transaction_id);
        let trade = trade.filter(|trade| trade.paid_at.is_some() && whose.owns(trade));
        Ok(Reply::Json(transaction(
            trade.ok_or_else(Problem::order_not_exist)?,
        )))
    })
}

/// The merchant's number of the order with this `transaction_id`, to match faults with.
pub fn number_of(sandbox: &Sandbox, transaction_id: &str) -> String {
    sandbox.read_world(|world| {
        let found = world
            .ledger
            .trades()
            .find(|trade| trade.trade_no == transaction_id);
        found
            .map(|trade| trade.order.key.out_trade_no.clone())
            .unwrap_or_default()
    })
}

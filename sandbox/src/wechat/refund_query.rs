//! `GET /v3/refund/domestic/refunds/{out_refund_no}`: the state of one refund.

use super::call::{Call, Reply};
use super::problem::{Location, Problem};
use super::refund_view::refund_view;
use super::settle;
use super::whose::Whose;
use crate::ledger::Channel;
use crate::server::Sandbox;

/// The refund with the merchant's number; in service-provider mode the query names the
/// `sub_mchid`.
///
/// # Errors
/// 404 `RESOURCE_NOT_EXISTS`, 403 `NO_AUTH`; 400 `PARAM_ERROR` for another query.
pub fn query(call: &Call<'_>, out_refund_no: &str) -> Result<Reply, Problem> {
    let mut parameters = call.query();
    let whose = Whose::of(call, parameters.remove("sub_mchid"))?;
    if !parameters.is_empty() {
        let issue = "查询参数应只有sub_mchid（服务商模式）";
        return Err(Problem::field("sub_mchid", Location::Url, issue));
    }
    let find = || {
        call.sandbox.with_world(|world, _| {
            let found = world
                .ledger
                .refund_numbered(Channel::Wechat, call.mchid(), out_refund_no)
                .filter(|refund| !refund.is_reversal())?;
            let trade = world.ledger.trade(&found.trade)?;
            whose.owns(trade).then(|| (trade.clone(), found.clone()))
        })
    };
    let not_found = || Problem::resource_not_exists("退款单不存在，请检查商户退款单号");
    let (_, refund) = find().ok_or_else(not_found)?;
    // A sandbox that was restarted meanwhile has nobody else who settles it.
    settle::settle_if_due(call.sandbox, &refund.trade, out_refund_no);
    let (trade, refund) = find().ok_or_else(not_found)?;
    Ok(Reply::Json(refund_view(&trade, &refund)))
}

/// The order's number of the refund with this number, to match faults with.
pub fn number_of(sandbox: &Sandbox, out_refund_no: &str) -> String {
    sandbox.read_world(|world| {
        let refunds = world.ledger.trades().flat_map(|trade| {
            let key = &trade.order.key;
            world
                .ledger
                .refund_of(key, out_refund_no)
                .filter(|_| key.channel == Channel::Wechat)
        });
        let mut numbers = refunds.map(|refund| refund.trade.out_trade_no.clone());
        numbers.next().unwrap_or_default()
    })
}

//! `POST /pay/refundquery`: the refunds of an order, or one of them.

use super::call::{Call, Reply};
use super::refund_view::listed;
use super::refusal::Refusal;
use super::xml::Fields;
use crate::ledger::{Channel, Refund, Trade};
use crate::server::World;
use crate::wechat::settle;

/// How many refunds one answer holds.
const PAGE: usize = 20;

/// The refunds by `refund_id`, `out_refund_no`, `transaction_id` or `out_trade_no`; the first
/// decides. Of more than twenty, those from `offset` on.
///
/// # Errors
/// `LACK_PARAMS`, `PARAM_ERROR`, `REFUNDNOTEXIST`.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let offset = offset(call)?;
    let (_, refunds) = call.sandbox.with_world(|world, _| find(call, world))?;
    for refund in refunds {
        // A sandbox that was restarted meanwhile has nobody else who settles it.
        settle::settle_if_due(call.sandbox, &refund.trade, &refund.out_refund_no);
    }
    let (trade, refunds) = call.sandbox.with_world(|world, _| find(call, world))?;
    Ok(Reply::Fields(view(&trade, &refunds, offset)))
}

fn offset(call: &Call<'_>) -> Result<usize, Refusal> {
    match call.request().given("offset") {
        None => Ok(0),
        Some(text) => text
            .parse()
            .map_err(|_| Refusal::field("offset", "应为非负整数")),
    }
}

fn find(call: &Call<'_>, world: &World) -> Result<(Trade, Vec<Refund>), Refusal> {
    let request = call.request();
    let ledger = &world.ledger;
    let absent = || Refusal::of("REFUNDNOTEXIST");
    let one = match (request.given("refund_id"), request.given("out_refund_no")) {
        (Some(id), _) => {
            let trades = ledger.trades().filter(|trade| {
                let key = &trade.order.key;
                key.channel == Channel::Wechat && key.account == call.mch_id()
            });
            let mut refunds = trades.flat_map(|trade| ledger.refunds_of(&trade.order.key));
            Some(refunds.find(|refund| refund.refund_id == id))
        }
        (None, Some(number)) => {
            Some(ledger.refund_numbered(Channel::Wechat, call.mch_id(), number))
        }
        (None, None) => None,
    };
    if let Some(found) = one {
        let refund = found
            .filter(|refund| !refund.is_reversal())
            .ok_or_else(absent)?;
        let trade = ledger
            .trade(&refund.trade)
            .filter(|trade| call.owns(trade))
            .ok_or_else(absent)?;
        return Ok((trade.clone(), vec![refund.clone()]));
    }
    let trade = call.find_trade(world).map_err(|refusal| match refusal {
        Refusal::Business {
            code: "ORDERNOTEXIST",
            ..
        } => absent(),
        refusal => refusal,
    })?;
    let refunds = ledger.refunds_of(&trade.order.key);
    let refunds: Vec<_> = refunds
        .filter(|refund| !refund.is_reversal())
        .cloned()
        .collect();
    if refunds.is_empty() {
        return Err(absent());
    }
    Ok((trade, refunds))
}

fn view(trade: &Trade, refunds: &[Refund], offset: usize) -> Fields {
    let page: Vec<_> = refunds.iter().skip(offset).take(PAGE).collect();
    let sum = refunds
        .iter()
        .fold(0_i64, |sum, refund| sum.saturating_add(refund.amount));
    let own = [
        ("transaction_id", trade.trade_no.clone()),
        ("out_trade_no", trade.order.key.out_trade_no.clone()),
        ("total_fee", trade.order.amount.to_string()),
        ("fee_type", "CNY".to_owned()),
        ("cash_fee", trade.order.amount.to_string()),
        ("refund_fee", sum.to_string()),
        ("refund_count", page.len().to_string()),
        ("total_refund_count", refunds.len().to_string()),
    ];
    let mut fields: Fields = own.map(|(name, value)| (name.to_owned(), value)).into();
    for (index, refund) in page.into_iter().enumerate() {
        fields.extend(listed(refund, index));
    }
    fields
}

//! `POST /pay/orderquery`: the state of one order.

use super::call::{Call, Reply};
use super::refusal::Refusal;
use super::trade_view::queried;
use crate::wechat::lifetime;

/// The order by `transaction_id` or `out_trade_no`; the first decides.
///
/// # Errors
/// `LACK_PARAMS`, `ORDERNOTEXIST`.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    call.sandbox.with_world(|world, now| {
        let key = call.find_trade(world)?.order.key;
        let trade = lifetime::aged(world, &key, now);
        let trade = trade.ok_or_else(|| Refusal::of("ORDERNOTEXIST"))?;
        Ok(Reply::Fields(queried(trade)))
    })
}

//! `POST /secapi/pay/reverse`, with the merchant's certificate: undoes a payment by code. An unpaid
//! order can no longer be paid, of a paid one everything goes back; done again it is done.

use super::call::{Call, Reply};
use super::order::TradeType;
use super::refusal::Refusal;
use super::xml::Fields;
use crate::ledger::ReverseRefused;

/// Reverses the order.
///
/// # Errors
/// All with `recall`, which says whether to call again: `LACK_PARAMS`, `ORDERNOTEXIST`,
/// `TRADE_ERROR` for an order that was not paid by code, `REVERSE_EXPIRE` after seven days.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    reverse(call).map_err(|refusal| refusal.with("recall", "N"))?;
    let recall = ("recall".to_owned(), "N".to_owned());
    Ok(Reply::Fields(Fields::from([recall])))
}

fn reverse(call: &Call<'_>) -> Result<(), Refusal> {
    call.sandbox.with_world(|world, now| {
        let trade = call.find_trade(world)?;
        if trade.order.product != TradeType::Micropay.name() {
            let why = "只有付款码支付的订单可以撤销，请使用关闭订单或申请退款";
            return Err(Refusal::business("TRADE_ERROR", why));
        }
        match world.ledger.reverse(&trade.order.key, now) {
            Ok(_) => Ok(()),
            Err(ReverseRefused::NoTrade) => Err(Refusal::of("ORDERNOTEXIST")),
            Err(ReverseRefused::TooOld) => Err(Refusal::of("REVERSE_EXPIRE")),
            Err(ReverseRefused::Refund(error)) => {
                tracing::error!(%error, "a reversal could not be booked");
                Err(Refusal::of("SYSTEMERROR"))
            }
        }
    })
}

//! The moment a trade begins to exist: the payer scans, signs in, or confirms.

use chrono::{DateTime, Utc};

use super::buyer;
use crate::ledger::{Order, Trade, TradeState};
use crate::payer::PayerError;
use crate::server::World;

/// Creates the trade of `order`, or finds the one that its number already has. One number is one
/// trade: an order that says something else is refused, and so is one whose trade is over.
pub(crate) fn create_trade(
    world: &mut World,
    order: &Order,
    now: DateTime<Utc>,
) -> Result<Trade, PayerError> {
    if let Some(trade) = world.ledger.trade(&order.key) {
        if !agrees(&trade.order, order) {
            let why = "ACQ.CONTEXT_INCONSISTENT 交易信息被篡改：同一商户订单号的金额或标题不一致";
            return Err(PayerError::Refused(why.to_owned()));
        }
        return match trade.state {
            TradeState::Waiting => Ok(trade.clone()),
            TradeState::Closed if trade.paid_at.is_none() => Err(PayerError::Over(
                "ACQ.TRADE_HAS_CLOSE 交易已经关闭".to_owned(),
            )),
            _ => Err(PayerError::Over(
                "ACQ.TRADE_HAS_SUCCESS 交易已被支付".to_owned(),
            )),
        };
    }
    if order.expiry.is_over(now) {
        return Err(PayerError::Over(
            "订单参数异常，请重新下单后再发起付款".to_owned(),
        ));
    }
    let order = buyer::named(world, order);
    Ok(world.ledger.open(&order, now))
}

/// Whether two orders with one number are the same order.
pub(super) fn agrees(one: &Order, other: &Order) -> bool {
    one.amount == other.amount
        && one.subject == other.subject
        && one.details.get("seller_id") == other.details.get("seller_id")
}

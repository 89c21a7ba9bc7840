//! `alipay.trade.create`: a trade for a payer who is known already. It exists at once.
//!
//! A page inside Alipay gives the `trade_no` to the wallet (`tradePay`), which asks for the
//! password.

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::call::Call;
use super::create::agrees;
use super::{buyer, order};
use crate::artefacts::{Artefact, ArtefactKind};
use crate::ledger::{Channel, Order, Trade, TradeState};
use crate::payer::{Opened, PayerError};
use crate::server::{Sandbox, World};

pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Answer, Answer> {
    let mut order = order::read(call, now)?;
    order.details.extend(buyer::read(&call.biz)?);
    if buyer::user_id(&order) == Some(call.seller_id()) {
        return Err(Answer::failed("ACQ.BUYER_SELLER_EQUAL", "买卖家不能相同"));
    }
    let jsapi = call.biz.text("product_code", 64)?.as_deref() == Some("JSAPI_PAY");
    if jsapi && call.biz.text("op_app_id", 32)?.is_none() {
        return Err(Answer::invalid_parameter("op_app_id 缺失"));
    }
    if let Some(trade) = world.ledger.trade(&order.key) {
        check_repeat(trade, &order)?;
    } else if order.expiry.is_over(now) {
        return Err(order::too_late());
    }
    let trade = world.ledger.open(&order, now);
    world.artefacts.hand_out(Artefact {
        code: trade.trade_no.clone(),
        kind: ArtefactKind::Trade,
        order: trade.order,
        created_at: now,
        expires_at: trade.expires_at,
        replaced: false,
    });
    Ok(Answer::success()
        .with("out_trade_no", order.key.out_trade_no)
        .with("trade_no", trade.trade_no))
}

/// The same number, payer and amount again is the same trade.
fn check_repeat(trade: &Trade, order: &Order) -> Result<(), Answer> {
    match trade.state {
        TradeState::Closed if trade.paid_at.is_none() => Err(order::closed()),
        TradeState::Waiting if !agrees(&trade.order, order) => Err(order::inconsistent()),
        TradeState::Waiting if !buyer::same(&trade.order, order) => Err(Answer::failed(
            "ACQ.TRADE_BUYER_NOT_MATCH",
            "交易买家不匹配",
        )),
        TradeState::Waiting => Ok(()),
        _ => Err(order::paid()),
    }
}

/// The wallet opens a trade that exists by Alipay's number, as `tradePay({tradeNO})` does.
pub(crate) fn open_trade(sandbox: &Sandbox, trade_no: &str) -> Result<Opened, PayerError> {
    sandbox.with_world(|world, _| {
        let artefact = world
            .artefacts
            .find(trade_no)
            .filter(|artefact| artefact.kind == ArtefactKind::Trade)
            .filter(|artefact| artefact.order.key.channel == Channel::Alipay)
            .ok_or_else(|| PayerError::Unknown(trade_no.to_owned()))?;
        let trade = world
            .ledger
            .trade(&artefact.order.key)
            .ok_or_else(|| PayerError::Unknown(trade_no.to_owned()))?;
        match trade.state {
            TradeState::Waiting => Ok(Opened::of(&artefact.order, trade_no)),
            TradeState::Closed if trade.paid_at.is_none() => Err(PayerError::Over(
                "ACQ.TRADE_HAS_CLOSE 交易已经关闭".to_owned(),
            )),
            _ => Err(PayerError::Over(
                "ACQ.TRADE_HAS_SUCCESS 交易已被支付".to_owned(),
            )),
        }
    })
}

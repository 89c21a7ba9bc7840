//! `alipay.trade.cancel`: makes an unknown payment of the last day undone, whichever it was.
//!
//! An unpaid trade is closed, a paid one given back. A number that nobody knows is answered
//! `10000` without `action`: nothing was undone, and a payment still under way may come after.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::answer::Answer;
use super::call::Call;
use super::{moment, order};
use crate::ledger::{NewRefund, Refund, RefundRefused, RefundState, Trade, TradeState};
use crate::server::World;

/// How long after its creation a trade can be cancelled.
const WINDOW: TimeDelta = TimeDelta::hours(24);

/// The answer, and the trade if money moved: then a notice is due.
pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<(Answer, Option<Trade>), Answer> {
    let Some(trade) = call.find_trade(world)?.cloned() else {
        return unknown(call).map(|answer| (answer, None));
    };
    match trade.state {
        TradeState::Closed if trade.paid_at.is_none() => {
            Ok((describe(&trade, "close", None), None))
        }
        TradeState::Closed => {
            let last = world.ledger.refunds_of(&trade.order.key).last();
            Ok((describe(&trade, "refund", last), None))
        }
        TradeState::Finished => Err(Answer::failed("ACQ.TRADE_HAS_FINISHED", "交易已完结")),
        _ if trade.created_at + WINDOW <= now => Err(Answer::failed(
            "ACQ.TRADE_CANCEL_TIME_OUT",
            "超过撤销时间范围",
        )),
        TradeState::Waiting => {
            world.ledger.close(&trade.order.key, now);
            Ok((describe(&trade, "close", None), None))
        }
        TradeState::Paid | TradeState::Refunded => give_back(world, &trade, now),
    }
}

/// By `out_trade_no`: `10000` without `action`. By `trade_no`: a no.
fn unknown(call: &Call) -> Result<Answer, Answer> {
    if call.biz.text("trade_no", 64)?.is_some() {
        return Err(Answer::no_trade());
    }
    Ok(Answer::success()
        .with_some("out_trade_no", order::out_trade_no(&call.biz)?)
        .with("retry_flag", "N"))
}

/// All that was not given back before, as a refund that has no number of its own.
fn give_back(
    world: &mut World,
    trade: &Trade,
    now: DateTime<Utc>,
) -> Result<(Answer, Option<Trade>), Answer> {
    let key = &trade.order.key;
    let amount = trade.order.amount - world.ledger.refunded(key);
    let refund = |number: &str| NewRefund {
        trade: key.clone(),
        out_refund_no: number.to_owned(),
        amount,
        reason: None,
        notify_url: None,
        state: RefundState::Success,
        details: BTreeMap::new(),
    };
    let done = match world.ledger.refund(refund(&key.out_trade_no), now) {
        Err(RefundRefused::NumberUsed) => world.ledger.refund(refund(&trade.trade_no), now),
        done => done,
    };
    let done = done.map_err(|_| Answer::failed("ACQ.CANCEL_NOT_ALLOWED", "不允许撤销"))?;
    let answer = describe(trade, "refund", Some(&done));
    Ok((answer, world.ledger.trade(key).cloned()))
}

fn describe(trade: &Trade, action: &'static str, refund: Option<&Refund>) -> Answer {
    Answer::success()
        .with("trade_no", trade.trade_no.clone())
        .with("out_trade_no", trade.order.key.out_trade_no.clone())
        .with("retry_flag", "N")
        .with("action", action)
        .with_some(
            "gmt_refund_pay",
            refund.map(|refund| moment::text(refund.created_at)),
        )
}

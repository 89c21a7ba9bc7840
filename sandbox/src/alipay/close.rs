//! `alipay.trade.close`: ends a trade that exists and is unpaid.
//!
//! Before the payer scanned or signed in there is no trade: the answer is `TRADE_NOT_EXIST`, and
//! what was handed out can still be paid.

use chrono::{DateTime, Utc};

use super::answer::Answer;
use super::call::Call;
use crate::ledger::TradeState;
use crate::server::World;

pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<Answer, Answer> {
    let Some(trade) = call.find_trade(world)?.cloned() else {
        return Err(Answer::no_trade());
    };
    let out_trade_no = trade.order.key.out_trade_no.clone();
    if trade.state != TradeState::Waiting {
        return Err(Answer::failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")
            .with("out_trade_no", out_trade_no)
            .with("trade_no", trade.trade_no));
    }
    world.ledger.close(&trade.order.key, now);
    Ok(Answer::success()
        .with("out_trade_no", out_trade_no)
        .with("trade_no", trade.trade_no))
}

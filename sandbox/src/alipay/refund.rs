//! `alipay.trade.refund`: gives back a part or all of a paid trade.
//!
//! `refund_fee` is what the trade has given back in all; `fund_change` tells whether this call
//! moved money. One `out_request_no` is one refund, however often it is asked for.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};

use super::amount::yuan;
use super::answer::Answer;
use super::call::Call;
use super::{buyer, moment};
use crate::ledger::{NewRefund, Refund, RefundRefused, RefundState, Trade, TradeState};
use crate::server::World;

/// The answer, and the trade if money moved: then a notice is due.
pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<(Answer, Option<Trade>), Answer> {
    let amount = call.biz.amount("refund_amount")?;
    let reason = call.biz.text("refund_reason", 256)?;
    let given_number = call.biz.text("out_request_no", 64)?;
    let trade = call
        .find_trade(world)?
        .cloned()
        .ok_or_else(Answer::no_trade)?;
    let key = &trade.order.key;
    let number = given_number
        .clone()
        .unwrap_or_else(|| key.out_trade_no.clone());
    if let Some(former) = world.ledger.refund_of(key, &number) {
        if former.amount != amount {
            let sub_msg = "请求信息不一致：同一退款请求号的金额不同";
            return Err(Answer::failed("ACQ.DISCORDANT_REPEAT_REQUEST", sub_msg));
        }
        return Ok((
            describe(call, &trade, former, world.ledger.refunded(key), "N"),
            None,
        ));
    }
    check_state(&trade)?;
    if given_number.is_none() && amount != trade.order.amount {
        let sub_msg = "撤销或退款金额与订单金额不一致";
        return Err(Answer::failed("ACQ.REFUND_AMT_NOT_EQUAL_TOTAL", sub_msg)
            .with("refund_fee", "0.00")
            .with("send_back_fee", "0.00"));
    }
    let new = NewRefund {
        trade: key.clone(),
        out_refund_no: number,
        amount,
        reason,
        notify_url: None,
        state: RefundState::Success,
        details: BTreeMap::new(),
    };
    let refund = world.ledger.refund(new, now).map_err(refused)?;
    let answer = describe(call, &trade, &refund, world.ledger.refunded(key), "Y");
    Ok((answer, world.ledger.trade(key).cloned()))
}

fn check_state(trade: &Trade) -> Result<(), Answer> {
    match trade.state {
        TradeState::Paid | TradeState::Refunded => Ok(()),
        TradeState::Waiting => Err(Answer::failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法")),
        TradeState::Closed => Err(Answer::failed("ACQ.TRADE_HAS_CLOSE", "交易已经关闭")),
        TradeState::Finished => Err(Answer::failed("ACQ.TRADE_HAS_FINISHED", "交易已经结束")),
    }
}

fn refused(why: RefundRefused) -> Answer {
    match why {
        RefundRefused::OverRemainder => {
            Answer::failed("ACQ.REASON_TRADE_REFUND_FEE_ERR", "退款金额无效")
        }
        RefundRefused::NoTrade => Answer::no_trade(),
        RefundRefused::State(_) => Answer::failed("ACQ.TRADE_STATUS_ERROR", "交易状态不合法"),
        RefundRefused::NumberUsed => {
            Answer::failed("ACQ.DISCORDANT_REPEAT_REQUEST", "请求信息不一致")
        }
    }
}

/// `send_back_fee` is truthful only for those who ask for it.
fn describe(call: &Call, trade: &Trade, refund: &Refund, sum: i64, change: &'static str) -> Answer {
    let asked = call.biz.lists("query_options", "refund_detail_item_list");
    let sent_back = if asked && change == "Y" {
        refund.amount
    } else {
        0
    };
    let answer = Answer::success()
        .with("trade_no", trade.trade_no.clone())
        .with("out_trade_no", trade.order.key.out_trade_no.clone());
    buyer::describe(answer, &trade.order)
        .with("fund_change", change)
        .with("refund_fee", yuan(sum))
        .with("send_back_fee", yuan(sent_back))
        .with("gmt_refund_pay", moment::text(refund.created_at))
}

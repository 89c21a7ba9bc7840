//! `alipay.trade.query`: what a trade is now.

use serde_json::json;

use super::amount::yuan;
use super::answer::Answer;
use super::call::Call;
use super::{buyer, moment};
use crate::ledger::Trade;
use crate::server::World;

pub(super) fn carry_out(world: &World, call: &Call) -> Result<Answer, Answer> {
    match call.find_trade(world)? {
        Some(trade) => Ok(describe(trade)),
        None => Err(not_existing(call)),
    }
}

/// Paid amounts stay what they were after a refund: the answer holds no refund total.
fn describe(trade: &Trade) -> Answer {
    let paid = yuan(if trade.paid_at.is_some() {
        trade.order.amount
    } else {
        0
    });
    let funds = trade
        .paid_at
        .map(|_| json!([{"amount": paid, "fund_channel": "ALIPAYACCOUNT"}]));
    let answer = Answer::success()
        .with("trade_no", trade.trade_no.clone())
        .with("out_trade_no", trade.order.key.out_trade_no.clone())
        .with("trade_status", trade.state_name())
        .with("total_amount", yuan(trade.order.amount));
    buyer::describe(answer, &trade.order)
        .with("buyer_user_type", "PRIVATE")
        .with("receipt_amount", paid.clone())
        .with("buyer_pay_amount", paid.clone())
        .with("invoice_amount", paid)
        .with("point_amount", "0.00")
        .with("subject", trade.order.subject.clone())
        .with_some("body", trade.order.details.get("body").cloned())
        .with_some("passback_params", trade.order.attach.clone())
        .with_some("send_pay_date", trade.paid_at.map(moment::text))
        .with_some("fund_bill_list", funds)
}

/// The signed no of a real capture: with the number's echo and zero amounts.
fn not_existing(call: &Call) -> Answer {
    Answer::no_trade()
        .with("buyer_pay_amount", "0.00")
        .with("invoice_amount", "0.00")
        .with_some(
            "out_trade_no",
            call.biz.text("out_trade_no", 64).ok().flatten(),
        )
        .with("point_amount", "0.00")
        .with("receipt_amount", "0.00")
}

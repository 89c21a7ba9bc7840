//! `alipay.trade.fastpay.refund.query`: what became of one refund.

use super::amount::yuan;
use super::answer::Answer;
use super::call::Call;
use super::moment;
use crate::server::World;

/// A number that the trade does not know gives `10000` without any refund member.
pub(super) fn carry_out(world: &World, call: &Call) -> Result<Answer, Answer> {
    let number = call.biz.required("out_request_no", 64)?;
    let trade = call.find_trade(world)?.ok_or_else(Answer::no_trade)?;
    let answer = Answer::success()
        .with("trade_no", trade.trade_no.clone())
        .with("out_trade_no", trade.order.key.out_trade_no.clone());
    let Some(refund) = world.ledger.refund_of(&trade.order.key, &number) else {
        return Ok(answer);
    };
    let time = call
        .biz
        .lists("query_options", "gmt_refund_pay")
        .then(|| moment::text(refund.created_at));
    Ok(answer
        .with("out_request_no", refund.out_refund_no.clone())
        .with("refund_status", refund.state_name())
        .with("refund_amount", yuan(refund.amount))
        .with("total_amount", yuan(trade.order.amount))
        .with_some("refund_reason", refund.reason.clone())
        .with_some("gmt_refund_pay", time))
}

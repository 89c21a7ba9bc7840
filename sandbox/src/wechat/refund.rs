//! `POST /v3/refund/domestic/refunds`: accepts a refund, which is `PROCESSING` until it settles.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::Value;

use super::call::{Call, Reply};
use super::problem::Problem;
use super::refund_request::RefundRequest;
use super::refund_view::refund_view;
use super::settle;
use super::switches::Rules;
use super::whose::Whose;
use crate::ledger::{
    Channel, NewRefund, Refund, RefundRefused, RefundState, Scan, Trade, TradeState,
};
use crate::server::World;

/// How long after its payment an order can be refunded.
const REFUNDABLE: TimeDelta = TimeDelta::days(365);

/// How many refunds one order can have.
const PARTS: usize = 50;

/// Accepts the refund of the call's body. The same request again is the same refund.
///
/// # Errors
/// 400 `PARAM_ERROR` for the body; 404 `RESOURCE_NOT_EXISTS`; 400 `INVALID_REQUEST` for an unpaid
/// order, another total, more than is left, too many parts, or a number that was used with other
/// parameters; 429 `FREQUENCY_LIMITED` too soon after the last refund of the order.
pub fn refund(call: &Call<'_>) -> Result<Reply, Problem> {
    let request = RefundRequest::parse(call.body)?;
    let whose = Whose::of(call, request.sub_mchid.clone())?;
    let rules = call.sandbox.wechat().switches.rules();
    let (trade, refund, is_new) = call.sandbox.with_world(|world, now| {
        let trade = find_trade(world, call, &request)?;
        if !whose.owns(&trade) {
            return Err(Problem::resource_not_exists("订单不存在，请检查订单号"));
        }
        if let Some(known) = known_refund(world, call, &request)? {
            return Ok((trade, known, false));
        }
        check(world, &trade, &request, rules, now)?;
        let refund = accept(world, &trade, request, now)?;
        Ok::<_, Problem>((trade, refund, true))
    })?;
    if is_new {
        settle::schedule(call.sandbox, &refund);
    }
    Ok(Reply::Json(refund_view(&trade, &refund)))
}

fn find_trade(world: &World, call: &Call<'_>, request: &RefundRequest) -> Result<Trade, Problem> {
    let by_id = |id: &String| world.ledger.by_trade_no(Channel::Wechat, call.mchid(), id);
    let by_number = |number: &String| world.ledger.trade(&call.key(number));
    let trade = match (&request.transaction_id, &request.out_trade_no) {
        (Some(id), Some(number)) => {
            by_id(id).filter(|trade| trade.order.key.out_trade_no == *number)
        }
        (Some(id), None) => by_id(id),
        (None, Some(number)) => by_number(number),
        (None, None) => None,
    };
    trade
        .cloned()
        .ok_or_else(|| Problem::resource_not_exists("订单不存在，请检查订单号"))
}

/// The refund that already has this number, if its parameters are the same.
fn known_refund(
    world: &World,
    call: &Call<'_>,
    request: &RefundRequest,
) -> Result<Option<Refund>, Problem> {
    let number = &request.out_refund_no;
    let Some(known) = world
        .ledger
        .refund_numbered(Channel::Wechat, call.mchid(), number)
    else {
        return Ok(None);
    };
    let first = known
        .details
        .get("content")
        .map(String::as_str)
        .unwrap_or_default();
    let first: Value = serde_json::from_str(first).unwrap_or_default();
    if first == request.content {
        return Ok(Some(known.clone()));
    }
    Err(Problem::invalid_request(
        "订单金额或退款金额与之前请求不一致，请核实后再试：the same out_refund_no takes the same parameters",
    ))
}

fn check(
    world: &World,
    trade: &Trade,
    request: &RefundRequest,
    rules: Rules,
    now: DateTime<Utc>,
) -> Result<(), Problem> {
    let paid_at = match trade.state {
        _ if trade.scan == Some(Scan::Reversed) => {
            return Err(Problem::invalid_request("订单已撤销，不能退款"));
        }
        TradeState::Paid | TradeState::Refunded => trade.paid_at,
        TradeState::Waiting | TradeState::Closed | TradeState::Finished => None,
    };
    let Some(paid_at) = paid_at else {
        return Err(Problem::invalid_request("订单未支付，不能退款"));
    };
    if now >= paid_at + REFUNDABLE {
        return Err(Problem::invalid_request(
            "订单已超过可退款的最大期限（支付后1年）",
        ));
    }
    if request.total != trade.order.amount {
        return Err(Problem::invalid_request("订单金额与下单时不一致"));
    }
    if trade.refunds.len() >= PARTS {
        return Err(Problem::invalid_request("一笔订单最多支持50次部分退款"));
    }
    let pause = TimeDelta::seconds(rules.refund_interval_seconds);
    let last = world.ledger.refunds_of(&trade.order.key).last();
    if last.is_some_and(|last| now < last.created_at + pause) {
        return Err(Problem::frequency_limited(
            "同一笔订单的两次退款间隔至少1分钟，本次退款未受理，请稍后用原参数重试",
        ));
    }
    Ok(())
}

fn accept(
    world: &mut World,
    trade: &Trade,
    request: RefundRequest,
    now: DateTime<Utc>,
) -> Result<Refund, Problem> {
    let funds_account = request
        .funds_account
        .unwrap_or_else(|| "AVAILABLE".to_owned());
    let details = BTreeMap::from([
        ("content".to_owned(), request.content.to_string()),
        ("funds_account".to_owned(), funds_account),
    ]);
    let new = NewRefund {
        trade: trade.order.key.clone(),
        out_refund_no: request.out_refund_no,
        amount: request.refund,
        reason: request.reason,
        notify_url: request.notify_url,
        state: RefundState::Processing,
        details,
    };
    world
        .ledger
        .refund(new, now)
        .map_err(|refused| match refused {
            RefundRefused::OverRemainder => {
                Problem::invalid_request("申请退款金额超过订单剩余可退金额")
            }
            RefundRefused::NoTrade => Problem::resource_not_exists("订单不存在，请检查订单号"),
            RefundRefused::State(_) => Problem::invalid_request("订单状态不允许退款"),
            RefundRefused::NumberUsed => Problem::invalid_request("商户退款单号重复"),
        })
}

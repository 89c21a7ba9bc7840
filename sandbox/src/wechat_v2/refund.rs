//! `POST /secapi/pay/refund`, with the merchant's certificate: accepts a refund, which is
//! `PROCESSING` until it settles.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::PROTOCOL;
use super::call::{Call, Reply};
use super::refund_view::accepted;
use super::refusal::Refusal;
use crate::ledger::{Channel, NewRefund, Refund, RefundRefused, RefundState, Scan, Trade};
use crate::server::World;
use crate::wechat::{notify_url, settle};

/// How long after its payment an order can be refunded.
const REFUNDABLE: TimeDelta = TimeDelta::days(365);

/// How many refunds one order can have.
const PARTS: usize = 50;

/// A refund as the merchant asked for it, checked.
struct Wanted {
    out_refund_no: String,
    total_fee: i64,
    refund_fee: i64,
    refund_desc: Option<String>,
    notify_url: Option<String>,
    content: String,
}

impl Wanted {
    fn read(call: &Call<'_>) -> Result<Self, Refusal> {
        let request = call.request();
        let own_url = request.text("notify_url", 256)?;
        if let Some(issue) = own_url.as_deref().and_then(notify_url::issue) {
            return Err(Refusal::field("notify_url", issue));
        }
        request.choice("refund_fee_type", &["CNY"])?;
        let sources = [
            "REFUND_SOURCE_UNSETTLED_FUNDS",
            "REFUND_SOURCE_RECHARGE_FUNDS",
        ];
        request.choice("refund_account", &sources)?;
        Ok(Self {
            out_refund_no: request.number("out_refund_no", (1, 64), b"_-|*@")?,
            total_fee: request.fen("total_fee")?,
            refund_fee: request.fen("refund_fee")?,
            refund_desc: request.text("refund_desc", 80)?,
            notify_url: own_url.or_else(|| call.account.merchant.refund_notify_url.clone()),
            content: request.content(),
        })
    }
}

/// Accepts the refund. The same request again is the same refund.
///
/// # Errors
/// `LACK_PARAMS`, `PARAM_ERROR`, `ORDERNOTEXIST`, `TRADE_OVERDUE`; `FREQUENCY_LIMITED` too soon
/// after the last refund of the order; `ERROR` for an unpaid order, another total, more than is
/// left, too many parts, or a number that was used with other parameters.
pub fn carry_out(call: &Call<'_>) -> Result<Reply, Refusal> {
    let wanted = Wanted::read(call)?;
    let pause = TimeDelta::seconds(
        call.sandbox
            .wechat()
            .switches
            .rules()
            .refund_interval_seconds,
    );
    let (trade, refund, is_new) = call.sandbox.with_world(|world, now| {
        let trade = call.find_trade(world)?;
        if let Some(known) = known_refund(world, call, &wanted)? {
            return Ok((trade, known, false));
        }
        check(world, &trade, &wanted, pause, now)?;
        let refund = accept(world, &trade, wanted, now)?;
        Ok::<_, Refusal>((trade, refund, true))
    })?;
    if is_new {
        settle::schedule(call.sandbox, &refund);
    }
    Ok(Reply::Fields(accepted(&trade, &refund)))
}

/// The refund that already has this number, if its parameters are the same.
fn known_refund(
    world: &World,
    call: &Call<'_>,
    wanted: &Wanted,
) -> Result<Option<Refund>, Refusal> {
    let known = world
        .ledger
        .refund_numbered(Channel::Wechat, call.mch_id(), &wanted.out_refund_no);
    match known {
        None => Ok(None),
        Some(known) if known.details.get("content") == Some(&wanted.content) => {
            Ok(Some(known.clone()))
        }
        Some(_) => Err(error("订单金额或退款金额与之前请求不一致，请核实后再试")),
    }
}

fn check(
    world: &World,
    trade: &Trade,
    wanted: &Wanted,
    pause: TimeDelta,
    now: DateTime<Utc>,
) -> Result<(), Refusal> {
    let Some(paid_at) = trade.paid_at else {
        return Err(error("订单未支付，不能退款"));
    };
    if trade.scan == Some(Scan::Reversed) {
        return Err(error("订单已撤销，不能退款"));
    }
    if now >= paid_at + REFUNDABLE {
        return Err(Refusal::of("TRADE_OVERDUE"));
    }
    if wanted.total_fee != trade.order.amount {
        return Err(error("订单金额与下单时不一致"));
    }
    if trade.refunds.len() >= PARTS {
        return Err(error("一笔订单最多支持50次部分退款"));
    }
    let last = world.ledger.refunds_of(&trade.order.key).last();
    if last.is_some_and(|last| now < last.created_at + pause) {
        return Err(Refusal::of("FREQUENCY_LIMITED"));
    }
    Ok(())
}

fn accept(
    world: &mut World,
    trade: &Trade,
    wanted: Wanted,
    now: DateTime<Utc>,
) -> Result<Refund, Refusal> {
    let details = BTreeMap::from([
        ("protocol".to_owned(), PROTOCOL.to_owned()),
        ("content".to_owned(), wanted.content),
    ]);
    let new = NewRefund {
        trade: trade.order.key.clone(),
        out_refund_no: wanted.out_refund_no,
        amount: wanted.refund_fee,
        reason: wanted.refund_desc,
        notify_url: wanted.notify_url,
        state: RefundState::Processing,
        details,
    };
    world
        .ledger
        .refund(new, now)
        .map_err(|refused| match refused {
            RefundRefused::OverRemainder => error("累计退款金额大于支付金额"),
            RefundRefused::NoTrade => Refusal::of("ORDERNOTEXIST"),
            RefundRefused::State(_) => error("订单状态不允许退款"),
            RefundRefused::NumberUsed => error("商户退款单号重复"),
        })
}

/// A refusal whose reason is in its sentence alone.
fn error(description: &str) -> Refusal {
    Refusal::business("ERROR", description)
}

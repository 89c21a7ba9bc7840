//! `alipay.trade.pay`: the merchant scans the payer's code. The trade exists at once.
//!
//! What the payer's wallet decided when it showed the code is what comes of it: paid, waiting for
//! the password (`10003`), refused, or unknown (`20000`) while the trade waits. A refused payment
//! leaves no trade.

use chrono::{DateTime, Utc};
use serde_json::json;

use super::amount::yuan;
use super::answer::Answer;
use super::biz::Biz;
use super::call::Call;
use super::create::agrees;
use super::{buyer, moment, order};
use crate::artefacts::{Artefact, ArtefactKind};
use crate::barcode::Behaviour;
use crate::ledger::{Channel, Order, Trade, TradeState};
use crate::server::World;

/// The answer, and the trade if money moved: then a notice is due.
pub(super) fn carry_out(
    world: &mut World,
    call: &Call,
    now: DateTime<Utc>,
) -> Result<(Answer, Option<Trade>), Answer> {
    let mut order = order::read(call, now)?;
    let auth_code = read_code(&call.biz)?;
    order
        .details
        .insert("auth_code".to_owned(), auth_code.clone());
    check_number(world, &order, &auth_code)?;
    if order.expiry.is_over(now) {
        return Err(order::too_late());
    }
    let order = buyer::named(world, &order);
    let behaviour = world
        .barcodes
        .take(&auth_code, Channel::Alipay, now)
        .map_err(|_| code_invalid())?;
    match behaviour {
        Behaviour::Refuse => Err(Answer::failed(
            "ACQ.BUYER_BALANCE_NOT_ENOUGH",
            "买家余额不足",
        )),
        Behaviour::Pay => {
            let trade = world.ledger.open(&order, now);
            let paid = world.ledger.pay(&order.key, now).unwrap_or(trade);
            Ok((describe(Answer::success(), &paid), Some(paid)))
        }
        Behaviour::AskPassword => {
            let trade = wait(world, order, now);
            Ok((describe(Answer::in_process(), &trade), None))
        }
        Behaviour::Silent => {
            wait(world, order, now);
            Err(Answer::unknown())
        }
    }
}

/// `scene` and the code: 16 to 24 digits that begin with 25 to 30.
fn read_code(biz: &Biz) -> Result<String, Answer> {
    match biz.required("scene", 32)?.as_str() {
        "bar_code" => {}
        other => {
            return Err(Answer::invalid_parameter(&format!(
                "scene {other}：此沙箱只支持 bar_code"
            )));
        }
    }
    let code = biz.required("auth_code", 64)?;
    let prefix = code
        .get(..2)
        .and_then(|prefix| prefix.parse::<u8>().ok())
        .unwrap_or_default();
    let good = (16..=24).contains(&code.len())
        && code.bytes().all(|b| b.is_ascii_digit())
        && (25..=30).contains(&prefix);
    if good { Ok(code) } else { Err(code_invalid()) }
}

/// A number that was used: the code that paid it is used up whatever became of it; another code
/// may go on with a trade that waits.
fn check_number(world: &World, order: &Order, auth_code: &str) -> Result<(), Answer> {
    let Some(trade) = world.ledger.trade(&order.key) else {
        return Ok(());
    };
    let same_code = trade
        .order
        .details
        .get("auth_code")
        .is_some_and(|code| code == auth_code);
    if same_code {
        return Err(code_invalid());
    }
    match trade.state {
        TradeState::Closed if trade.paid_at.is_none() => Err(order::closed()),
        TradeState::Waiting if agrees(&trade.order, order) => Ok(()),
        TradeState::Waiting => Err(order::inconsistent()),
        _ => Err(order::paid()),
    }
}

/// The trade exists, and the wallet shows it until its payer confirms.
fn wait(world: &mut World, order: Order, now: DateTime<Utc>) -> Trade {
    let trade = world.ledger.open(&order, now);
    world.artefacts.hand_out(Artefact {
        code: trade.trade_no.clone(),
        kind: ArtefactKind::Trade,
        order,
        created_at: now,
        expires_at: trade.expires_at,
        replaced: false,
    });
    trade
}

fn describe(answer: Answer, trade: &Trade) -> Answer {
    let order = &trade.order;
    let paid = yuan(if trade.paid_at.is_some() {
        order.amount
    } else {
        0
    });
    let funds = trade
        .paid_at
        .map(|_| json!([{"amount": paid, "fund_channel": "ALIPAYACCOUNT"}]));
    buyer::describe(answer, order)
        .with("trade_no", trade.trade_no.clone())
        .with("out_trade_no", order.key.out_trade_no.clone())
        .with("total_amount", yuan(order.amount))
        .with("receipt_amount", paid.clone())
        .with("buyer_pay_amount", paid.clone())
        .with("invoice_amount", paid)
        .with("point_amount", "0.00")
        .with_some("gmt_payment", trade.paid_at.map(moment::text))
        .with_some("fund_bill_list", funds)
}

fn code_invalid() -> Answer {
    Answer::failed("ACQ.PAYMENT_AUTH_CODE_INVALID", "支付授权码无效")
}

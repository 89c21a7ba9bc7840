//! `POST /v3/pay/transactions/codepay`: the merchant scans the payer's payment code. The answer is
//! the payment itself; no notice is ever sent.
//!
//! The documents' table of business errors for this call is not known. What is wrong with a code
//! is told in APIv2's words for it.

use chrono::{DateTime, Utc};

use super::call::{Call, Reply};
use super::lifetime;
use super::order::{Order, Product};
use super::place::{check_payee, details, same_parameters};
use super::problem::Problem;
use super::transaction::transaction;
use crate::barcode::{Behaviour, CodeRefused};
use crate::ledger::{self, Channel, Expiry, Scan, Trade, TradeKey, TradeState};
use crate::server::World;

/// Charges the code of the call's body.
///
/// # Errors
/// 202 `USERPAYING` while the wallet asks for the password; 500 `SYSTEM_ERROR` when the channel
/// does not know (the trade waits); 403 `NOTENOUGH`, and the order is `PAYERROR`; 400 for a code
/// that cannot be used, and there is no order; for a number that is in use what it is now, or
/// `INVALID_REQUEST` when the parameters differ.
pub fn codepay(call: &Call<'_>) -> Result<Reply, Problem> {
    let order = Order::parse(Product::Codepay, call.is_partner(), call.body)?;
    check_payee(call, &order.payee)?;
    let auth_code = order.auth_code.clone().unwrap_or_default();
    check_form(&auth_code)?;
    call.sandbox.with_world(|world, now| {
        let key = call.key(&order.out_trade_no);
        if let Some(trade) = lifetime::aged(world, &key, now) {
            return repeated(trade, &order);
        }
        let behaviour = world
            .barcodes
            .take(&auth_code, Channel::Wechat, now)
            .map_err(unusable)?;
        world
            .ledger
            .open(&ledger_order(&order, key.clone(), now), now);
        charge(world, &key, behaviour, now)
    })
}

/// 18 digits that begin with 10 to 15.
fn check_form(auth_code: &str) -> Result<(), Problem> {
    let ours = matches!(
        auth_code.get(..2),
        Some("10" | "11" | "12" | "13" | "14" | "15")
    );
    let digits = auth_code.len() == 18 && auth_code.bytes().all(|byte| byte.is_ascii_digit());
    match (digits, ours) {
        (true, true) => Ok(()),
        (true, false) => Err(Problem::auth_code_invalid("请扫描微信支付被扫条码/二维码")),
        (false, _) => Err(Problem::auth_code_error()),
    }
}

fn unusable(refused: CodeRefused) -> Problem {
    match refused {
        CodeRefused::Unknown => Problem::auth_code_invalid("请扫描微信支付授权码"),
        CodeRefused::Expired => Problem::auth_code_expired(),
        CodeRefused::Used => Problem::auth_code_invalid("付款码已被使用，请刷新付款码后重新收款"),
    }
}

/// The number is in use: the same parameters are answered by what the order is now.
fn repeated(trade: &Trade, order: &Order) -> Result<Reply, Problem> {
    if !same_parameters(trade, Product::Codepay, order) {
        return Err(Problem::differs_on_reentry());
    }
    match (trade.state, trade.scan) {
        (_, Some(Scan::Reversed)) => Err(Problem::order_reversed()),
        (TradeState::Waiting, Some(Scan::Failed)) => Err(Problem::trade_error()),
        (TradeState::Waiting, _) => Err(Problem::user_paying()),
        (TradeState::Closed, _) => Err(Problem::order_closed()),
        (TradeState::Paid | TradeState::Refunded | TradeState::Finished, _) => {
            Err(Problem::order_paid())
        }
    }
}

fn ledger_order(order: &Order, key: TradeKey, now: DateTime<Utc>) -> ledger::Order {
    ledger::Order {
        key,
        amount: order.total,
        subject: order.description.clone(),
        product: Product::Codepay.trade_type().to_owned(),
        notify_url: None,
        return_url: None,
        attach: order.attach.clone(),
        expiry: Expiry::At(now + lifetime::UNPAID),
        details: details(order),
    }
}

fn charge(
    world: &mut World,
    key: &TradeKey,
    behaviour: Behaviour,
    now: DateTime<Utc>,
) -> Result<Reply, Problem> {
    match behaviour {
        Behaviour::Pay => match world.ledger.pay(key, now) {
            Ok(trade) => Ok(Reply::Json(transaction(&trade))),
            Err(_) => Err(Problem::system_error()),
        },
        Behaviour::AskPassword => {
            world.ledger.ask_password(key);
            Err(Problem::user_paying())
        }
        Behaviour::Silent => {
            world.ledger.ask_password(key);
            Err(Problem::system_error())
        }
        Behaviour::Refuse => {
            world.ledger.fail_scan(key);
            Err(Problem::not_enough())
        }
    }
}

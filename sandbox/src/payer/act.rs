//! What the payer does with an open order: pay, or walk away.

use chrono::{DateTime, Utc};
use serde::Serialize;

use super::PayerError;
use crate::alipay;
use crate::artefacts::ArtefactKind;
use crate::ledger::{Channel, Order, PayRefused, Scan, Trade, TradeKey, TradeView};
use crate::notice::{self, NoticeKind};
use crate::server::{Sandbox, World};

/// What became of the trade.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Acted {
    /// The trade now; absent while it does not exist at the channel.
    pub trade: Option<TradeView>,
    /// Where the channel sends the payer's browser now, signed.
    pub return_url: Option<String>,
}

/// The payer confirms the payment. The channel then sends its notice.
pub fn pay(
    sandbox: &Sandbox,
    out_trade_no: &str,
    account: Option<&str>,
) -> Result<Acted, PayerError> {
    let paid = sandbox.with_world(|world, now| {
        let order = resolve(world, out_trade_no, account, Reach::Opened)?;
        open_if_due(world, &order, now)?;
        Ok::<_, PayerError>(world.ledger.pay(&order.key, now)?)
    })?;
    Ok(after_payment(sandbox, &paid))
}

/// Money arrives whatever the state says: after a close, after the expiry, or for something that
/// the wallet never opened.
pub fn force_pay(
    sandbox: &Sandbox,
    out_trade_no: &str,
    account: Option<&str>,
) -> Result<Acted, PayerError> {
    let paid = sandbox.with_world(|world, now| {
        let order = resolve(world, out_trade_no, account, Reach::HandedOut)?;
        world.ledger.open(&order, now);
        Ok::<_, PayerError>(world.ledger.force_pay(&order.key, now)?)
    })?;
    Ok(after_payment(sandbox, &paid))
}

/// The payer leaves the cashier. Nothing changes at the channel: the order stays payable, unless
/// WeChat's wallet was asking for the password of a barcode payment, which then fails.
pub fn cancel(
    sandbox: &Sandbox,
    out_trade_no: &str,
    account: Option<&str>,
) -> Result<Acted, PayerError> {
    sandbox.with_world(|world, _| {
        let order = resolve(world, out_trade_no, account, Reach::Opened)?;
        let asking = |trade: &Trade| trade.scan == Some(Scan::AskingPassword);
        if world.ledger.trade(&order.key).is_some_and(asking) {
            world.ledger.fail_scan(&order.key);
        }
        let trade = world.ledger.trade(&order.key).map(TradeView::from);
        Ok(Acted {
            trade,
            return_url: None,
        })
    })
}

/// The trade with this number, for whoever names it from outside.
pub(crate) fn find_trade(
    sandbox: &Sandbox,
    out_trade_no: &str,
    account: Option<&str>,
) -> Result<Trade, PayerError> {
    sandbox.with_world(|world, _| {
        let order = resolve(world, out_trade_no, account, Reach::Opened)?;
        world
            .ledger
            .trade(&order.key)
            .cloned()
            .ok_or(PayerError::Pay(PayRefused::NoTrade))
    })
}

fn after_payment(sandbox: &Sandbox, paid: &Trade) -> Acted {
    notice::announce(sandbox, paid, NoticeKind::Paid);
    let return_url = match paid.order.key.channel {
        Channel::Alipay => alipay::return_url(sandbox, paid),
        Channel::Wechat => None,
    };
    Acted {
        trade: Some(TradeView::from(paid)),
        return_url,
    }
}

/// How far a number reaches beyond the trades that exist.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// To orders that the wallet has opened and that become trades when paid (app pay).
    Opened,
    /// To everything that was handed out.
    HandedOut,
}

fn resolve(
    world: &World,
    out_trade_no: &str,
    account: Option<&str>,
    reach: Reach,
) -> Result<Order, PayerError> {
    let ours = |key: &TradeKey| account.is_none_or(|account| key.account == account);
    let mut trades = world
        .ledger
        .numbered(out_trade_no)
        .filter(|trade| ours(&trade.order.key));
    if let Some(trade) = trades.next() {
        return match trades.next() {
            Some(_) => Err(PayerError::Ambiguous(out_trade_no.to_owned())),
            None => Ok(trade.order.clone()),
        };
    }
    world
        .artefacts
        .numbered(out_trade_no)
        .filter(|artefact| reach == Reach::HandedOut || artefact.kind == ArtefactKind::OrderString)
        .map(|artefact| &artefact.order)
        .find(|order| ours(&order.key))
        .cloned()
        .ok_or(PayerError::Pay(PayRefused::NoTrade))
}

/// Alipay's app pay creates the trade at the moment of the payer's password.
fn open_if_due(world: &mut World, order: &Order, now: DateTime<Utc>) -> Result<(), PayerError> {
    if world.ledger.trade(&order.key).is_none() && order.key.channel == Channel::Alipay {
        alipay::create_trade(world, order, now)?;
    }
    Ok(())
}

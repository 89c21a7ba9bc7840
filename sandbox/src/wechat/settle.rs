//! Settles refunds: a `PROCESSING` one becomes what it was planned to become a short sandbox time
//! after it was accepted, and its merchant is told.

use chrono::TimeDelta;

use super::notify;
use crate::ledger::{Refund, RefundState, Trade, TradeKey};
use crate::server::Sandbox;
use crate::wechat_v2;

/// From acceptance to settlement, sandbox time.
pub const SETTLES_AFTER: TimeDelta = TimeDelta::seconds(10);

/// Why a refund cannot take another state.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum SettleRefused {
    /// No such refund.
    #[error("no such refund")]
    NoRefund,
    /// The refund has ended.
    #[error(
        "a refund that is {from:?} cannot become {to:?}: PROCESSING becomes SUCCESS, ABNORMAL or \
         CLOSED, and ABNORMAL becomes SUCCESS or CLOSED"
    )]
    Ended {
        /// What it is.
        from: RefundState,
        /// What it was to become.
        to: RefundState,
    },
}

/// Settles `refund` in the background when its time has come.
pub fn schedule(sandbox: &Sandbox, refund: &Refund) {
    let due = refund.created_at + SETTLES_AFTER;
    let (trade, number) = (refund.trade.clone(), refund.out_refund_no.clone());
    let task_sandbox = sandbox.clone();
    sandbox.spawn(async move {
        task_sandbox.clock().reached(due).await;
        settle_if_due(&task_sandbox, &trade, &number);
    });
}

/// Settles the refund if it is still `PROCESSING` and its time has come.
pub fn settle_if_due(sandbox: &Sandbox, trade: &TradeKey, out_refund_no: &str) {
    let outcome = sandbox.wechat().switches.outcome(out_refund_no);
    let settled = sandbox.with_world(|world, now| {
        let refund = world.ledger.refund_of(trade, out_refund_no)?;
        let due = refund.state == RefundState::Processing
            && refund.created_at + SETTLES_AFTER <= now
            && outcome != RefundState::Processing;
        if !due {
            return None;
        }
        let refund = world
            .ledger
            .settle_refund(trade, out_refund_no, outcome, now)?;
        Some((world.ledger.trade(trade)?.clone(), refund))
    });
    if let Some((trade, refund)) = settled {
        tell(sandbox, &trade, &refund);
    }
}

/// Moves the refund to `state` now and tells its merchant.
///
/// # Errors
/// [`SettleRefused`] when there is none, or it has ended.
pub fn settle_as(
    sandbox: &Sandbox,
    trade: &TradeKey,
    out_refund_no: &str,
    state: RefundState,
) -> Result<Refund, SettleRefused> {
    let (trade, refund) = sandbox.with_world(|world, now| {
        let refund = world
            .ledger
            .refund_of(trade, out_refund_no)
            .ok_or(SettleRefused::NoRefund)?;
        let legal = match refund.state {
            RefundState::Processing => state != RefundState::Processing,
            RefundState::Abnormal => matches!(state, RefundState::Success | RefundState::Closed),
            RefundState::Success | RefundState::Closed => false,
        };
        if !legal {
            return Err(SettleRefused::Ended {
                from: refund.state,
                to: state,
            });
        }
        let settled = world.ledger.settle_refund(trade, out_refund_no, state, now);
        let trade = world.ledger.trade(trade).cloned();
        trade.zip(settled).ok_or(SettleRefused::NoRefund)
    })?;
    tell(sandbox, &trade, &refund);
    Ok(refund)
}

/// Tells the merchant in the version of the protocol in which it asked for the refund.
fn tell(sandbox: &Sandbox, trade: &Trade, refund: &Refund) {
    if wechat_v2::asked(refund) {
        wechat_v2::announce_refund(sandbox, trade, refund);
    } else {
        notify::announce_refund(sandbox, trade, refund);
    }
}

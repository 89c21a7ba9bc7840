//! The moves that only WeChat Pay's barcode payments make: the wallet asks for a password, the
//! payment fails, the merchant reverses it.

use std::collections::BTreeMap;

use chrono::{DateTime, TimeDelta, Utc};

use super::refund::reversal_number;
use super::{Ledger, NewRefund, RefundRefused, RefundState, Scan, Trade, TradeKey, TradeState};

/// How long after its creation an order can be reversed.
const REVERSIBLE: TimeDelta = TimeDelta::days(7);

/// Why a trade was not reversed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReverseRefused {
    /// No such trade.
    #[error("no such trade")]
    NoTrade,
    /// It was made more than seven days ago.
    #[error("the trade is older than seven days: refund it instead")]
    TooOld,
    /// What was paid cannot be given back.
    #[error("what was paid cannot be given back: {0}")]
    Refund(RefundRefused),
}

impl Ledger {
    /// The wallet asks the payer of an unpaid trade for the password. Gives the trade as it is
    /// afterwards.
    pub fn ask_password(&mut self, key: &TradeKey) -> Option<Trade> {
        self.mark_unpaid(key, Scan::AskingPassword)
    }

    /// The payment of an unpaid trade fails for good: only a reverse ends it. Gives the trade as
    /// it is afterwards.
    pub fn fail_scan(&mut self, key: &TradeKey) -> Option<Trade> {
        self.mark_unpaid(key, Scan::Failed)
    }

    fn mark_unpaid(&mut self, key: &TradeKey, scan: Scan) -> Option<Trade> {
        let trade = self.trades.get_mut(key)?;
        if trade.state == TradeState::Waiting {
            trade.scan = Some(scan);
        }
        Some(trade.clone())
    }

    /// Takes the trade back: an unpaid one can no longer be paid, and what is left of a paid one
    /// goes back to the payer as a refund numbered `reverse_<trade_no>`. Doing it again changes
    /// nothing.
    ///
    /// # Errors
    /// [`ReverseRefused`], and then nothing changed.
    pub fn reverse(&mut self, key: &TradeKey, now: DateTime<Utc>) -> Result<Trade, ReverseRefused> {
        let trade = self.trades.get(key).ok_or(ReverseRefused::NoTrade)?;
        if trade.scan == Some(Scan::Reversed) {
            return Ok(trade.clone());
        }
        if trade.created_at + REVERSIBLE <= now {
            return Err(ReverseRefused::TooOld);
        }
        if trade.paid_at.is_some() {
            self.give_back(key, now).map_err(ReverseRefused::Refund)?;
        } else {
            self.close(key, now);
        }
        let trade = self.trades.get_mut(key).ok_or(ReverseRefused::NoTrade)?;
        trade.scan = Some(Scan::Reversed);
        trade.closed_at = trade.closed_at.or(Some(now));
        Ok(trade.clone())
    }

    fn give_back(&mut self, key: &TradeKey, now: DateTime<Utc>) -> Result<(), RefundRefused> {
        let trade = self.trades.get(key).ok_or(RefundRefused::NoTrade)?;
        let left = trade.order.amount.saturating_sub(self.refunded(key));
        if left == 0 {
            return Ok(());
        }
        let reversal = NewRefund {
            trade: key.clone(),
            out_refund_no: reversal_number(&trade.trade_no),
            amount: left,
            reason: None,
            notify_url: None,
            state: RefundState::Success,
            details: BTreeMap::new(),
        };
        self.refund(reversal, now).map(drop)
    }
}

//! The truth of the sandbox: every trade and refund of both channels, and when it changed.
//!
//! The ledger keeps the moves that both channels share; what a channel answers, and in which
//! words, is decided beside its protocol. Nothing here can be undone: a trade that was paid keeps
//! its `paid_at`, whatever happens to it later, so that a test can ask whether money was taken.

mod refund;
mod scan;
mod trade;
mod view;

use std::collections::{BTreeMap, BTreeSet};

use aws_lc_rs::rand;
use chrono::{DateTime, FixedOffset, TimeDelta, Utc};
use serde::{Deserialize, Serialize};

pub use refund::{NewRefund, Refund, RefundRefused, RefundState};
pub use scan::ReverseRefused;
pub use trade::{Channel, Expiry, Order, PayRefused, Scan, Trade, TradeKey, TradeState};
pub use view::{LedgerView, RefundView, TradeView};

/// How long an Alipay trade can be refunded before it becomes `TRADE_FINISHED`: the 12 months of
/// the newer product pages.
const REFUND_WINDOW: TimeDelta = TimeDelta::days(365);

/// All trades and refunds.
#[derive(Debug, Serialize, Deserialize)]
#[serde(from = "SavedLedger", into = "SavedLedger")]
pub struct Ledger {
    trades: BTreeMap<TradeKey, Trade>,
    by_trade_no: BTreeMap<String, TradeKey>,
    refunds: BTreeMap<RefundKey, Refund>,
    /// When Alipay changes a trade by itself: expiry of an unpaid one, end of the refund window.
    deadlines: BTreeSet<(DateTime<Utc>, TradeKey)>,
    /// What became of Alipay's trades since somebody last asked.
    turns: Vec<(Trade, Turn)>,
    /// Keeps numbers apart from those of a sandbox that ran before this one.
    epoch: u32,
    serial: u64,
}

/// A trade that changed without money moving.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// It exists now and waits.
    Opened,
    /// It was closed unpaid.
    Closed,
    /// Its refund window is over.
    Finished,
}

/// Number first, so that all refunds with one number are neighbours.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct RefundKey {
    out_refund_no: String,
    trade: TradeKey,
}

impl Default for Ledger {
    fn default() -> Self {
        let mut random = [0; 4];
        let epoch = match rand::fill(&mut random) {
            Ok(()) => u32::from_be_bytes(random) % 1_000_000,
            Err(_) => 0,
        };
        Self {
            trades: BTreeMap::new(),
            by_trade_no: BTreeMap::new(),
            refunds: BTreeMap::new(),
            deadlines: BTreeSet::new(),
            turns: Vec::new(),
            epoch,
            serial: 0,
        }
    }
}

impl Ledger {
    /// The trade of this order number.
    pub fn trade(&self, key: &TradeKey) -> Option<&Trade> {
        self.trades.get(key)
    }

    /// The trade with the channel's own number (`trade_no`, `transaction_id`) in this account.
    pub fn by_trade_no(&self, channel: Channel, account: &str, trade_no: &str) -> Option<&Trade> {
        let key = self.by_trade_no.get(trade_no)?;
        (key.channel == channel && key.account == account)
            .then(|| self.trades.get(key))
            .flatten()
    }

    /// Every trade with this order number, in whatever account.
    pub fn numbered<'a>(&'a self, out_trade_no: &'a str) -> impl Iterator<Item = &'a Trade> {
        self.trades
            .range(TradeKey::first(out_trade_no)..)
            .map(|(_, trade)| trade)
            .take_while(move |trade| trade.order.key.out_trade_no == out_trade_no)
    }

    /// All trades, by order number.
    pub fn trades(&self) -> impl Iterator<Item = &Trade> {
        self.trades.values()
    }

    /// Lets time do its work up to `now`: unpaid Alipay trades that expired are closed (at their
    /// expiry), paid ones whose refund window ended are finished. WeChat's trades only become
    /// unpayable and stay as they are.
    pub fn catch_up(&mut self, now: DateTime<Utc>) {
        while let Some((at, _)) = self.deadlines.first()
            && *at <= now
        {
            let Some((at, key)) = self.deadlines.pop_first() else {
                return;
            };
            let Some(trade) = self.trades.get_mut(&key) else {
                continue;
            };
            match trade.state {
                TradeState::Waiting if trade.expires_at == Some(at) => {
                    trade.state = TradeState::Closed;
                    trade.closed_at = Some(at);
                    self.turns.push((trade.clone(), Turn::Closed));
                }
                TradeState::Paid
                    if trade.paid_at.is_some_and(|paid| paid + REFUND_WINDOW == at) =>
                {
                    trade.state = TradeState::Finished;
                    self.turns.push((trade.clone(), Turn::Finished));
                }
                _ => {}
            }
        }
    }

    /// When [`Ledger::catch_up`] has something to do next.
    pub fn next_deadline(&self) -> Option<DateTime<Utc>> {
        self.deadlines.first().map(|(at, _)| *at)
    }

    /// What became of Alipay's trades since the last call, oldest first, each trade as it was
    /// then.
    pub fn take_turns(&mut self) -> Vec<(Trade, Turn)> {
        std::mem::take(&mut self.turns)
    }

    /// The trade of `order`, created now (unpaid) if it does not exist. Whether an existing trade
    /// agrees with the order is the channel's question.
    pub fn open(&mut self, order: &Order, now: DateTime<Utc>) -> Trade {
        if let Some(trade) = self.trades.get(&order.key) {
            return trade.clone();
        }
        self.serial += 1;
        let trade = Trade {
            trade_no: self.new_trade_no(order.key.channel, now),
            state: TradeState::Waiting,
            scan: None,
            created_at: now,
            expires_at: order.expiry.moment(now),
            paid_at: None,
            closed_at: None,
            refunds: Vec::new(),
            order: order.clone(),
        };
        if order.key.channel == Channel::Alipay
            && let Some(at) = trade.expires_at
        {
            self.deadlines.insert((at, order.key.clone()));
        }
        self.by_trade_no
            .insert(trade.trade_no.clone(), order.key.clone());
        self.trades.insert(order.key.clone(), trade.clone());
        if order.key.channel == Channel::Alipay {
            self.turns.push((trade.clone(), Turn::Opened));
        }
        trade
    }

    /// The payer pays now.
    pub fn pay(&mut self, key: &TradeKey, now: DateTime<Utc>) -> Result<Trade, PayRefused> {
        let trade = self.trades.get(key).ok_or(PayRefused::NoTrade)?;
        match trade.state {
            TradeState::Waiting if trade.expires_at.is_some_and(|at| at <= now) => {
                Err(PayRefused::Expired)
            }
            TradeState::Waiting if trade.scan == Some(Scan::Failed) => Err(PayRefused::Closed),
            TradeState::Waiting => self.force_pay(key, now),
            TradeState::Closed if trade.paid_at.is_none() => Err(PayRefused::Closed),
            _ => Err(PayRefused::AlreadyPaid),
        }
    }

    /// The payer pays now, whatever the state says: the channel contradicting its own close.
    /// A trade that was already paid stays as it is.
    pub fn force_pay(&mut self, key: &TradeKey, now: DateTime<Utc>) -> Result<Trade, PayRefused> {
        let trade = self.trades.get_mut(key).ok_or(PayRefused::NoTrade)?;
        if trade.paid_at.is_some() {
            return Err(PayRefused::AlreadyPaid);
        }
        trade.state = TradeState::Paid;
        trade.scan = None;
        trade.paid_at = Some(now);
        if key.channel == Channel::Alipay {
            self.deadlines.insert((now + REFUND_WINDOW, key.clone()));
        }
        Ok(trade.clone())
    }

    /// Closes an unpaid trade. Gives the trade as it is afterwards, or `None` if there is none;
    /// whether the close was legal shows in the state before, which is the channel's question.
    pub fn close(&mut self, key: &TradeKey, now: DateTime<Utc>) -> Option<Trade> {
        let trade = self.trades.get_mut(key)?;
        if trade.state == TradeState::Waiting {
            trade.state = TradeState::Closed;
            trade.closed_at = Some(now);
            if key.channel == Channel::Alipay {
                self.turns.push((trade.clone(), Turn::Closed));
            }
        }
        Some(trade.clone())
    }

    /// Gives back part of a paid trade. The number must be new for this trade.
    pub fn refund(&mut self, new: NewRefund, now: DateTime<Utc>) -> Result<Refund, RefundRefused> {
        let taken = self.refunded(&new.trade);
        let trade = self.trades.get(&new.trade).ok_or(RefundRefused::NoTrade)?;
        if !matches!(trade.state, TradeState::Paid | TradeState::Refunded) {
            return Err(RefundRefused::State(trade.state));
        }
        let sum = taken
            .checked_add(new.amount)
            .ok_or(RefundRefused::OverRemainder)?;
        if new.amount <= 0 || sum > trade.order.amount {
            return Err(RefundRefused::OverRemainder);
        }
        let key = RefundKey {
            out_refund_no: new.out_refund_no.clone(),
            trade: new.trade.clone(),
        };
        if self.refunds.contains_key(&key) {
            return Err(RefundRefused::NumberUsed);
        }
        self.serial += 1;
        let refund_id = self.new_refund_id(now);
        let trade_no = trade.trade_no.clone();
        let refund = Refund::new(new, refund_id, trade_no, now);
        self.refunds.insert(key.clone(), refund.clone());
        if let Some(trade) = self.trades.get_mut(&key.trade) {
            trade.refunds.push(key.out_refund_no);
            trade.turn_to_refund(sum, now);
        }
        Ok(refund)
    }

    /// Fen given back or about to be given back of this trade.
    pub fn refunded(&self, trade: &TradeKey) -> i64 {
        self.refunds_of(trade)
            .filter(|refund| refund.state != RefundState::Closed)
            .fold(0, |sum: i64, refund| sum.saturating_add(refund.amount))
    }

    /// The refunds of this trade, oldest first.
    pub fn refunds_of<'a>(&'a self, trade: &'a TradeKey) -> impl Iterator<Item = &'a Refund> {
        let numbers = self
            .trades
            .get(trade)
            .map_or(&[][..], |trade| trade.refunds.as_slice());
        numbers
            .iter()
            .filter_map(|number| self.refund_of(trade, number))
    }

    /// The refund of this trade with this number (`out_request_no`, `out_refund_no`).
    pub fn refund_of(&self, trade: &TradeKey, out_refund_no: &str) -> Option<&Refund> {
        let key = RefundKey {
            out_refund_no: out_refund_no.to_owned(),
            trade: trade.clone(),
        };
        self.refunds.get(&key)
    }

    /// The refund with this number in this account: WeChat's numbers are unique in a merchant.
    pub fn refund_numbered(
        &self,
        channel: Channel,
        account: &str,
        out_refund_no: &str,
    ) -> Option<&Refund> {
        let first = RefundKey {
            out_refund_no: out_refund_no.to_owned(),
            trade: TradeKey::first(""),
        };
        self.refunds
            .range(first..)
            .take_while(|(key, _)| key.out_refund_no == out_refund_no)
            .find(|(key, _)| key.trade.channel == channel && key.trade.account == account)
            .map(|(_, refund)| refund)
    }

    /// Moves a refund to another state; `succeeded_at` is set when it first succeeds.
    pub fn settle_refund(
        &mut self,
        trade: &TradeKey,
        out_refund_no: &str,
        state: RefundState,
        now: DateTime<Utc>,
    ) -> Option<Refund> {
        let key = RefundKey {
            out_refund_no: out_refund_no.to_owned(),
            trade: trade.clone(),
        };
        let refund = self.refunds.get_mut(&key)?;
        refund.state = state;
        if state == RefundState::Success && refund.succeeded_at.is_none() {
            refund.succeeded_at = Some(now);
        }
        Some(refund.clone())
    }

    /// `GET /sandbox/ledger`.
    pub fn view(&self) -> LedgerView {
        LedgerView {
            trades: self.trades.values().map(TradeView::from).collect(),
            refunds: self.refunds.values().map(RefundView::from).collect(),
        }
    }

    /// 28 digits in the form of each channel: the date, then what keeps it unique.
    fn new_trade_no(&self, channel: Channel, now: DateTime<Utc>) -> String {
        let (day, epoch, serial) = (beijing(now).format("%Y%m%d"), self.epoch, self.serial);
        match channel {
            Channel::Alipay => format!("{day}220014{epoch:06}{serial:08}"),
            Channel::Wechat => format!("4200{epoch:06}{day}{serial:010}"),
        }
    }

    fn new_refund_id(&self, now: DateTime<Utc>) -> String {
        format!(
            "5030{:06}{}{:010}",
            self.epoch,
            beijing(now).format("%Y%m%d"),
            self.serial
        )
    }
}

/// The same moment in China's time zone (GMT+8, no summer time).
pub(crate) fn beijing(moment: DateTime<Utc>) -> DateTime<FixedOffset> {
    match FixedOffset::east_opt(8 * 3600) {
        Some(zone) => moment.with_timezone(&zone),
        None => moment.fixed_offset(),
    }
}

/// The ledger in the state file: indexes are rebuilt.
#[derive(Clone, Serialize, Deserialize)]
struct SavedLedger {
    trades: Vec<Trade>,
    refunds: Vec<Refund>,
    epoch: u32,
    serial: u64,
}

impl Clone for Ledger {
    fn clone(&self) -> Self {
        Self::from(SavedLedger {
            trades: self.trades.values().cloned().collect(),
            refunds: self.refunds.values().cloned().collect(),
            epoch: self.epoch,
            serial: self.serial,
        })
    }
}

impl From<Ledger> for SavedLedger {
    fn from(ledger: Ledger) -> Self {
        Self {
            trades: ledger.trades.into_values().collect(),
            refunds: ledger.refunds.into_values().collect(),
            epoch: ledger.epoch,
            serial: ledger.serial,
        }
    }
}

impl From<SavedLedger> for Ledger {
    fn from(saved: SavedLedger) -> Self {
        let mut ledger = Self {
            epoch: saved.epoch,
            serial: saved.serial,
            ..Self::default()
        };
        for trade in saved.trades {
            let key = trade.order.key.clone();
            if key.channel == Channel::Alipay {
                let deadline = match trade.state {
                    TradeState::Waiting => trade.expires_at,
                    _ => trade.paid_at.map(|paid| paid + REFUND_WINDOW),
                };
                ledger
                    .deadlines
                    .extend(deadline.map(|at| (at, key.clone())));
            }
            ledger
                .by_trade_no
                .insert(trade.trade_no.clone(), key.clone());
            ledger.trades.insert(key, trade);
        }
        for refund in saved.refunds {
            let key = RefundKey {
                out_refund_no: refund.out_refund_no.clone(),
                trade: refund.trade.clone(),
            };
            ledger.refunds.insert(key, refund);
        }
        ledger
    }
}

#[cfg(test)]
mod tests;

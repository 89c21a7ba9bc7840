//! What Alipay and WeChat Pay believe, and by which rules they move: the oracle of
//! the simulator. Till sees of it what its adapters would.
//!
//! The rules are the documented ones that make trouble: Alipay's trade exists only
//! after the scan, and what was signed stays payable until then; WeChat's exists at
//! the creation, stays open past its end, and may refuse a close within five
//! minutes; a close can lose against the payer; a refund is an acceptance at
//! WeChat Pay and a fact at Alipay; the same number is the same refund.
//!
//! A payer's code is good once, for a minute. What it pays has no end of its own: the
//! wallet may ask for a password, and the payer may type it late, until the trade is
//! taken back. What the channel does not know, it cannot take back, and the payment may
//! still be on its way.

use cashier::audit::{Ledger, RefundEntry, TradeEntry, TradeState};
use cashier::channel::{
    Closed, PayRequest, Payment, RefundRequest, Refunded, Refusal, RefusalKind, Reversed, Trade,
};
use cashier::id::{AccountId, FlowNo, OrderId, RefundNo};
use cashier::money::Money;
use cashier::time::{Span, Timestamp};
use cashier::way::ChannelKind;
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How soon WeChat Pay closes a trade after its creation, where it has that rule.
const CLOSE_AGE: Span = Span::minutes(5);
/// The least pause between two refunds of a payment at WeChat Pay.
const REFUND_PAUSE: Span = Span::seconds(60);

/// How long a payer's code is good.
const CODE_LIFE: Span = Span::seconds(60);

/// What the channel makes of a payer's code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It takes the money at once.
    AtOnce,
    /// It asks the payer for a password.
    Asks,
    /// It refuses: no money, a card that will not do.
    Refuses,
}

/// The channels of a world.
#[derive(Default)]
pub struct Bank(Mutex<Books>);

/// Everything that the channels remember.
#[derive(Default)]
pub struct Books {
    /// What is compared with Till's rows.
    pub ledger: Ledger,
    /// What each number was first created with.
    requests: BTreeMap<FlowNo, PayRequest>,
    created: BTreeMap<FlowNo, Timestamp>,
    /// When the money was taken.
    pub paid_at: BTreeMap<FlowNo, Timestamp>,
    refunds: BTreeMap<RefundNo, (RefundRequest, Refunded)>,
    refunded_at: BTreeMap<FlowNo, Timestamp>,
    /// Refunds that nobody asked of Till.
    pub external: BTreeSet<RefundNo>,
    /// Flows that were said not to exist.
    pub unknown: BTreeSet<FlowNo>,
    /// Flows that were closed, or whose code was refused or not known, and that were
    /// paid all the same.
    pub contradicted: BTreeSet<FlowNo>,
    /// Flows of which a query once named another amount.
    pub misnamed: BTreeSet<FlowNo>,
    /// Flows whose creation was refused for good.
    pub refused: BTreeSet<FlowNo>,
    /// Until when each code that a payer has shown is good, and what it paid.
    codes: BTreeMap<String, (Timestamp, Option<FlowNo>)>,
    /// Flows that are paid by a payer's code.
    by_code: BTreeSet<FlowNo>,
    /// Codes that were sent, and under which number first.
    pub sent: BTreeMap<String, FlowNo>,
    /// Flows that were to be taken back before the channel knew them.
    pub not_reversed: BTreeSet<FlowNo>,
    /// Payments that the channel never takes back.
    pub kept: BTreeSet<FlowNo>,
    /// Calls that were carried out, or truly refused, and answered with a no that nobody
    /// has signed: what was to be done, and the number.
    pub unsigned: BTreeSet<String>,
    /// When payments were taken back.
    pub reversed_at: BTreeMap<FlowNo, Timestamp>,
    /// Codes whose payers were told that nothing is paid.
    pub told_no: BTreeSet<String>,
    /// Which order a flow belongs to, as Till's rows say.
    orders: BTreeMap<FlowNo, OrderId>,
    trades_made: u32,
}

/// The name of the account at a channel.
pub fn account(kind: ChannelKind) -> AccountId {
    AccountId::new(kind.name())
}

fn no(kind: RefusalKind, code: &str) -> Refusal {
    Refusal {
        kind,
        code: code.to_owned(),
        message: code.to_lowercase(),
    }
}

impl Bank {
    /// Looks at the books.
    pub fn books(&self) -> MutexGuard<'_, Books> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Till has committed a flow: from now on the channel may hear of it.
    pub fn knows(&self, flow: &FlowNo, order: &OrderId) {
        self.books().orders.insert(flow.clone(), order.clone());
    }
}

impl Books {
    /// The order of a flow, as Till has committed it.
    pub fn order_of(&self, flow: &FlowNo) -> Option<OrderId> {
        self.orders.get(flow).cloned()
    }

    /// What was sent about a number before, if that was something else.
    pub fn differs(&self, request: &PayRequest) -> bool {
        self.requests
            .get(&request.flow_no)
            .is_some_and(|first| first != request)
    }

    /// A creation is refused for good.
    pub fn refuse(&self) -> Refusal {
        no(RefusalKind::Final, "NO_AUTH")
    }

    /// A flow is created. At Alipay that hands something out, and no more.
    pub fn create(
        &mut self,
        kind: ChannelKind,
        request: &PayRequest,
        amount: Money,
        now: Timestamp,
    ) -> Result<(), Refusal> {
        self.requests
            .entry(request.flow_no.clone())
            .or_insert_with(|| request.clone());
        if self.refused.contains(&request.flow_no) {
            return Err(self.refuse());
        }
        if let Some(trade) = self.ledger.trades.get(&request.flow_no) {
            return match trade.state {
                TradeState::Paid => Err(no(RefusalKind::AlreadyPaid, "ORDERPAID")),
                TradeState::Closed | TradeState::Reversed => {
                    Err(no(RefusalKind::Final, "ORDER_CLOSED"))
                }
                TradeState::HandedOut | TradeState::Waiting => Ok(()),
            };
        }
        let state = match kind {
            ChannelKind::Alipay => TradeState::HandedOut,
            _ => TradeState::Waiting,
        };
        self.created.insert(request.flow_no.clone(), now);
        let trade_no = match state {
            TradeState::Waiting => self.trade_no(),
            _ => String::new(),
        };
        let entry = TradeEntry {
            account: account(kind),
            trade_no,
            amount,
            state,
            closed: false,
            expires_at: request.expires_at,
        };
        self.ledger.trades.insert(request.flow_no.clone(), entry);
        Ok(())
    }

    fn trade_no(&mut self) -> String {
        self.trades_made += 1;
        format!("42000{:07}", self.trades_made)
    }

    /// The payer opens what was handed out: at Alipay the trade begins here.
    pub fn scan(&mut self, flow: &FlowNo, now: Timestamp) -> bool {
        let number = self.trade_no();
        match self.ledger.trades.get_mut(flow) {
            Some(trade) if trade.state == TradeState::HandedOut && now < trade.expires_at => {
                trade.state = TradeState::Waiting;
                trade.trade_no = number;
                true
            }
            Some(trade) => trade.state == TradeState::Waiting,
            None => false,
        }
    }

    /// The payer pays. `contradict`: what was closed is paid all the same.
    pub fn pay(&mut self, flow: &FlowNo, contradict: bool, now: Timestamp) -> bool {
        let Some(trade) = self.ledger.trades.get_mut(flow) else {
            return false;
        };
        let closed_by_us = trade.state == TradeState::Closed && now < trade.expires_at;
        let has_end = !self.by_code.contains(flow);
        let payable = trade.state == TradeState::Waiting && (!has_end || now < trade.expires_at);
        if closed_by_us && contradict && !trade.trade_no.is_empty() {
            self.contradicted.insert(flow.clone());
        } else if !payable {
            return false;
        }
        trade.state = TradeState::Paid;
        self.paid_at.insert(flow.clone(), now);
        true
    }

    /// What a query answers. Alipay closes by itself what is over.
    pub fn query(&mut self, kind: ChannelKind, flow: &FlowNo, now: Timestamp) -> Trade {
        self.expire(kind, flow, now);
        match self.ledger.trades.get(flow) {
            Some(trade) => match trade.state {
                TradeState::Paid => Trade::Paid(self.payment(flow, trade, false, now)),
                // REVOKED at WeChat Pay; at Alipay a closed trade that was paid.
                TradeState::Reversed if kind == ChannelKind::Alipay => {
                    Trade::Paid(self.payment(flow, trade, true, now))
                }
                TradeState::Closed | TradeState::Reversed => Trade::Closed,
                TradeState::Waiting => Trade::Waiting,
                TradeState::HandedOut => self.not_known(flow),
            },
            None => self.not_known(flow),
        }
    }

    fn payment(
        &self,
        flow: &FlowNo,
        trade: &TradeEntry,
        returned: bool,
        now: Timestamp,
    ) -> Payment {
        Payment {
            trade_no: trade.trade_no.clone(),
            amount: trade.amount,
            paid_at: self.paid_at.get(flow).copied().unwrap_or(now),
            payer: None,
            returned,
        }
    }

    /// What was paid for a flow, whatever became of it.
    pub fn paid_for(&self, flow: &FlowNo, returned: bool) -> Option<Payment> {
        let (trade, at) = (self.ledger.trades.get(flow)?, *self.paid_at.get(flow)?);
        Some(self.payment(flow, trade, returned, at))
    }

    /// A payer shows a fresh code.
    pub fn show_code(&mut self, now: Timestamp) -> String {
        let code = format!("13{:016}", self.codes.len());
        self.codes.insert(code.clone(), (now.plus(CODE_LIFE), None));
        code
    }

    /// A payer's code is brought, under a number.
    pub fn charge(
        &mut self,
        kind: ChannelKind,
        request: &PayRequest,
        amount: Money,
        verdict: Verdict,
        now: Timestamp,
    ) -> Result<Trade, Refusal> {
        let flow = &request.flow_no;
        self.by_code.insert(flow.clone());
        self.requests
            .entry(flow.clone())
            .or_insert_with(|| request.clone());
        if let Some(trade) = self.ledger.trades.get(flow) {
            return match trade.state {
                TradeState::Paid => Err(no(RefusalKind::AlreadyPaid, "ORDERPAID")),
                TradeState::HandedOut | TradeState::Waiting => Ok(Trade::Waiting),
                TradeState::Closed | TradeState::Reversed => {
                    self.refused.insert(flow.clone());
                    Err(no(RefusalKind::Final, "ORDERREVERSED"))
                }
            };
        }
        // A code is sent once. Only where leases lie it is twice, and whoever was refused
        // cannot know of the other: then the channel keeps its word.
        if self.refused.contains(flow) {
            return Err(no(RefusalKind::Final, "NOTENOUGH"));
        }
        let code = request.auth_code.clone().unwrap_or_default();
        let known = self.codes.get_mut(&code);
        let Some((_, used)) = known.filter(|(until, used)| now < *until && used.is_none()) else {
            self.refused.insert(flow.clone());
            return Err(no(RefusalKind::Final, "AUTHCODEEXPIRE"));
        };
        if verdict == Verdict::Refuses {
            self.refused.insert(flow.clone());
            return Err(no(RefusalKind::Final, "NOTENOUGH"));
        }
        *used = Some(flow.clone());
        self.created.insert(flow.clone(), now);
        let entry = TradeEntry {
            account: account(kind),
            trade_no: self.trade_no(),
            amount,
            state: TradeState::Waiting,
            closed: false,
            expires_at: request.expires_at,
        };
        self.ledger.trades.insert(flow.clone(), entry);
        if verdict == Verdict::AtOnce {
            self.pay(flow, false, now);
        }
        Ok(self.query(kind, flow, now))
    }

    /// The channel takes money by a code against its own word: it had refused the code,
    /// or closed it unpaid, or not known it past its end. Whether it does.
    pub fn take_after_all(
        &mut self,
        kind: ChannelKind,
        request: &PayRequest,
        now: Timestamp,
    ) -> bool {
        let flow = &request.flow_no;
        let known = self.ledger.trades.get(flow).map(|trade| trade.state);
        if !matches!(known, None | Some(TradeState::Closed)) {
            return false;
        }
        let entry = TradeEntry {
            account: account(kind),
            trade_no: self.trade_no(),
            amount: request.amount,
            state: TradeState::Paid,
            closed: true,
            expires_at: request.expires_at,
        };
        self.ledger.trades.insert(flow.clone(), entry);
        self.by_code.insert(flow.clone());
        self.contradicted.insert(flow.clone());
        self.paid_at.insert(flow.clone(), now);
        let code = request.auth_code.as_ref();
        if let Some((_, used)) = code.and_then(|code| self.codes.get_mut(code)) {
            *used = Some(flow.clone());
        }
        true
    }

    /// The payer does not want to type the password: WeChat Pay gives the trade up
    /// (PAYERROR), Alipay goes on waiting.
    pub fn give_up(&mut self, flow: &FlowNo) {
        if let Some(trade) = self.ledger.trades.get_mut(flow)
            && trade.state == TradeState::Waiting
            && trade.account == account(ChannelKind::Wechat)
        {
            trade.state = TradeState::Closed;
            trade.closed = true;
        }
    }

    /// Takes a barcode payment back. With `keeps`, a payment that was made stands, now
    /// and for ever, as does what the channel took against its own word: else a reversal
    /// from long before, by a node that stood still, would take it back after it counted.
    pub fn reverse(
        &mut self,
        flow: &FlowNo,
        keeps: bool,
        now: Timestamp,
    ) -> Result<Reversed, Refusal> {
        let held = self.held(flow);
        if self.contradicted.contains(flow) {
            return Err(no(RefusalKind::Final, "TRADE_HAS_FINISHED"));
        }
        let Some(trade) = self.ledger.trades.get_mut(flow) else {
            self.unknown.insert(flow.clone());
            self.not_reversed.insert(flow.clone());
            return Ok(Reversed::NotFound);
        };
        match trade.state {
            TradeState::Paid => {
                if keeps || held != Some(Money::ZERO) {
                    self.kept.insert(flow.clone());
                }
                if self.kept.contains(flow) {
                    return Err(no(RefusalKind::Final, "TRADE_HAS_FINISHED"));
                }
                trade.state = TradeState::Reversed;
                self.reversed_at.insert(flow.clone(), now);
            }
            TradeState::HandedOut | TradeState::Waiting => trade.state = TradeState::Closed,
            TradeState::Closed | TradeState::Reversed => {}
        }
        trade.closed = true;
        Ok(Reversed::Confirmed)
    }

    /// Whether the channel holds money for a code, or may still take some, and has not
    /// said otherwise.
    pub fn holds_for(&self, code: &str) -> Option<FlowNo> {
        let flow = self.codes.get(code)?.1.clone()?;
        if self.contradicted.contains(&flow) {
            return None;
        }
        let trade = self.ledger.trades.get(&flow)?;
        matches!(trade.state, TradeState::Waiting | TradeState::Paid).then_some(flow)
    }

    fn not_known(&mut self, flow: &FlowNo) -> Trade {
        self.unknown.insert(flow.clone());
        Trade::NotFound
    }

    /// A trade at Alipay that was not paid by its end is closed there.
    fn expire(&mut self, kind: ChannelKind, flow: &FlowNo, now: Timestamp) {
        if let Some(trade) = self.ledger.trades.get_mut(flow)
            && kind == ChannelKind::Alipay
            && trade.state == TradeState::Waiting
            && !self.by_code.contains(flow)
            && now >= trade.expires_at
        {
            trade.state = TradeState::Closed;
            trade.closed = true;
        }
    }

    /// What a close does.
    pub fn close(
        &mut self,
        kind: ChannelKind,
        flow: &FlowNo,
        aged: bool,
        now: Timestamp,
    ) -> Closed {
        self.expire(kind, flow, now);
        let young = self
            .created
            .get(flow)
            .is_some_and(|at| now.since(*at) < CLOSE_AGE);
        let Some(trade) = self.ledger.trades.get_mut(flow) else {
            self.unknown.insert(flow.clone());
            return Closed::NotFound;
        };
        // What a code pays is not closed there but taken back.
        if kind == ChannelKind::Wechat && self.by_code.contains(flow) {
            return Closed::NotAllowed;
        }
        match trade.state {
            TradeState::Paid | TradeState::Reversed => Closed::NotAllowed,
            TradeState::Closed if kind == ChannelKind::Alipay => Closed::NotAllowed,
            TradeState::Closed => Closed::Confirmed,
            TradeState::HandedOut => {
                self.unknown.insert(flow.clone());
                Closed::NotFound
            }
            TradeState::Waiting if kind == ChannelKind::Wechat && aged && young => Closed::TooEarly,
            TradeState::Waiting => {
                trade.state = TradeState::Closed;
                trade.closed = true;
                Closed::Confirmed
            }
        }
    }

    /// What a refund does: at Alipay it is done, at WeChat Pay it is accepted. With
    /// `nothing_left`, what was accepted is refused when it is sent again after the
    /// whole payment has gone back: that no is about the second sending alone.
    pub fn refund(
        &mut self,
        kind: ChannelKind,
        request: &RefundRequest,
        nothing_left: bool,
        now: Timestamp,
    ) -> Result<Refunded, Refusal> {
        if let Some((first, state)) = self.refunds.get(&request.refund_no) {
            if kind == ChannelKind::Wechat
                && nothing_left
                && self.held(&request.flow_no) == Some(request.total)
            {
                return Err(no(RefusalKind::Final, "INVALID_REQUEST"));
            }
            return match first.amount == request.amount && first.flow_no == request.flow_no {
                true => Ok(*state),
                false => Err(no(RefusalKind::Final, "PARAM_ERROR")),
            };
        }
        let trade = self.ledger.trades.get(&request.flow_no);
        let Some(trade) = trade.filter(|trade| trade.is_paid()) else {
            return Err(no(RefusalKind::Final, "ORDER_NOT_PAID"));
        };
        let held = self.held(&request.flow_no);
        if held
            .and_then(|held| held.checked_add(request.amount))
            .is_none_or(|sum| sum > trade.amount)
        {
            return Err(no(RefusalKind::Final, "REFUND_AMT_NOT_EQUAL_TOTAL"));
        }
        let lately = |at: &Timestamp| now.since(*at) < REFUND_PAUSE;
        if kind == ChannelKind::Wechat && self.refunded_at.get(&request.flow_no).is_some_and(lately)
        {
            return Err(no(RefusalKind::Later, "FREQUENCY_LIMITED"));
        }
        let state = match kind {
            ChannelKind::Alipay => Refunded::Succeeded,
            _ => Refunded::Processing,
        };
        self.refunded_at.insert(request.flow_no.clone(), now);
        self.refunds
            .insert(request.refund_no.clone(), (request.clone(), state));
        self.enter_refund(kind, request, state == Refunded::Succeeded);
        Ok(state)
    }

    fn held(&self, flow: &FlowNo) -> Option<Money> {
        let of_flow = self
            .refunds
            .values()
            .filter(|(request, state)| request.flow_no == *flow && *state != Refunded::Closed);
        Money::sum(of_flow.map(|(request, _)| request.amount))
    }

    fn enter_refund(&mut self, kind: ChannelKind, request: &RefundRequest, succeeded: bool) {
        self.ledger.refunds.insert(
            request.refund_no.clone(),
            RefundEntry {
                account: account(kind),
                flow_no: request.flow_no.clone(),
                amount: request.amount,
                succeeded,
            },
        );
    }

    /// A refund that was accepted comes to its end, or needs a person.
    pub fn settle_refund(&mut self, refund: &RefundNo, to: Refunded) {
        if let Some((_, state)) = self.refunds.get_mut(refund) {
            *state = to;
        }
        if let Some(entry) = self.ledger.refunds.get_mut(refund) {
            entry.succeeded = to == Refunded::Succeeded;
        }
    }

    /// What became of a refund.
    pub fn query_refund(&self, refund: &RefundNo) -> Refunded {
        self.refunds
            .get(refund)
            .map_or(Refunded::NotFound, |(_, state)| *state)
    }

    /// The refunds that stand open or need a person.
    pub fn open_refunds(&self) -> Vec<RefundNo> {
        let open = |(_, (_, state)): &(&RefundNo, &(RefundRequest, Refunded))| {
            matches!(state, Refunded::Processing | Refunded::Abnormal)
        };
        self.refunds
            .iter()
            .filter(open)
            .map(|(no, _)| no.clone())
            .collect()
    }

    /// Somebody gives money back in the channel's back office.
    pub fn refund_by_hand(
        &mut self,
        flow: &FlowNo,
        amount: Money,
        now: Timestamp,
    ) -> Option<RefundNo> {
        let trade = self.ledger.trades.get(flow)?;
        let kind = match trade.account.as_str() {
            "alipay" => ChannelKind::Alipay,
            _ => ChannelKind::Wechat,
        };
        let request = RefundRequest {
            refund_no: RefundNo::new(format!("HAND{}", self.refunds.len())),
            flow_no: flow.clone(),
            trade_no: trade.trade_no.clone(),
            amount,
            total: trade.amount,
            reason: None,
            notify_url: String::new(),
        };
        self.refund(kind, &request, false, now).ok()?;
        self.settle_refund(&request.refund_no, Refunded::Succeeded);
        self.external.insert(request.refund_no.clone());
        Some(request.refund_no)
    }

    /// What the bill of a day says of an account: the money taken and given back.
    pub fn paid_between(&self, from: Timestamp, to: Timestamp) -> Vec<FlowNo> {
        let of_day = |(_, at): &(&FlowNo, &Timestamp)| **at >= from && **at < to;
        self.paid_at
            .iter()
            .filter(of_day)
            .map(|(no, _)| no.clone())
            .collect()
    }

    /// The refunds that the payer has.
    pub fn refunds_done(&self) -> Vec<(RefundNo, RefundEntry)> {
        let done = self
            .ledger
            .refunds
            .iter()
            .filter(|(_, entry)| entry.succeeded);
        done.map(|(no, entry)| (no.clone(), entry.clone()))
            .collect()
    }
}

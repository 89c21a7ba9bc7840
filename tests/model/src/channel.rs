//! The two channels: what they believe, and how that dictates their answers.
//! Alipay's trades exist once the payer has scanned; WeChat Pay's at creation; those
//! of a payer's code once the code has arrived, and then until they are taken back.

use cashier::channel::{
    Action, Cause, CauseKind, Closed, Offer, Outcome, Payment, Refunded, Refusal, RefusalKind,
    Reversed,
};
use cashier::decide::Answer;
use cashier::flow::Flow;
use cashier::money::Money;
use cashier::refund::Refund;
use cashier::task::Call;
use cashier::time::{Span, Timestamp};
use cashier::way::{ChannelKind, Way};

use crate::time::{RHYTHM, moment, tick};

/// A flow as its channel knows it. The payer's device is part of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Trade {
    /// What was handed out has reached the payer.
    pub handed: bool,
    /// The channel knows the trade.
    pub exists: bool,
    /// When it was paid, in ticks.
    pub paid: Option<u8>,
    /// The channel has closed it.
    pub closed: bool,
    /// The channel has refused to make it.
    pub refused: bool,
    /// The channel took money after it had closed it.
    pub contradicted: bool,
    /// What was paid by code has gone back to the payer.
    pub reversed: bool,
    /// The channel will never take the payment back.
    pub kept: bool,
    /// For how many ticks yet a code, given up by whoever sent it, may arrive.
    pub coming: u8,
    /// For how many ticks yet a reversal, given up by whoever sent it, may arrive.
    pub going: u8,
    /// How far the channel's clock is behind ours: it takes money that much longer.
    pub behind: Span,
}

/// A refund as its channel knows it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Returned {
    /// How much, in fen.
    pub amount: Money,
    /// The payer has it.
    pub done: bool,
}

/// What both channels believe: by place, as our rows.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Ledger {
    /// One for each flow.
    pub trades: Vec<Trade>,
    /// One for each refund; `None` while the channel has not heard of it.
    pub returned: Vec<Option<Returned>>,
}

/// What goes wrong with a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// It never arrives, and nobody knows.
    LostBefore,
    /// It is carried out, and its answer is lost.
    LostAfter,
    /// It never leaves this machine, and that is known.
    NotSent,
    /// The channel refuses it for good (creations only).
    Refused,
    /// The channel finds that it is too early to close.
    TooEarly,
    /// It arrives after whoever sent it has given up (codes and reversals only).
    Late,
    /// The channel asks for the same reversal again.
    Again,
    /// The channel will not take the payment back.
    Kept,
    /// No fault: the wallet asks for a password.
    Asks,
}

/// What is heard of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// It can be paid.
    Issued,
    /// It was paid already.
    AlreadyPaid,
    /// Never.
    Refused,
    /// The channel knows no such trade.
    NotFound,
    /// It is not paid.
    Waiting,
    /// It can no longer be paid.
    Closed,
    /// It was paid at that tick.
    Paid(u8),
    /// The answer to a close.
    Close(Closed),
    /// It was paid at that tick, and has gone back.
    Returned(u8),
    /// The answer to a reversal.
    Reverse(Reversed),
    /// The answer about a refund.
    Refund(Refunded),
    /// Nothing was sent.
    NotSent,
    /// Nothing was heard.
    Unknown,
}

impl Trade {
    /// Whether the payer could pay it now, if they have what was handed out.
    pub fn is_payable(&self, flow: &Flow, now: Timestamp) -> bool {
        if flow.way().is_barcode() {
            return self.exists && self.paid.is_none() && !self.closed;
        }
        self.paid.is_none() && !self.closed && now < self.end(flow)
    }

    /// Whether the channel will never take money for it, by its own word. Alipay
    /// closes by itself what exists and was not paid in time.
    pub fn is_closed(&self, flow: &Flow, now: Timestamp) -> bool {
        self.closed || self.closes_by_itself(flow, now)
    }

    /// Whether the channel has money of it.
    pub fn is_held(&self) -> bool {
        self.paid.is_some() && !self.reversed
    }

    /// A payer's code arrives. It is good for its flow's time and the margin.
    pub fn charge(&mut self, flow: &Flow, asks: bool, now: Timestamp) -> Heard {
        let end = flow.expires_at().plus(RHYTHM.margin);
        if self.is_held() {
            return Heard::AlreadyPaid;
        }
        if self.closed || (!self.exists && now >= end) {
            return self.refuse();
        }
        if self.exists || asks {
            self.exists = true;
            return Heard::Waiting;
        }
        self.exists = true;
        self.paid = Some(tick(now));
        Heard::Paid(tick(now))
    }

    /// It is taken back, paid or not; but not what was taken against the channel's own word,
    /// which counts or goes back by itself before a slow process asks.
    pub fn reverse(&mut self) -> Heard {
        if self.kept || self.contradicted {
            return Heard::Refused;
        }
        if !self.exists {
            return Heard::Reverse(Reversed::NotFound);
        }
        self.reversed = self.paid.is_some();
        self.closed = true;
        Heard::Reverse(Reversed::Confirmed)
    }

    fn end(&self, flow: &Flow) -> Timestamp {
        flow.expires_at().plus(self.behind)
    }

    fn closes_by_itself(&self, flow: &Flow, now: Timestamp) -> bool {
        let over = now >= self.end(flow);
        let by_itself = !exists_at_creation(flow) && !flow.way().is_barcode();
        self.exists && self.paid.is_none() && over && by_itself
    }

    fn pay(&mut self, flow: &Flow, now: Timestamp) -> Heard {
        if self.paid.is_some() {
            return Heard::AlreadyPaid;
        }
        if self.closed || now >= self.end(flow) {
            return self.refuse();
        }
        self.exists |= exists_at_creation(flow);
        Heard::Issued
    }

    fn refuse(&mut self) -> Heard {
        self.refused = true;
        Heard::Refused
    }

    fn query(&self, flow: &Flow, now: Timestamp) -> Heard {
        let is_alipay = flow.way().channel() == ChannelKind::Alipay;
        match self.paid {
            Some(at) if self.reversed && is_alipay => Heard::Returned(at),
            Some(_) if self.reversed => Heard::Closed,
            Some(at) => Heard::Paid(at),
            None if self.is_closed(flow, now) => Heard::Closed,
            None if self.exists => Heard::Waiting,
            None => Heard::NotFound,
        }
    }

    fn close(&mut self, flow: &Flow, now: Timestamp) -> Heard {
        Heard::Close(if !self.exists {
            Closed::NotFound
        } else if self.paid.is_some() {
            Closed::NotAllowed
        } else if self.is_closed(flow, now) && !exists_at_creation(flow) {
            // Alipay: ACQ.TRADE_STATUS_ERROR. WeChat Pay's close is re-entrant.
            Closed::NotAllowed
        } else {
            self.closed = true;
            Closed::Confirmed
        })
    }
}

impl Ledger {
    /// Carries out a call about a flow, unless a fault is in its way.
    pub fn call_flow(
        &mut self,
        place: u8,
        flow: &Flow,
        call: Call,
        now: Timestamp,
        fault: Option<Fault>,
    ) -> Heard {
        let Some(trade) = self.trades.get_mut(usize::from(place)) else {
            return Heard::Unknown;
        };
        match fault {
            Some(Fault::LostBefore) => return Heard::Unknown,
            Some(Fault::NotSent) => return Heard::NotSent,
            Some(Fault::Refused) => return trade.refuse(),
            Some(Fault::TooEarly) => return Heard::Close(Closed::TooEarly),
            Some(Fault::Again) => return Heard::Reverse(Reversed::Again),
            Some(Fault::Late) if call == Call::Pay => {
                trade.coming = 2;
                return Heard::Unknown;
            }
            Some(Fault::Late) => {
                trade.going = 2;
                return Heard::Unknown;
            }
            Some(Fault::Kept) => trade.kept = true,
            Some(Fault::LostAfter | Fault::Asks) | None => {}
        }
        let heard = match call {
            // Whether it was paid before the answer was lost is up to the payer.
            Call::Pay if flow.way().is_barcode() => trade.charge(flow, fault.is_some(), now),
            Call::Reverse => trade.reverse(),
            Call::Pay => trade.pay(flow, now),
            Call::Close => trade.close(flow, now),
            _ => trade.query(flow, now),
        };
        match fault {
            Some(Fault::LostAfter) => Heard::Unknown,
            _ => heard,
        }
    }

    /// What was sent and given up arrives: a code, or a reversal.
    pub fn arrive(&mut self, place: u8, flow: &Flow, now: Timestamp) -> bool {
        let Some(trade) = self.trades.get_mut(usize::from(place)) else {
            return false;
        };
        if trade.going > 0 {
            trade.going = 0;
            trade.reverse();
        } else {
            trade.coming = 0;
            trade.charge(flow, true, now);
        }
        true
    }

    /// What is under way for too long is lost.
    pub fn lose(&mut self) {
        for trade in &mut self.trades {
            trade.coming = trade.coming.saturating_sub(1);
            trade.going = trade.going.saturating_sub(1);
        }
    }

    /// Carries out a call about a refund, unless a fault is in its way. The same
    /// number again gives nothing back again.
    pub fn call_refund(
        &mut self,
        place: u8,
        refund: &Refund,
        at_once: bool,
        call: Call,
        fault: Option<Fault>,
    ) -> Heard {
        match fault {
            Some(Fault::NotSent) => return Heard::NotSent,
            Some(Fault::LostAfter) | None => {}
            Some(_) => return Heard::Unknown,
        }
        let Some(returned) = self.returned.get_mut(usize::from(place)) else {
            return Heard::Unknown;
        };
        if call == Call::Refund {
            let fresh = Returned {
                amount: refund.amount(),
                done: at_once,
            };
            returned.get_or_insert(fresh);
        }
        match (fault, returned) {
            (Some(_), _) => Heard::Unknown,
            (None, None) => Heard::Refund(Refunded::NotFound),
            (None, Some(known)) if known.done => Heard::Refund(Refunded::Succeeded),
            (None, Some(_)) => Heard::Refund(Refunded::Processing),
        }
    }

    /// WeChat Pay finishes its refunds while time passes.
    pub fn finish_refunds(&mut self) {
        for returned in self.returned.iter_mut().flatten() {
            returned.done = true;
        }
    }
}

/// Whether the channel knows a flow's trade from its creation on.
pub fn exists_at_creation(flow: &Flow) -> bool {
    flow.way().channel() == ChannelKind::Wechat && !flow.way().is_barcode()
}

/// Whether the channel tells of a flow by notices: not of what WeChat Pay takes by code.
pub fn sends_notices(flow: &Flow) -> bool {
    flow.way() != Way::WxBar
}

/// What the channel says it took.
pub fn payment(flow: &Flow, at: u8) -> Payment {
    Payment {
        trade_no: format!("T{}", flow.no),
        amount: flow.amount(),
        paid_at: moment(at),
        payer: None,
        returned: false,
    }
}

/// The faults that a call can meet.
pub fn faults(call: Call, flow: Option<(&Flow, &Trade)>, now: Timestamp) -> &'static [Fault] {
    use Fault::{Again, Kept, Late, LostAfter, LostBefore, NotSent, Refused, TooEarly};
    // What a lost question or answer about the same does is the same.
    match (call, flow) {
        (Call::Pay, Some((flow, _))) if flow.way().is_barcode() => {
            &[LostBefore, LostAfter, NotSent, Refused, Late]
        }
        (Call::Reverse, Some((_, trade))) if trade.is_held() && !trade.kept => {
            &[LostBefore, LostAfter, NotSent, Again, Late, Kept]
        }
        (Call::Reverse, _) => &[LostBefore, LostAfter, NotSent, Again, Late],
        (Call::Pay, _) => &[LostBefore, LostAfter, NotSent, Refused],
        (Call::Close, Some((flow, trade)))
            if exists_at_creation(flow)
                && trade.exists
                && trade.is_payable(flow, now)
                && tick(flow.created_at) == tick(now) =>
        {
            &[LostBefore, LostAfter, NotSent, TooEarly]
        }
        (Call::Close | Call::Refund, _) => &[LostBefore, LostAfter, NotSent],
        _ => &[LostBefore, NotSent],
    }
}

/// What was heard, in the core's words.
pub fn answer(call: Call, heard: Heard, flow: Option<&Flow>) -> Answer {
    match call {
        Call::Pay => Answer::Pay(match heard {
            Heard::Issued => Outcome::Done(Offer::Action(Action::QrCode {
                text: "qr".to_owned(),
            })),
            Heard::AlreadyPaid => Outcome::Refused(refusal(RefusalKind::AlreadyPaid)),
            Heard::Waiting => Outcome::Done(Offer::Trade(cashier::channel::Trade::Waiting)),
            Heard::Paid(at) => match flow {
                Some(flow) => {
                    let paid = cashier::channel::Trade::Paid(payment(flow, at));
                    Outcome::Done(Offer::Trade(paid))
                }
                None => silence(heard),
            },
            Heard::Refused => Outcome::Refused(refusal(RefusalKind::Final)),
            other => silence(other),
        }),
        Call::Close => Answer::Close(match heard {
            Heard::Close(closed) => Outcome::Done(closed),
            other => silence(other),
        }),
        Call::Reverse => Answer::Reverse(match heard {
            Heard::Reverse(reversed) => Outcome::Done(reversed),
            Heard::Refused => Outcome::Refused(refusal(RefusalKind::Final)),
            other => silence(other),
        }),
        Call::Refund => Answer::Refund(refund_outcome(heard)),
        Call::QueryRefund => Answer::QueryRefund(refund_outcome(heard)),
        Call::Query | Call::Expire => Answer::Query(match (heard, flow) {
            (Heard::NotFound, _) => Outcome::Done(cashier::channel::Trade::NotFound),
            (Heard::Waiting, _) => Outcome::Done(cashier::channel::Trade::Waiting),
            (Heard::Closed, _) => Outcome::Done(cashier::channel::Trade::Closed),
            (Heard::Paid(at), Some(flow)) => {
                Outcome::Done(cashier::channel::Trade::Paid(payment(flow, at)))
            }
            (Heard::Returned(at), Some(flow)) => {
                let mut payment = payment(flow, at);
                payment.returned = true;
                Outcome::Done(cashier::channel::Trade::Paid(payment))
            }
            (other, _) => silence(other),
        }),
    }
}

fn refund_outcome(heard: Heard) -> Outcome<Refunded> {
    match heard {
        Heard::Refund(state) => Outcome::Done(state),
        other => silence(other),
    }
}

fn silence<T>(heard: Heard) -> Outcome<T> {
    let cause = |kind| Cause {
        kind,
        detail: String::new(),
    };
    match heard {
        Heard::NotSent => Outcome::NotSent(cause(CauseKind::Unreachable)),
        _ => Outcome::Unknown(cause(CauseKind::Timeout)),
    }
}

fn refusal(kind: RefusalKind) -> Refusal {
    Refusal {
        kind,
        code: "NO".to_owned(),
        message: String::new(),
    }
}

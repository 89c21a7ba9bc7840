//! The core: one pure function. It is total, and the same input gives the same
//! output. Notice, query, close and create-answer all end in `trade`, so that
//! there is one way for the truth.

mod answer;
mod close;
pub mod delivery;
mod draft;
mod pay;
mod refund;
mod refunded;
mod resolve;
mod reverse;
mod trade;

use crate::channel::{BillRow, Closed, Offer, Outcome, Refunded, Reversed, Trade};
use crate::command::{PayCommand, RefundCommand, Refusal};
use crate::id::{FlowNo, RefundNo};
use crate::journal::Source;
use crate::state::{OrderState, Row};
use crate::task::Subject;
use crate::time::Timestamp;
use crate::timing::Timing;
use draft::Draft;

/// What is known besides the order: the time and the rhythm.
#[derive(Clone, Copy, Debug)]
pub struct Context<'a> {
    /// The present moment.
    pub now: Timestamp,
    /// The rhythm of asking.
    pub timing: &'a Timing,
}

/// What happened, or what somebody wants.
#[derive(Clone, Debug)]
pub enum Input {
    /// Somebody wants to pay in one way. `mine` is the flow that an earlier round
    /// of the same wish made.
    Pay {
        /// The wish.
        wish: Box<PayCommand>,
        /// The flow that this wish made already.
        mine: Option<FlowNo>,
    },
    /// The merchant wants the order closed.
    Close,
    /// The merchant wants money given back.
    Refund(RefundCommand),
    /// The payer says that they have paid: ask now.
    Check,
    /// A channel answered a call, or did not. The time is when the call began (UTC):
    /// what an answer denies, it denies of that moment, however late it is read.
    Answered(Subject, Answer, Timestamp),
    /// A verified notice about a flow.
    NoticedTrade(FlowNo, Trade),
    /// A verified notice about a refund; `None` when it must be asked about.
    NoticedRefund(RefundNo, Option<Refunded>),
    /// A row of the channel's bill about one of its flows.
    Billed(BillRow),
    /// The order's own time has come.
    Due,
}

/// The outcome of a call to a channel.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Of making a flow payable.
    Pay(Outcome<Offer>),
    /// Of asking about a flow.
    Query(Outcome<Trade>),
    /// Of closing a flow.
    Close(Outcome<Closed>),
    /// Of taking a barcode payment back.
    Reverse(Outcome<Reversed>),
    /// Of sending a refund.
    Refund(Outcome<Refunded>),
    /// Of asking about a refund.
    QueryRefund(Outcome<Refunded>),
}

/// What is to be done about an [`Input`].
#[derive(Clone, Debug)]
pub struct Decision {
    /// What to write, in one transaction. Empty: nothing changes.
    pub rows: Vec<Row>,
    /// The tasks among them that the caller does itself, after the commit.
    pub run: Vec<Subject>,
    /// What to tell the caller, after the commit.
    pub reply: Reply,
}

/// What the caller is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// Nothing.
    Noted,
    /// Do what is to be run, then decide the same wish again. If a flow was made
    /// for the wish, it is named.
    Again(Option<FlowNo>),
    /// Somebody else is busy with it: wait a little, then decide again.
    Busy,
    /// The flow can be paid.
    Payable(FlowNo),
    /// The order is closed.
    Closed,
    /// The order is being closed.
    Closing,
    /// The refund is taken; whether by this very wish.
    Refund(RefundNo, bool),
    /// No.
    No(Refusal),
}

/// Decides. Never fails: what makes no sense changes nothing.
pub fn decide(state: &OrderState, input: &Input, context: &Context<'_>) -> Decision {
    let mut draft = Draft::of(state, context);
    let reply = match input {
        Input::Pay { wish, mine } => pay::pay(&mut draft, wish, mine.as_ref()),
        Input::Close => close::close(&mut draft),
        Input::Refund(wish) => refund::refund(&mut draft, wish),
        Input::Check => pay::check(&mut draft),
        Input::Answered(subject, answer, asked) => {
            draft.asked = (*asked).min(context.now);
            answer::answered(&mut draft, subject, answer)
        }
        Input::NoticedTrade(flow, seen) => {
            trade::seen(&mut draft, flow, seen, Source::Notice);
            Reply::Noted
        }
        Input::NoticedRefund(refund, said) => {
            refunded::noticed(&mut draft, refund, *said);
            Reply::Noted
        }
        Input::Billed(row) => {
            billed(&mut draft, row);
            Reply::Noted
        }
        Input::Due => Reply::Noted,
    };
    close::settle(&mut draft);
    resolve::settle(&mut draft);
    let reply = match reply {
        // The close may have become complete just now.
        Reply::Closing if draft.state.order.status == crate::order::OrderStatus::Closed => {
            Reply::Closed
        }
        other => other,
    };
    draft.finish(reply)
}

/// The bill is one more voice that says the same things.
fn billed(draft: &mut Draft<'_>, row: &BillRow) {
    match row {
        BillRow::Paid { flow_no, payment } => {
            let seen = Trade::Paid(payment.clone());
            trade::seen(draft, flow_no, &seen, Source::Bill);
        }
        BillRow::Refunded { flow_no, .. } if reverse::is_taken_back(draft, flow_no) => {}
        BillRow::Refunded {
            refund_no, amount, ..
        } => refunded::billed(draft, refund_no, *amount),
    }
}

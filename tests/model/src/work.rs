//! Work in flight: what a process keeps in its head while it serves a wish or
//! a task, and loses in a crash. It follows the shell step by step.

use crate::channel::Heard;
use crate::time::RHYTHM;
use cashier::decide::Decision;
use cashier::id::FlowNo;
use cashier::state::OrderState;
use cashier::task::{Call, Next, Subject};
use cashier::time::Timestamp;
use cashier::way::Way;
use std::sync::Arc;

/// How many follow-ups of one effect are run at once, as in the shell.
pub const MOST_FOLLOW_UPS: u8 = 4;

/// A flow or a refund, by its place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Thing {
    /// A flow.
    Flow(u8),
    /// A refund.
    Refund(u8),
}

/// For whom the work is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Who {
    /// A worker that took a task.
    Worker,
    /// A worker that took the order's own task.
    Timer,
    /// A payer's tab that wants to pay that way, and the flow that it made.
    Tab(Way, Option<u8>),
    /// The merchant, who wants the order closed.
    Closer,
    /// The merchant, who wants to give money back.
    Refunder,
    /// The payer, who says that they have paid.
    Checker,
}

/// Where the work stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// About to load the order, decide, and commit.
    Deciding,
    /// Committed; about to call the channel.
    Calling(Thing, Call),
    /// The channel's word is under way, or here and not committed; and when it
    /// was asked, in ticks.
    Hearing(Thing, Call, Heard, u8),
    /// Waits until the order is no longer of that revision.
    Waiting(u32),
}

/// A decision that is made and not committed yet.
#[derive(Clone, Debug)]
pub struct Made {
    /// The revision it was made from: on any other it is made again.
    pub revision: u32,
    /// When it was made, in ticks.
    pub tick: u8,
    /// Which tasks were held by somebody then.
    pub held: u16,
    /// The decision.
    pub decision: Arc<Decision>,
}

/// One piece of work.
#[derive(Clone, Debug)]
pub struct Work {
    /// For whom.
    pub who: Who,
    /// Where it stands.
    pub stage: Stage,
    /// What else it has to call about, the next one last.
    pub rest: Vec<Thing>,
    /// How many follow-ups it still runs itself.
    pub left: u8,
    /// Whether the wish is decided again afterwards.
    pub again: bool,
    /// What it has decided and not committed yet.
    pub made: Option<Made>,
}

impl Work {
    /// Work that begins.
    pub fn new(who: Who) -> Work {
        Work {
            who,
            stage: Stage::Deciding,
            rest: Vec::new(),
            left: 0,
            again: false,
            made: None,
        }
    }

    /// Whether it only waits for others.
    pub fn is_waiting(&self, revision: u32) -> bool {
        self.stage == Stage::Waiting(revision)
    }

    /// Takes over what a commit leaves it to run.
    pub fn run(&mut self, things: Vec<Thing>) {
        let count = u8::try_from(things.len()).unwrap_or(u8::MAX);
        self.left = MOST_FOLLOW_UPS.saturating_add(count);
        self.rest = things;
    }

    /// Goes on to the next call, as the order it has just seen says. `false`:
    /// there is none.
    pub fn next_call(&mut self, state: &OrderState, now: Timestamp) -> bool {
        while let Some(thing) = self.rest.pop() {
            if let Some(next) = next_of(state, thing) {
                let call = match next.call == Call::Pay && is_spent(state, thing, now) {
                    true => Call::Query,
                    false => as_called(thing, next.call),
                };
                self.stage = Stage::Calling(thing, call);
                return true;
            }
        }
        false
    }
}

/// The call that the shell makes for a task.
fn as_called(thing: Thing, call: Call) -> Call {
    match (thing, call) {
        (Thing::Flow(_), Call::Pay | Call::Close | Call::Reverse)
        | (Thing::Refund(_), Call::Refund) => call,
        (Thing::Flow(_), _) => Call::Query,
        (Thing::Refund(_), _) => Call::QueryRefund,
    }
}

/// Whether a flow's code was sent before, by whoever made the flow.
fn is_spent(state: &OrderState, thing: Thing, now: Timestamp) -> bool {
    let Thing::Flow(place) = thing else {
        return false;
    };
    state
        .flows
        .get(usize::from(place))
        .is_some_and(|flow| flow.way().is_barcode() && now >= flow.created_at.plus(RHYTHM.lease))
}

/// The task of a thing.
pub fn next_of(state: &OrderState, thing: Thing) -> Option<Next> {
    match thing {
        Thing::Flow(place) => state.flows.get(usize::from(place))?.next,
        Thing::Refund(place) => state.refunds.get(usize::from(place))?.next,
    }
}

/// The thing's name.
pub fn subject(state: &OrderState, thing: Thing) -> Option<Subject> {
    Some(match thing {
        Thing::Flow(place) => Subject::Flow(state.flows.get(usize::from(place))?.no.clone()),
        Thing::Refund(place) => Subject::Refund(state.refunds.get(usize::from(place))?.no.clone()),
    })
}

/// The thing of that name.
pub fn thing(state: &OrderState, subject: &Subject) -> Option<Thing> {
    let small = |place: usize| u8::try_from(place).ok();
    match subject {
        Subject::Flow(no) => place_of(state, no).map(Thing::Flow),
        Subject::Refund(no) => {
            let place = state.refunds.iter().position(|refund| refund.no == *no)?;
            small(place).map(Thing::Refund)
        }
        Subject::Order(_) => None,
    }
}

/// The place of a flow.
pub fn place_of(state: &OrderState, no: &FlowNo) -> Option<u8> {
    let place = state.flows.iter().position(|flow| flow.no == *no)?;
    u8::try_from(place).ok()
}

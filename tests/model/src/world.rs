//! A state of the whole: the durable rows, what the channels believe, the work
//! in flight, and what may still happen.

use crate::bounds::Bounds;
use crate::channel::{Ledger, Trade, answer, exists_at_creation};
use crate::key;
use crate::laws;
use crate::time::{RHYTHM, moment, tick, ticks};
use crate::work::{Made, Stage, Thing, Who, Work, next_of, place_of, subject, thing};
use cashier::command::{PayCommand, RefundCommand};
use cashier::decide::{Context, Decision, Input, Reply, decide};
use cashier::flow::Flow;
use cashier::order::OrderStatus;
use cashier::state::{OrderState, Row};
use cashier::task::{Call, Next, Subject};
use cashier::time::Timestamp;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

/// What payers and merchants ask for, always in the same words.
#[derive(Clone, Debug)]
pub struct Wishes {
    /// By Alipay and by WeChat Pay, and by a code at each.
    pub pays: [PayCommand; 4],
    /// Part of the money back.
    pub refund: RefundCommand,
}

/// A state. Two are the same when their [keys](crate::key) are.
#[derive(Clone)]
pub struct World {
    /// The present moment.
    pub tick: u8,
    /// The durable rows.
    pub order: Arc<OrderState>,
    /// What the channels believe.
    pub ledger: Ledger,
    /// The work in flight, in no particular order.
    pub works: Vec<Work>,
    /// What may still happen.
    pub left: Bounds,
    /// The law that a step broke.
    pub broken: Option<&'static str>,
    key: Vec<u8>,
}

impl World {
    /// An order as it has just been made, and nothing else.
    pub fn new(order: OrderState, left: Bounds) -> World {
        let mut world = World {
            tick: 0,
            order: Arc::new(order),
            ledger: Ledger::default(),
            works: Vec::new(),
            left,
            broken: None,
            key: Vec::new(),
        };
        world.seal();
        world
    }

    /// Finds what the state is known by, once it is complete.
    pub fn seal(&mut self) {
        self.key = key::of(self);
    }

    /// What may still happen, without the wishes that the order would refuse unchanged.
    pub fn wishes_left(&self) -> Bounds {
        let order = &self.order.order;
        let open = order.status == OrderStatus::Open;
        let payable = open && order.close_requested_at.is_none();
        let kept = |wanted: bool, count: u8| if wanted { count } else { 0 };
        Bounds {
            pays: kept(payable, self.left.pays),
            codes: kept(payable, self.left.codes),
            closes: kept(open, self.left.closes),
            ..self.left
        }
    }

    /// The present moment.
    pub fn now(&self) -> Timestamp {
        moment(self.tick)
    }

    /// Every task: `None` is the order's own.
    pub fn tasks(&self) -> impl Iterator<Item = (Option<Thing>, Next)> + '_ {
        let places = 0..=u8::MAX;
        let flows = places.clone().zip(&self.order.flows);
        let refunds = places.zip(&self.order.refunds);
        let of_order = self.order.order.next.map(|next| (None, next));
        of_order
            .into_iter()
            .chain(flows.filter_map(|(n, flow)| Some((Some(Thing::Flow(n)), flow.next?))))
            .chain(refunds.filter_map(|(n, refund)| Some((Some(Thing::Refund(n)), refund.next?))))
    }

    /// The tasks that a worker may take.
    pub fn free_tasks(&self) -> impl Iterator<Item = Option<Thing>> + '_ {
        let now = self.now();
        self.tasks()
            .filter(move |(_, next)| next.due <= now && !next.is_leased(now))
            .map(|(thing, _)| thing)
    }

    /// Whether nothing is under way and nothing waits to be done, now or later.
    pub fn is_quiet(&self) -> bool {
        self.works.is_empty() && self.tasks().next().is_none()
    }

    /// The next moment at which anything differs by itself.
    pub fn next_moment(&self) -> Option<u8> {
        let state = &self.order;
        self.tasks().next()?;
        let tasks = self
            .tasks()
            .flat_map(|(_, next)| [next.due, next.leased_until]);
        let ends = state.flows.iter().flat_map(|flow| {
            let end = flow.expires_at();
            [end, end.plus(RHYTHM.margin)]
        });
        tasks
            .chain(ends)
            .chain([state.order.expires_at])
            .map(tick)
            .filter(|at| *at > self.tick)
            .min()
    }

    /// Decides from the rows as they are.
    pub fn decide(&self, input: &Input) -> Decision {
        let context = Context {
            now: self.now(),
            timing: &RHYTHM,
        };
        decide(&self.order, input, &context)
    }

    /// Writes a decision as the store does, in one piece.
    pub fn commit(&mut self, decision: &Decision) {
        if decision.rows.is_empty() {
            return;
        }
        let before = self.order.clone();
        let mut after = (*before).clone();
        let until = self.now().plus(RHYTHM.lease);
        for row in &decision.rows {
            after.apply(&leased(row, &decision.run, until));
        }
        let fresh = Trade {
            behind: ticks(self.left.behind),
            ..Trade::default()
        };
        self.ledger.trades.resize(after.flows.len(), fresh);
        self.ledger.returned.resize(after.refunds.len(), None);
        self.order = Arc::new(after);
        let broken = laws::step(&before, &self.order, &decision.rows, &self.ledger);
        self.broken = self.broken.or(broken);
    }

    /// A worker takes a task and is about to do it.
    pub fn claim(&mut self, thing: Option<Thing>) {
        let until = self.now().plus(RHYTHM.lease);
        let state = Arc::make_mut(&mut self.order);
        let next = match thing {
            None => state.order.next.as_mut(),
            Some(Thing::Flow(n)) => of(&mut state.flows, n).and_then(|flow| flow.next.as_mut()),
            Some(Thing::Refund(n)) => of(&mut state.refunds, n).and_then(|r| r.next.as_mut()),
        };
        if let Some(next) = next {
            next.leased_until = until;
        }
        let Some(thing) = thing else {
            self.works.push(Work::new(Who::Timer));
            return;
        };
        let mut work = Work::new(Who::Worker);
        work.run(vec![thing]);
        if work.next_call(&self.order, self.now()) {
            self.works.push(work);
        }
    }

    /// One round of a wish: decide, commit, and begin what is to be run.
    pub fn round(&mut self, mut work: Work, wishes: &Wishes) -> Reply {
        let decision = self
            .still_good(&mut work)
            .unwrap_or_else(|| Arc::new(self.decide(&self.input(&work, wishes))));
        self.commit(&decision);
        work.run(self.things(&decision.run));
        work.again = false;
        match (&decision.reply, &mut work.who) {
            (Reply::Again(made), who) => {
                work.again = true;
                if let (Who::Tab(_, mine), Some(made)) = (who, made) {
                    *mine = place_of(&self.order, made);
                }
            }
            (Reply::Busy, _) => {
                work.stage = Stage::Waiting(self.order.order.revision);
                self.works.push(work);
                return decision.reply.clone();
            }
            (Reply::Payable(no), _) => {
                let handed = |flow: &&Flow| !flow.way().is_barcode();
                let place = self.order.flow(no).filter(handed);
                let place = place.and_then(|flow| place_of(&self.order, &flow.no));
                if let Some(trade) = place.and_then(|n| of(&mut self.ledger.trades, n)) {
                    trade.handed = true;
                }
            }
            _ => {}
        }
        self.go_on(work);
        decision.reply.clone()
    }

    /// The outcome of a call is decided about and committed.
    pub fn hear(&mut self, mut work: Work) {
        let made = self.still_good(&mut work);
        let Some(decision) = made.or_else(|| self.outcome(&work).map(Arc::new)) else {
            return;
        };
        self.commit(&decision);
        work.left = work.left.saturating_sub(1);
        if work.left > 0 {
            work.rest.extend(self.things(&decision.run));
        }
        self.go_on(work);
    }

    /// What is to be done about the outcome of a call.
    fn outcome(&self, work: &Work) -> Option<Decision> {
        let Stage::Hearing(thing, call, heard, asked) = work.stage else {
            return None;
        };
        let flow = match thing {
            Thing::Flow(n) => self.order.flows.get(usize::from(n)),
            Thing::Refund(_) => None,
        };
        let subject = subject(&self.order, thing)?;
        Some(self.decide(&Input::Answered(
            subject,
            answer(call, heard, flow),
            moment(asked),
        )))
    }

    /// Decides from the rows as they are now, to commit later.
    pub fn make(&self, work: &Work, wishes: &Wishes) -> Option<Made> {
        let decision = match work.stage {
            Stage::Hearing(..) => self.outcome(work)?,
            _ => self.decide(&self.input(work, wishes)),
        };
        let now = self.now();
        let held = self.tasks().fold(1, |held: u16, (_, next)| {
            held << 1 | u16::from(next.is_leased(now))
        });
        Some(Made {
            revision: self.order.order.revision,
            tick: self.tick,
            held,
            decision: Arc::new(decision),
        })
    }

    /// The decision that was made, if the store's guard lets it pass.
    fn still_good(&self, work: &mut Work) -> Option<Arc<Decision>> {
        let made = work.made.take()?;
        (made.revision == self.order.order.revision).then_some(made.decision)
    }

    /// The next call, or the next round, or the end.
    fn go_on(&mut self, mut work: Work) {
        if work.next_call(&self.order, self.now()) {
            self.works.push(work);
        } else if work.again {
            work.stage = Stage::Deciding;
            self.works.push(work);
        }
    }

    fn input(&self, work: &Work, wishes: &Wishes) -> Input {
        match work.who {
            Who::Tab(way, mine) => {
                let [first, ..] = &wishes.pays;
                let wish = wishes.pays.iter().find(|wish| wish.way == way);
                let wish = wish.unwrap_or(first);
                let mine = mine.and_then(|n| self.order.flows.get(usize::from(n)));
                Input::Pay {
                    wish: Box::new(wish.clone()),
                    mine: mine.map(|flow| flow.no.clone()),
                }
            }
            Who::Closer => Input::Close,
            Who::Refunder => Input::Refund(wishes.refund.clone()),
            Who::Checker => Input::Check,
            Who::Worker | Who::Timer => Input::Due,
        }
    }

    fn things(&self, subjects: &[Subject]) -> Vec<Thing> {
        subjects
            .iter()
            .filter_map(|subject| thing(&self.order, subject))
            .collect()
    }

    /// Carries out a call at its channel, or not.
    pub fn call(
        &mut self,
        thing: Thing,
        call: Call,
        fault: Option<crate::channel::Fault>,
    ) -> crate::channel::Heard {
        use crate::channel::Heard;
        let now = self.now();
        let state = self.order.clone();
        match thing {
            Thing::Flow(n) => match state.flows.get(usize::from(n)) {
                Some(flow) => self.ledger.call_flow(n, flow, call, now, fault),
                None => Heard::Unknown,
            },
            Thing::Refund(n) => match state.refunds.get(usize::from(n)) {
                Some(refund) => {
                    let flow = state.flow(&refund.request.flow_no);
                    let at_once = !flow.is_some_and(exists_at_creation);
                    self.ledger.call_refund(n, refund, at_once, call, fault)
                }
                None => Heard::Unknown,
            },
        }
    }

    /// Whether the task of a thing is held by somebody who is gone or late.
    pub fn is_lapsed(&self, thing: Thing) -> bool {
        next_of(&self.order, thing).is_some_and(|next| next.leased_until.millis() > 0)
    }
}

/// The one at a place.
pub fn of<T>(all: &mut [T], place: u8) -> Option<&mut T> {
    all.get_mut(usize::from(place))
}

/// The row as it is stored: a task that the committer does itself is leased,
/// every other is free.
fn leased(row: &Row, run: &[Subject], until: Timestamp) -> Row {
    let free = Timestamp::from_millis(0);
    let set = |next: Option<Next>, subject: Subject| {
        let mine = run.contains(&subject);
        next.map(|next| Next {
            leased_until: if mine { until } else { free },
            ..next
        })
    };
    let mut row = row.clone();
    match &mut row {
        Row::Order(order) => order.next = set(order.next, Subject::Order(order.id.clone())),
        Row::Flow(flow) => flow.next = set(flow.next, Subject::Flow(flow.no.clone())),
        Row::Refund(refund) => refund.next = set(refund.next, Subject::Refund(refund.no.clone())),
        _ => {}
    }
    row
}

impl PartialEq for World {
    fn eq(&self, other: &World) -> bool {
        self.key == other.key
    }
}

impl Eq for World {}

impl Hash for World {
    fn hash<H: Hasher>(&self, hasher: &mut H) {
        self.key.hash(hasher);
    }
}

impl fmt::Debug for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let state = &self.order;
        write!(f, "t{} {}", self.tick, state.order.status.name())?;
        for (flow, trade) in state.flows.iter().zip(&self.ledger.trades) {
            let next = flow.next.map(|next| (next.call.name(), tick(next.due)));
            write!(
                f,
                " | {} {} {next:?} {trade:?}",
                flow.way(),
                flow.status.name()
            )?;
        }
        for (refund, returned) in state.refunds.iter().zip(&self.ledger.returned) {
            let next = refund.next.map(|next| (next.call.name(), tick(next.due)));
            write!(
                f,
                " | refund {} {next:?} {returned:?}",
                refund.status.name()
            )?;
        }
        for work in &self.works {
            write!(f, " | {:?} {:?} {}", work.who, work.stage, work.left)?;
        }
        if let Some(broken) = self.broken {
            write!(f, " | BROKEN: {broken}")?;
        }
        Ok(())
    }
}

//! The model: every step that is possible in a state, and where it leads.

use crate::bounds::Bounds;
use crate::channel::{Fault, Heard, exists_at_creation, faults, payment, sends_notices};
use crate::laws::{self, at_rest, payable};
use crate::met::{Met, Situation};
use crate::time::{FLOW_LIFE, ORDER_LIFE, moment};
use crate::work::{Stage, Thing, Who, Work};
use crate::world::{Wishes, World, of};
use cashier::capture::CaptureKind;
use cashier::channel::{Closed, Trade as Seen};
use cashier::command::{PayCommand, RefundCommand};
use cashier::decide::{Input, Reply};
use cashier::flow::{Flow, FlowStatus};
use cashier::id::{AccountId, AppId, CheckoutToken, MerchantId, OrderId};
use cashier::journal::Source;
use cashier::money::Money;
use cashier::order::{CloseReason, Order, OrderStatus};
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::refund::RefundStatus;
use cashier::state::{OrderState, Row};
use cashier::task::{Call, Next};
use cashier::way::Way;
use stateright::{Model, Property};
use std::collections::BTreeMap;
use std::sync::Arc;

/// What the order costs, in fen.
const AMOUNT: i64 = 1_000;
/// What the merchant gives back, in fen: not twice out of one payment.
const BACK: i64 = 600;

/// The two ways: a trade that exists after the scan, and one that exists at once.
const WAYS: [Way; 2] = [Way::AliQr, Way::WxNative];
/// The ways in which the payer shows a code.
const CODES: [Way; 2] = [Way::AliBar, Way::WxBar];

/// The laws of [`laws::LAWS`].
pub const EVERY_LAW: &str = "every law is kept";
/// What is quiet is as it should be.
pub const AT_REST: &str = "at rest, the channels hold what the order says";
/// Whatever happens, it becomes quiet.
pub const TO_REST: &str = "it comes to rest";
/// Every [`Situation`] that can come about did.
pub const NOT_IN_VAIN: &str = "every situation is met";

/// One order and everybody who has to do with it.
#[derive(Clone, Debug)]
pub struct Till {
    /// The order's policy.
    pub policy: Policy,
    /// How far it goes.
    pub bounds: Bounds,
    /// What was met on the way.
    pub met: Arc<Met>,
    wishes: Wishes,
}

/// A step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Step {
    /// Time passes to the next moment at which anything differs.
    Time,
    /// A worker takes a task; `None` is the order's own.
    Claim(Option<Thing>),
    /// Somebody asks.
    Ask(Who),
    /// A piece of work loads the order, decides, and commits.
    Decide(usize),
    /// Somebody asks, and is overtaken before the first commit.
    AskSlowly(Who),
    /// A piece of work loads the order and decides, and is overtaken.
    Make(usize),
    /// A piece of work calls the channel.
    Send(usize, Option<Fault>),
    /// A piece of work hears of its call, decides, and commits.
    Hear(usize),
    /// The channel's notice about a flow comes in.
    Notice(u8),
    /// The payer scans what was handed out.
    Scan(u8),
    /// The payer pays.
    Pay(u8),
    /// The channel takes money for what it had closed.
    Contradict(u8),
    /// A code or a reversal arrives that was given up.
    Arrive(u8),
    /// Every process dies.
    Crash,
    /// The process behind one piece of work dies.
    CrashOne(usize),
}

impl Till {
    /// A model of an order with that policy, within those bounds.
    pub fn new(switch: Switch, late_payment: LatePayment, bounds: Bounds) -> Till {
        let wish = |way: Way| PayCommand {
            source: Source::Payer,
            way,
            account: AccountId::new(way.channel().name()),
            payer: None,
            auth_code: way.is_barcode().then(|| way.name().to_owned()),
            client_ip: None,
            notify_url: String::new(),
            return_url: None,
        };
        let back = RefundCommand {
            merchant_refund_no: "R".to_owned(),
            amount: money(BACK),
            reason: None,
        };
        Till {
            policy: Policy {
                switch,
                late_payment,
                flow_life: FLOW_LIFE,
            },
            bounds,
            met: Arc::default(),
            wishes: Wishes {
                pays: [WAYS[0], WAYS[1], CODES[0], CODES[1]].map(wish),
                refund: back,
            },
        }
    }

    fn order(&self) -> OrderState {
        let now = moment(0);
        let expires_at = now.plus(ORDER_LIFE);
        OrderState::new(Order {
            id: OrderId::new("ord_"),
            merchant: MerchantId::new(""),
            app: AppId::new(""),
            merchant_order_no: String::new(),
            amount: money(AMOUNT),
            subject: String::new(),
            body: None,
            client_ip: None,
            ways: Vec::new(),
            notify_url: None,
            return_url: None,
            metadata: BTreeMap::new(),
            policy: self.policy,
            token: CheckoutToken::new(""),
            created_at: now,
            expires_at,
            status: OrderStatus::Open,
            close_requested_at: None,
            closed: None,
            paid_by: None,
            paid_at: None,
            revision: 1,
            version: 0,
            next: Some(Next::first(Call::Expire, expires_at)),
        })
    }
}

fn money(fen: i64) -> Money {
    Money::from_fen(fen).unwrap_or(Money::ZERO)
}

impl Model for Till {
    type State = World;
    type Action = Step;

    fn init_states(&self) -> Vec<World> {
        vec![World::new(self.order(), self.bounds)]
    }

    fn actions(&self, world: &World, steps: &mut Vec<Step>) {
        work(world, steps);
        people(world, steps);
        channels(world, steps);
        time(world, steps);
    }

    fn next_state(&self, world: &World, step: Step) -> Option<World> {
        if let Step::Notice(place) = step {
            return self.notice(world, place);
        }
        let mut next = world.clone();
        if !self.take(&mut next, step) {
            return None;
        }
        next.seal();
        self.compare(world, &next);
        Some(next)
    }

    fn properties(&self) -> Vec<Property<Till>> {
        properties()
    }
}

/// What goes on with the work in flight.
fn work(world: &World, steps: &mut Vec<Step>) {
    let revision = world.order.order.revision;
    steps.extend(world.free_tasks().map(Step::Claim));
    for (place, work) in world.works.iter().enumerate() {
        match work.stage {
            Stage::Waiting(seen) if seen == revision => {}
            Stage::Waiting(_) | Stage::Deciding => steps.push(Step::Decide(place)),
            Stage::Hearing(..) => steps.push(Step::Hear(place)),
            Stage::Calling(thing, call) => {
                steps.push(Step::Send(place, None));
                if call == Call::Pay && is_code(world, thing) {
                    steps.push(Step::Send(place, Some(Fault::Asks)));
                }
                if world.left.faults > 0 {
                    let found = faults_of(world, thing, call);
                    steps.extend(found.iter().map(|fault| Step::Send(place, Some(*fault))));
                }
            }
        }
    }
    if world.left.overtaken > 0 {
        let made = |work: &Work| match work.stage {
            Stage::Hearing(..) | Stage::Deciding => work.made.is_none(),
            _ => false,
        };
        let places = world.works.iter().enumerate();
        steps.extend(places.filter(|(_, w)| made(w)).map(|(n, _)| Step::Make(n)));
    }
    if world.left.crashes > 0 && !world.works.is_empty() {
        steps.push(Step::Crash);
        if world.works.len() > 1 {
            steps.extend((0..world.works.len()).map(Step::CrashOne));
        }
    }
}

fn is_code(world: &World, thing: Thing) -> bool {
    let Thing::Flow(n) = thing else { return false };
    let flow = world.order.flows.get(usize::from(n));
    flow.is_some_and(|flow| flow.way().is_barcode())
}

fn faults_of(world: &World, thing: Thing, call: Call) -> &'static [Fault] {
    let flow = match thing {
        Thing::Flow(n) => {
            let n = usize::from(n);
            world.order.flows.get(n).zip(world.ledger.trades.get(n))
        }
        Thing::Refund(_) => None,
    };
    faults(call, flow, world.now())
}

/// What payers and the merchant may do.
fn people(world: &World, steps: &mut Vec<Step>) {
    let tabs = |work: &&Work| matches!(work.who, Who::Tab(..));
    let left = world.wishes_left();
    let mut asks = Vec::new();
    if left.pays > 0 && world.works.iter().filter(tabs).count() < 2 {
        asks.extend(WAYS.map(|way| Who::Tab(way, None)));
    }
    if left.codes > 0 && world.works.iter().filter(tabs).count() < 2 {
        asks.extend(CODES.map(|way| Who::Tab(way, None)));
    }
    asks.extend((left.closes > 0).then_some(Who::Closer));
    asks.extend((left.refunds > 0).then_some(Who::Refunder));
    asks.extend((left.checks > 0).then_some(Who::Checker));
    steps.extend(asks.iter().map(|who| Step::Ask(*who)));
    if left.overtaken > 0 {
        steps.extend(asks.iter().map(|who| Step::AskSlowly(*who)));
    }
    for ((place, flow), trade) in (0..).zip(&world.order.flows).zip(&world.ledger.trades) {
        let known = trade.handed || flow.way().is_barcode();
        if known && trade.is_payable(flow, world.now()) {
            steps.push(match trade.exists {
                true => Step::Pay(place),
                false => Step::Scan(place),
            });
        }
    }
}

/// What the channels may do by themselves. A notice may come at any time, twice,
/// late, or never.
fn channels(world: &World, steps: &mut Vec<Step>) {
    for ((place, flow), trade) in (0..).zip(&world.order.flows).zip(&world.ledger.trades) {
        let tells = match exists_at_creation(flow) {
            true => trade.paid.is_some(),
            false => trade.paid.is_some() || trade.is_closed(flow, world.now()),
        };
        if trade.coming > 0 || trade.going > 0 {
            steps.push(Step::Arrive(place));
        }
        if tells && sends_notices(flow) {
            steps.push(Step::Notice(place));
        }
        let shut = trade.closed && trade.handed;
        let unpaid = trade.paid.is_none() && (shut || is_denied(flow));
        if unpaid && world.left.contradictions > 0 {
            steps.push(Step::Contradict(place));
        }
    }
}

/// Whether the channel has refused a code, or did not know it past its end. What it has
/// taken back is left alone: money that is heard of then has gone back.
fn is_denied(flow: &Flow) -> bool {
    let is_over = matches!(flow.status, FlowStatus::Failed | FlowStatus::Expired);
    flow.way().is_barcode() && is_over
}

/// Time passes when there is nothing to do at the moment, or in spite of it.
fn time(world: &World, steps: &mut Vec<Step>) {
    let calm = is_calm(world);
    if (calm || world.left.delays > 0) && world.next_moment().is_some() {
        steps.push(Step::Time);
    }
}

fn is_calm(world: &World) -> bool {
    let revision = world.order.order.revision;
    world.works.iter().all(|work| work.is_waiting(revision)) && world.free_tasks().next().is_none()
}

impl Till {
    /// Takes a step. `false`: it changes nothing.
    fn take(&self, world: &mut World, step: Step) -> bool {
        match step {
            Step::Time => pass(world),
            Step::Claim(thing) => self.claim(world, thing),
            Step::Ask(who) => self.ask(world, who),
            Step::Decide(place) => {
                let work = world.works.remove(place);
                self.note_made(world, &work);
                self.note_if(matches!(work.stage, Stage::Waiting(_)), Situation::Waited);
                let reply = world.round(work, &self.wishes);
                self.note_if(in_progress(&reply), Situation::Refused);
                true
            }
            Step::AskSlowly(who) => {
                spend(world, who);
                world.left.overtaken = world.left.overtaken.saturating_sub(1);
                let mut work = Work::new(who);
                work.made = world.make(&work, &self.wishes);
                world.works.push(work);
                true
            }
            Step::Make(place) => {
                world.left.overtaken = world.left.overtaken.saturating_sub(1);
                let mut work = world.works.remove(place);
                work.made = world.make(&work, &self.wishes);
                world.works.push(work);
                true
            }
            Step::Send(place, fault) => self.send(world, place, fault),
            Step::Hear(place) => {
                let work = world.works.remove(place);
                self.note_made(world, &work);
                self.note_heard(world, &work);
                world.hear(work);
                true
            }
            Step::Notice(_) => false,
            Step::Scan(place) => change(world, place, |trade, _| trade.exists = true),
            Step::Pay(place) => change(world, place, |trade, tick| trade.paid = Some(tick)),
            Step::Contradict(place) => {
                world.left.contradictions = world.left.contradictions.saturating_sub(1);
                change(world, place, |trade, tick| {
                    trade.exists = true;
                    trade.paid = Some(tick);
                    trade.contradicted = true;
                })
            }
            Step::Arrive(place) => self.arrive(world, place),
            Step::Crash => {
                world.left.crashes = world.left.crashes.saturating_sub(1);
                world.works.clear();
                true
            }
            Step::CrashOne(place) => {
                world.left.crashes = world.left.crashes.saturating_sub(1);
                world.works.remove(place);
                true
            }
        }
    }

    /// What was given up arrives after all.
    fn arrive(&self, world: &mut World, place: u8) -> bool {
        let state = world.order.clone();
        let Some(flow) = state.flows.get(usize::from(place)) else {
            return false;
        };
        let now = world.now();
        let was = world.ledger.trades.get(usize::from(place)).copied();
        let arrived = world.ledger.arrive(place, flow, now);
        let is = world.ledger.trades.get(usize::from(place)).copied();
        let began = !was.is_some_and(|t| t.exists) && is.is_some_and(|t| t.exists);
        let wanted =
            flow.reverse_wanted_at.is_some() && flow.next.is_some_and(|n| n.call == Call::Query);
        self.note_if(began && wanted, Situation::CodeArrived);
        arrived
    }

    fn claim(&self, world: &mut World, thing: Option<Thing>) -> bool {
        if let Some(Thing::Flow(n)) = thing
            && world.is_lapsed(Thing::Flow(n))
            && let Some(flow) = world.order.flows.get(usize::from(n))
            && let Some(trade) = world.ledger.trades.get(usize::from(n))
            && flow.status == FlowStatus::Created
            && exists_at_creation(flow)
        {
            self.note_if(!trade.exists, Situation::CutBeforeCall);
            self.note_if(trade.exists, Situation::CutAfterCall);
        }
        if let Some(Thing::Flow(n)) = thing
            && let Some(flow) = world.order.flows.get(usize::from(n))
        {
            let is_pay = flow.next.is_some_and(|next| next.call == Call::Pay);
            self.note_if(is_pay && flow.way().is_barcode(), Situation::CodeCutOff);
        }
        world.claim(thing);
        true
    }

    /// A wish. What changes nothing is no step.
    fn ask(&self, world: &mut World, who: Who) -> bool {
        spend(world, who);
        let before = (world.order.clone(), world.ledger.clone(), world.works.len());
        let reply = world.round(Work::new(who), &self.wishes);
        self.note_if(in_progress(&reply), Situation::Refused);
        let same_rows = Arc::ptr_eq(&before.0, &world.order);
        !same_rows || before.1 != world.ledger || before.2 != world.works.len()
    }

    fn send(&self, world: &mut World, place: usize, fault: Option<Fault>) -> bool {
        let Some(Stage::Calling(thing, call)) = world.works.get(place).map(|work| work.stage)
        else {
            return false;
        };
        if fault.is_some_and(|fault| fault != Fault::Asks) {
            world.left.faults = world.left.faults.saturating_sub(1);
        }
        let heard = world.call(thing, call, fault);
        if let Some(work) = world.works.get_mut(place) {
            work.stage = Stage::Hearing(thing, call, heard, world.tick);
        }
        true
    }

    /// A notice; most tell nothing new.
    fn notice(&self, world: &World, place: u8) -> Option<World> {
        let n = usize::from(place);
        let flow = world.order.flows.get(n)?;
        let paid = world.ledger.trades.get(n)?.paid;
        let seen = match paid {
            Some(at) => Seen::Paid(payment(flow, at)),
            None => Seen::Closed,
        };
        let decision = world.decide(&Input::NoticedTrade(flow.no.clone(), seen));
        // A line of the journal tells of it, and nothing else changes.
        let told_only = |row: &Row| matches!(row, Row::Line(_) | Row::Order(_));
        if decision.rows.iter().all(told_only) {
            self.note_if(paid.is_some(), Situation::Repeated);
            return None;
        }
        self.note_if(paid.is_some(), Situation::ByNotice);
        let mut next = world.clone();
        next.commit(&decision);
        next.seal();
        self.compare(world, &next);
        Some(next)
    }

    fn note_if(&self, met: bool, situation: Situation) {
        if met {
            self.met.note(situation);
        }
    }

    /// The guard refuses a decision, or lets one pass that others have overtaken.
    fn note_made(&self, world: &World, work: &Work) {
        if let Some(made) = &work.made {
            let refused = made.revision != world.order.order.revision;
            self.note_if(refused, Situation::DecidedAgain);
            let again = world.make(work, &self.wishes);
            let others = again.is_some_and(|now| (now.held, now.tick) != (made.held, made.tick));
            self.note_if(!refused && others, Situation::Overtaken);
        }
    }

    fn note_heard(&self, world: &World, work: &Work) {
        let Stage::Hearing(Thing::Flow(n), _, heard, _) = work.stage else {
            return;
        };
        let flow = world.order.flows.get(usize::from(n));
        let unsettled = flow.is_some_and(|flow| !flow.status.is_settled());
        let paid = world
            .ledger
            .trades
            .get(usize::from(n))
            .is_some_and(|trade| trade.paid.is_some());
        match heard {
            Heard::Close(Closed::NotAllowed) => self.note_if(paid, Situation::CloseLost),
            Heard::Close(Closed::TooEarly) => self.met.note(Situation::TooEarly),
            Heard::Paid(_) => self.note_if(unsettled, Situation::ByQuery),
            _ => {}
        }
    }

    /// Notes what has become of a code.
    fn note_code(&self, after: &World, was: &Flow, is: &Flow) {
        if !is.way().is_barcode() || was.status == is.status {
            return;
        }
        let place = after.order.flows.iter().position(|flow| flow.no == is.no);
        let Some(trade) = place.and_then(|n| after.ledger.trades.get(n)) else {
            return;
        };
        match (was.status, is.status) {
            (FlowStatus::Failed | FlowStatus::Expired, FlowStatus::Paid) => {
                match after.order.order.status {
                    OrderStatus::Open => self.met.note(Situation::CodeLate),
                    OrderStatus::Paid if after.order.order.paid_by.as_ref() == Some(&is.no) => {
                        self.met.note(Situation::CodeLateAccepted);
                    }
                    _ => {}
                }
            }
            (_, FlowStatus::Paid) if trade.kept => self.met.note(Situation::CodeKept),
            (FlowStatus::Created, FlowStatus::Paid) => self.met.note(Situation::CodeAtOnce),
            (FlowStatus::Live, FlowStatus::Paid) => self.met.note(Situation::CodeWaited),
            (_, FlowStatus::Failed) => self.met.note(Situation::CodeRefused),
            (_, FlowStatus::Closed) if trade.reversed => self.met.note(Situation::PaidBack),
            (_, FlowStatus::Closed) => self.met.note(Situation::TakenBack),
            _ => {}
        }
    }

    /// Notes what a step has brought about.
    fn compare(&self, before: &World, after: &World) {
        if Arc::ptr_eq(&before.order, &after.order) {
            return;
        }
        self.note_if(payable(after) > 1, Situation::Overlap);
        let (old, new) = (&before.order, &after.order);
        for (was, is) in old.flows.iter().zip(&new.flows) {
            let became = |status| was.status != status && is.status == status;
            let refused = was.superseded_at.is_some() || was.close_refused_at.is_some();
            let ali = !exists_at_creation(is);
            let settled = matches!(
                is.status,
                FlowStatus::Live | FlowStatus::Paid | FlowStatus::Closed
            );
            let unknown = was.status == FlowStatus::Unknown;
            self.note_if(unknown && settled, Situation::UnknownFlowKnown);
            self.note_if(became(FlowStatus::Expired), Situation::FlowExpired);
            self.note_if(became(FlowStatus::Failed), Situation::FlowFailed);
            self.note_code(after, was, is);
            let surprise = became(FlowStatus::Paid) && refused && ali;
            self.note_if(surprise, Situation::UnknownTradePaid);
        }
        for (was, is) in old.refunds.iter().zip(&new.refunds) {
            if was.status == is.status || is.status != RefundStatus::Succeeded {
                continue;
            }
            let unknown = was.status == RefundStatus::Unknown;
            self.note_if(unknown, Situation::UnknownRefundKnown);
            self.met
                .note(match new.capture(&is.capture).map(|c| c.kind) {
                    Some(CaptureKind::Surplus) => Situation::SurplusReturned,
                    Some(CaptureKind::Late) => Situation::LateReturned,
                    _ => Situation::Refunded,
                });
        }
        let (was, is) = (&old.order, &new.order);
        let expired = matches!(is.closed, Some((_, CloseReason::Expired)));
        self.note_if(was.closed.is_none() && expired, Situation::OrderExpired);
        let accepted = was.status == OrderStatus::Closed && is.status == OrderStatus::Paid;
        self.note_if(accepted, Situation::LateAccepted);
        let about = |work: &Work| match work.stage {
            Stage::Calling(thing, _) | Stage::Hearing(thing, ..) => Some(thing),
            _ => None,
        };
        let mut things: Vec<Thing> = after.works.iter().filter_map(about).collect();
        things.sort_unstable();
        let twice = things.windows(2).any(|pair| pair.first() == pair.last());
        self.note_if(twice, Situation::TwoCalls);
    }
}

fn spend(world: &mut World, who: Who) {
    let left = &mut world.left;
    let count = match who {
        Who::Tab(way, _) if way.is_barcode() => &mut left.codes,
        Who::Tab(..) => &mut left.pays,
        Who::Closer => &mut left.closes,
        Who::Refunder => &mut left.refunds,
        _ => &mut left.checks,
    };
    *count = count.saturating_sub(1);
}

fn in_progress(reply: &Reply) -> bool {
    use cashier::command::Refusal::PaymentInProgress;
    matches!(reply, Reply::No(PaymentInProgress { .. }))
}

fn change(world: &mut World, place: u8, how: impl FnOnce(&mut crate::channel::Trade, u8)) -> bool {
    let tick = world.tick;
    let trade = of(&mut world.ledger.trades, place);
    trade.map(|trade| how(trade, tick)).is_some()
}

/// Time passes; who waited for others has lost patience.
fn pass(world: &mut World) -> bool {
    let Some(tick) = world.next_moment() else {
        return false;
    };
    if !is_calm(world) {
        world.left.delays = world.left.delays.saturating_sub(1);
    }
    let revision = world.order.order.revision;
    world.works.retain(|work| !work.is_waiting(revision));
    world.tick = tick;
    world.ledger.finish_refunds();
    world.ledger.lose();
    true
}

/// Few, because the checker looks each of them up in every state: which law
/// was broken, and what was met how often, is said by [`laws`] and [`Met`].
fn properties() -> Vec<Property<Till>> {
    vec![
        Property::always(EVERY_LAW, |_, world: &World| {
            laws::LAWS.iter().all(|(_, kept)| kept(world))
        }),
        Property::always(AT_REST, |_, world: &World| {
            !world.is_quiet() || at_rest(world)
        }),
        Property::eventually(TO_REST, |_, world: &World| world.is_quiet()),
        Property::sometimes(NOT_IN_VAIN, |till: &Till, _| {
            till.met.is_complete(|situation| till.expects(situation))
        }),
    ]
}

impl Till {
    /// Whether a situation can come about under the policy and within the bounds.
    pub fn expects(&self, situation: Situation) -> bool {
        let bounds = &self.bounds;
        let strict = self.policy.switch == Switch::Strict;
        let accept = self.policy.late_payment == LatePayment::Accept;
        if bounds.codes > 0 {
            return self.expects_of_codes(situation);
        }
        match situation {
            Situation::CodeAtOnce
            | Situation::CodeWaited
            | Situation::CodeRefused
            | Situation::TakenBack
            | Situation::PaidBack
            | Situation::CodeArrived
            | Situation::CodeKept
            | Situation::CodeCutOff
            | Situation::CodeLate
            | Situation::CodeLateAccepted => false,
            Situation::Overlap => !strict && bounds.pays > 1,
            Situation::SurplusReturned => bounds.pays > 1 && (!strict || bounds.contradictions > 0),
            Situation::LateReturned => !accept && bounds.contradictions > 0,
            Situation::LateAccepted => accept && bounds.contradictions > 0,
            Situation::CutBeforeCall | Situation::CutAfterCall => bounds.crashes > 0,
            Situation::UnknownFlowKnown | Situation::FlowFailed | Situation::TooEarly => {
                bounds.faults > 0
            }
            Situation::UnknownRefundKnown => {
                let back = [Situation::SurplusReturned, Situation::LateReturned];
                let refunds = bounds.refunds > 0 || back.iter().any(|s| self.expects(*s));
                bounds.faults > 0 && refunds
            }
            Situation::TwoCalls => bounds.pays > 1,
            Situation::Refunded => bounds.refunds > 0,
            Situation::DecidedAgain | Situation::Overtaken => bounds.overtaken > 0,
            Situation::Waited | Situation::Refused | Situation::UnknownTradePaid => bounds.pays > 1,
            _ => true,
        }
    }
    /// The scopes of codes are about codes; the other situations have their own.
    fn expects_of_codes(&self, situation: Situation) -> bool {
        let bounds = &self.bounds;
        let accept = self.policy.late_payment == LatePayment::Accept;
        let denied = bounds.contradictions > 0 && bounds.faults > 0;
        match situation {
            Situation::CodeLate | Situation::LateReturned => denied && !accept,
            Situation::CodeLateAccepted => denied && accept,
            Situation::CodeAtOnce
            | Situation::CodeWaited
            | Situation::TakenBack
            | Situation::PaidBack => true,
            Situation::CodeRefused | Situation::CodeKept => bounds.faults > 0,
            Situation::CodeArrived => bounds.faults > 0 && (bounds.closes > 0 || bounds.pays > 0),
            Situation::CodeCutOff => bounds.crashes > 0,
            _ => false,
        }
    }
}

//! One seed, from the beginning to the verdict: faults, then calm, then rest, and
//! what must hold at rest.

use crate::actor::{attacker, clerk, merchant, nature, operator};
use crate::exec::Group;
use crate::plan::Plan;
use crate::sight::{Met, Outcome};
use crate::world::World;
use cashier::audit::{self, Formula};
use cashier::exception::ExceptionKind;
use cashier::id::FlowNo;
use cashier::time::Span;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, PoisonError};

/// The longest that a world may take to come to rest: bills, and a merchant who is
/// down for days, included.
const HORIZON: Span = Span::minutes(12 * 24 * 60);

/// More steps than any world needs that comes to rest.
const MOST_STEPS: u64 = 400_000;

/// A payment is found within a minute and one call.
const FOUND_WITHIN: Span = Span::seconds(60 + 12);

/// Lives through a seed. A panic is a breach like any other.
pub fn run(seed: u64, plan: &Plan, keep: bool) -> Outcome {
    let world = World::new(seed, plan.clone(), keep);
    let lived = catch_unwind(AssertUnwindSafe(|| live(&world)));
    if lived.is_err() {
        let now = world.exec.now();
        world
            .sight
            .broken(now, Formula::A22, "the program", "it panicked");
    }
    world.end();
    let mut outcome = world.sight.finish();
    outcome.steps = world.exec.steps();
    outcome
}

fn live(world: &Arc<World>) {
    let plan = world.plan();
    world.begin();
    nature::begin(world);
    for number in 0..plan.orders {
        world
            .exec
            .spawn(Group::World, merchant::sell(world.clone(), number));
    }
    if plan.attacker {
        world
            .exec
            .spawn(Group::World, attacker::attack(world.clone()));
    }
    if plan.impostor {
        world
            .exec
            .spawn(Group::World, attacker::impersonate(world.clone()));
    }
    if plan.operator {
        world
            .exec
            .spawn(Group::World, operator::work(world.clone()));
    }
    world
        .exec
        .spawn(Group::World, clerk::bring_bills(world.clone()));
    let end = world.exec.now().plus(HORIZON);
    let rests = world.exec.run(end, MOST_STEPS);
    if !rests {
        let (now, steps) = (world.exec.now(), world.exec.steps());
        let due = world.memory.next_due();
        let detail =
            format!("it has not come to rest after {steps} steps; due at {due:?} of {now:?}");
        world.sight.broken(now, Formula::Q10, "the world", detail);
    }
    if world.sight.is_broken() {
        return;
    }
    verdict(world, &plan);
}

/// Everything that must hold at rest.
fn verdict(world: &Arc<World>, plan: &Plan) {
    let (now, theirs) = (world.exec.now(), world.channel_time());
    let orders = world.memory.orders();
    let bank = world.bank.books();
    let received = world
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    let mut breaches = Vec::new();
    let mut known = Vec::new();
    for state in &orders {
        let of_order = world.memory.audit(&state.order.id, |books| {
            known.extend(books.events.iter().map(|event| event.id.clone()));
            let mut breaches = audit::rows::check(books);
            breaches.extend(audit::ledger::check(books, &bank.ledger, theirs));
            breaches.extend(audit::rest::check(books));
            breaches.extend(audit::rest::check_ledger(books, &bank.ledger));
            breaches.extend(audit::receipts::check(books, &received, true));
            breaches
        });
        breaches.extend(of_order.unwrap_or_default());
    }
    let mut ours = bank.ledger.clone();
    ours.refunds.retain(|no, _| !bank.external.contains(no));
    breaches.extend(audit::ledger::check_all(&orders, &ours, true));
    breaches.extend(audit::receipts::check_unknown(&known, &received));
    drop(bank);
    for breach in breaches {
        world.sight.breach(now, breach);
    }
    world.nobody_is_cheated();
    reversals_alarm_nobody(world);
    external_refunds_are_reported(world);
    everything_is_heard(world);
    found_in_time(world, plan);
    long_outage(world, plan);
}

/// Q5: what a channel has taken back because Till wanted it is no refund by hand.
fn reversals_alarm_nobody(world: &World) {
    let reversed = world.bank.books().reversed_at.clone();
    let orders = world.memory.orders();
    let exceptions = orders.iter().flat_map(|state| &state.exceptions);
    let refunds = exceptions.filter(|known| known.kind == ExceptionKind::ExternalRefund);
    for exception in refunds {
        if reversed.contains_key(&FlowNo::new(exception.subject.clone())) {
            let (now, row) = (world.exec.now(), format!("exceptions {}", exception.id));
            let detail = "a person is told of a refund that is Till's own reversal";
            world.sight.broken(now, Formula::Q5, row, detail);
        }
    }
}

/// F85: what was refunded by hand is seen by a person.
fn external_refunds_are_reported(world: &World) {
    let orders = world.memory.orders();
    for refund in &world.bank.books().external {
        let reported = orders
            .iter()
            .flat_map(|state| &state.exceptions)
            .any(|exception| {
                exception.kind == ExceptionKind::ExternalRefund
                    && exception.subject == refund.as_str()
            });
        if !reported {
            let (now, row) = (world.exec.now(), format!("refund {refund}"));
            world
                .sight
                .broken(now, Formula::Q5, row, "made by hand, and nobody is told");
        }
    }
}

/// Q4: no merchant is down for as long as the schedule of deliveries lasts, so each has
/// heard everything.
fn everything_is_heard(world: &World) {
    let received = world
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    for event in world.memory.events() {
        if !received.contains_key(&event.id) {
            let (now, row) = (world.exec.now(), format!("events {}", event.id));
            let detail = "its merchant was up again in time and has never heard it";
            world.sight.broken(now, Formula::Q4, row, detail);
        }
    }
}

/// Q6, in worlds whose channels and nodes are sound: even without any notice. A
/// payment that was found without a notice was found by a query or the bill.
fn found_in_time(world: &World, plan: &Plan) {
    let found = world
        .found
        .lock()
        .unwrap_or_else(PoisonError::into_inner)
        .clone();
    for (flow, paid_at) in &world.bank.books().paid_at {
        let Some(found) = found.get(flow) else {
            continue;
        };
        if plan.notice_lost == 1000 && !found.by_bill {
            world.sight.met(Met::FoundByQuery);
        }
        let late = found.at.since(*paid_at) > FOUND_WITHIN;
        if plan.is_sound() && late && !is_contradicted(world, flow) {
            let row = format!("flows {flow}");
            let detail = format!(
                "paid for {} s before it was found",
                found.at.since(*paid_at).as_millis() / 1000
            );
            world.sight.broken(found.at, Formula::Q6, row, detail);
        }
    }
}

fn is_contradicted(world: &World, flow: &FlowNo) -> bool {
    // The books are held by the caller; what was contradicted had an exception.
    world.memory.orders().iter().any(|state| {
        state.flow(flow).is_some()
            && state
                .exceptions
                .iter()
                .any(|exception| exception.kind == ExceptionKind::LatePayment)
    })
}

/// K14: a merchant that was down for more than a day has heard everything.
fn long_outage(world: &World, plan: &Plan) {
    let back = *world
        .merchant_back
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    if !plan.merchant_down {
        return;
    }
    let received = world
        .received
        .lock()
        .unwrap_or_else(PoisonError::into_inner);
    let outlasted = world.memory.events().iter().any(|event| {
        back.since(event.created_at) > Span::minutes(24 * 60) && received.contains_key(&event.id)
    });
    if outlasted {
        world.sight.met(Met::LongOutage);
    }
}

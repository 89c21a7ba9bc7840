//! What a state is known by: everything that a later step or a law can depend
//! on, and nothing else.

use crate::channel::Heard;
use crate::time::tick;
use crate::work::{Stage, Thing, Who, Work, place_of};
use crate::world::World;
use cashier::channel::{Closed, Refunded, Reversed};
use cashier::flow::Flow;
use cashier::order::CloseReason;
use cashier::refund::Refund;
use cashier::task::{Call, Next};
use cashier::time::Timestamp;
use cashier::way::Way;

/// A number that no place, tick or kind has.
const NONE: u8 = 255;

/// The key of a state.
pub fn of(world: &World) -> Vec<u8> {
    let mut key = Vec::with_capacity(128);
    let now = world.now();
    key.extend([world.tick, u8::from(world.broken.is_some())]);
    left(&mut key, world);
    order(&mut key, world);
    key.push(small(world.order.flows.len()));
    for (flow, trade) in world.order.flows.iter().zip(&world.ledger.trades) {
        flow_key(&mut key, flow, now);
        // Only who can still pay with it cares whether it was handed out.
        let opens =
            trade.is_payable(flow, now) || (trade.paid.is_none() && world.left.contradictions > 0);
        key.push(bits(&[
            trade.handed && opens,
            trade.exists,
            trade.paid.is_some(),
            trade.closed,
            trade.refused,
            trade.contradicted,
            trade.reversed,
            trade.kept,
        ]));
        key.push(trade.coming * 4 + trade.going);
    }
    key.push(small(world.order.captures.len()));
    for capture in &world.order.captures {
        let flow = place_of(&world.order, &capture.flow_no).unwrap_or(NONE);
        key.extend([flow, capture.kind as u8]);
    }
    key.push(small(world.order.refunds.len()));
    for (refund, returned) in world.order.refunds.iter().zip(&world.ledger.returned) {
        refund_key(&mut key, world, refund);
        key.push(returned.map_or(2, |returned| u8::from(returned.done)));
    }
    exceptions(&mut key, world);
    works(&mut key, world);
    key
}

/// What may still happen, as far as it would change anything.
fn left(key: &mut Vec<u8>, world: &World) {
    let left = world.wishes_left();
    key.extend([
        left.pays,
        left.codes,
        left.closes,
        left.refunds,
        left.checks,
        left.faults,
        left.crashes,
        left.delays,
        left.contradictions,
        left.overtaken,
    ]);
}

fn order(key: &mut Vec<u8>, world: &World) {
    let order = &world.order.order;
    let paid_by = order.paid_by.as_ref();
    key.extend([
        order.status as u8,
        u8::from(order.close_requested_at.is_some()),
        match order.closed {
            None => 0,
            Some((_, CloseReason::Requested)) => 1,
            Some((_, CloseReason::Expired)) => 2,
        },
        paid_by
            .and_then(|no| place_of(&world.order, no))
            .unwrap_or(NONE),
        u8::try_from(order.version).unwrap_or(NONE),
    ]);
    next(key, order.next, world.now(), 1);
}

fn flow_key(key: &mut Vec<u8>, flow: &Flow, now: Timestamp) {
    let just_now = |at: Option<Timestamp>| at == Some(now);
    key.extend([
        number(flow.way()),
        flow.status as u8,
        tick(flow.expires_at()),
        bits(&[
            flow.action.is_some(),
            flow.superseded_at.is_some(),
            just_now(flow.close_refused_at),
            just_now(flow.asked_at),
            flow.claimed.is_some(),
            flow.created_at == now,
            flow.reverse_wanted_at.is_some(),
        ]),
    ]);
    next(key, flow.next, now, 1);
}

fn refund_key(key: &mut Vec<u8>, world: &World, refund: &Refund) {
    let captures = &world.order.captures;
    let capture = captures.iter().position(|c| c.id == refund.capture);
    // The pause between two refunds counts from here; one of Till's own is
    // the only one of its capture.
    let asked = match refund.is_automatic() {
        true => NONE,
        false => tick(refund.created_at),
    };
    key.extend([
        capture.map_or(NONE, small),
        asked,
        refund.status as u8,
        u8::from(refund.detail.is_some()),
    ]);
    next(key, refund.next, world.now(), 6);
}

/// A task. What is overdue is as overdue as anything; of the number of attempts
/// only whether it has reached `most` is ever looked at.
fn next(key: &mut Vec<u8>, next: Option<Next>, now: Timestamp, most: u32) {
    let Some(next) = next else {
        key.push(NONE);
        return;
    };
    let ahead = |at: Timestamp| tick(at.max(now)).saturating_sub(tick(now));
    key.extend([
        next.call as u8,
        ahead(next.due),
        u8::try_from(next.attempt.min(most)).unwrap_or(NONE),
        ahead(next.leased_until),
    ]);
}

fn exceptions(key: &mut Vec<u8>, world: &World) {
    let mut known: Vec<[u8; 3]> = world
        .order
        .exceptions
        .iter()
        .map(|exception| {
            let subject = exception.subject.as_bytes();
            let (first, last) = (subject.first(), subject.last());
            let or_none = |byte: Option<&u8>| byte.copied().unwrap_or(NONE);
            [exception.kind as u8, or_none(first), or_none(last)]
        })
        .collect();
    known.sort_unstable();
    key.push(small(known.len()));
    key.extend(known.iter().flatten());
}

/// The work in flight is a heap: whose it is matters, not in which order it is
/// listed.
fn works(key: &mut Vec<u8>, world: &World) {
    let revision = world.order.order.revision;
    let mut works: Vec<[u8; 13]> = world
        .works
        .iter()
        .map(|work| work_key(work, revision))
        .collect();
    works.sort_unstable();
    key.extend(works.iter().flatten());
}

fn work_key(work: &Work, revision: u32) -> [u8; 13] {
    let (who, mine) = match work.who {
        Who::Worker => (0, NONE),
        Who::Timer => (1, NONE),
        Who::Closer => (2, NONE),
        Who::Refunder => (3, NONE),
        Who::Checker => (4, NONE),
        Who::Tab(way, mine) => (5 + number(way), mine.unwrap_or(NONE)),
    };
    let (stage, about, call, heard) = match work.stage {
        Stage::Waiting(seen) if seen == revision => (3, NONE, 0, 0),
        Stage::Waiting(_) | Stage::Deciding => (0, NONE, 0, 0),
        Stage::Calling(about, call) => (1, place(about), call as u8, 0),
        Stage::Hearing(about, call, heard, _) => (2, place(about), call as u8, word(heard)),
    };
    // The next round begins with a fresh count, and with nothing left to call.
    let called = matches!(stage, 1 | 2);
    let rest = work.rest.iter().fold(0_u8, |rest, thing| {
        rest.wrapping_mul(16).wrapping_add(place(*thing) + 1)
    });
    let count = if called { work.left } else { 0 };
    let again = u8::from(called && work.again);
    // When it was asked matters to the answers of a query only.
    let asked = match work.stage {
        Stage::Hearing(_, Call::Query, _, asked) => asked,
        _ => NONE,
    };
    // A decision that the guard will refuse is as good as none.
    let made = work.made.as_ref().filter(|made| made.revision == revision);
    let [high, low] = made.map_or(0, |made| made.held).to_be_bytes();
    let tick = made.map_or(NONE, |made| made.tick);
    [
        who, mine, stage, about, call, heard, rest, count, again, asked, high, low, tick,
    ]
}

/// A way, by its place among all.
fn number(way: Way) -> u8 {
    Way::ALL
        .iter()
        .position(|known| *known == way)
        .map_or(NONE, small)
}

fn place(thing: Thing) -> u8 {
    match thing {
        Thing::Flow(n) => n,
        Thing::Refund(n) => n + 8,
    }
}

fn word(heard: Heard) -> u8 {
    match heard {
        Heard::Issued => 0,
        Heard::AlreadyPaid => 1,
        Heard::Refused => 2,
        Heard::NotFound => 3,
        Heard::Waiting => 4,
        Heard::Closed => 5,
        Heard::Paid(_) => 6,
        Heard::Close(Closed::Confirmed) => 7,
        Heard::Close(Closed::NotFound) => 8,
        Heard::Close(Closed::TooEarly) => 9,
        Heard::Close(Closed::NotAllowed) => 10,
        Heard::Refund(Refunded::NotFound) => 11,
        Heard::Refund(Refunded::Processing) => 12,
        Heard::Refund(Refunded::Succeeded) => 13,
        Heard::Refund(Refunded::Closed) => 14,
        Heard::Refund(Refunded::Abnormal) => 15,
        Heard::NotSent => 16,
        Heard::Unknown => 17,
        Heard::Returned(_) => 18,
        Heard::Reverse(Reversed::Confirmed) => 19,
        Heard::Reverse(Reversed::NotFound) => 20,
        Heard::Reverse(Reversed::Again) => 21,
    }
}

fn bits(flags: &[bool]) -> u8 {
    flags
        .iter()
        .fold(0, |bits, flag| bits << 1 | u8::from(*flag))
}

fn small(count: usize) -> u8 {
    u8::try_from(count).unwrap_or(NONE)
}

//! What must hold in every state and in every step, however the run went. The
//! channels' books are the measure, never our own rows alone.

use crate::channel::Ledger;
use crate::channel::Trade;
use crate::time::RHYTHM;
use crate::world::World;
use cashier::audit;
use cashier::capture::{Capture, CaptureKind};
use cashier::event::EventKind;
use cashier::flow::{Flow, FlowStatus};
use cashier::money::Money;
use cashier::order::OrderStatus;
use cashier::policy::Switch;
use cashier::refund::{Refund, RefundStatus};
use cashier::state::{OrderState, Row};

/// A law, and whether a state keeps it.
pub type Law = (&'static str, fn(&World) -> bool);

/// Every law about states.
pub const LAWS: [Law; 16] = [
    ("no step breaks a rule", |world| world.broken.is_none()),
    ("paid means one winner of the exact amount", one_winner),
    ("what we took, the channel took", captures_are_true),
    ("an order has one try in progress", one_try),
    ("two flows can be paid only as a recorded overlap", overlap),
    ("what can be paid is watched", watched),
    ("closed means closed at the channel", closed_is_closed),
    ("expired means past its end and margin", expired_is_over),
    ("failed means refused by the channel", failed_is_refused),
    (
        "who was told that their code paid nothing has paid nothing",
        told_no,
    ),
    ("no more goes back than came, in our rows", cap_in_rows),
    (
        "no more goes back than came, at the channel",
        cap_at_channel,
    ),
    ("what goes back has one number and one row", one_number),
    ("whoever is not settled has a task, and nobody else", tasks),
    (
        "a closed order cannot be paid with what was handed out",
        closed_order,
    ),
    ("what is not at rest goes on by itself", goes_on),
];

fn pairs(world: &World) -> impl Iterator<Item = (&Flow, &Trade)> {
    world.order.flows.iter().zip(&world.ledger.trades)
}

fn trade_of<'a>(state: &OrderState, ledger: &'a Ledger, capture: &Capture) -> Option<&'a Trade> {
    let place = state.flows.iter().position(|f| f.no == capture.flow_no)?;
    ledger.trades.get(place)
}

fn one_winner(world: &World) -> bool {
    let state = &world.order;
    let mut winners = state
        .captures
        .iter()
        .filter(|capture| capture.kind == CaptureKind::Winner);
    let (first, second) = (winners.next(), winners.next());
    match (state.order.status, first, second) {
        (OrderStatus::Paid, Some(winner), None) => {
            winner.amount == state.order.amount
                && state.order.paid_by.as_ref() == Some(&winner.flow_no)
        }
        (OrderStatus::Open | OrderStatus::Closed, None, None) => state.order.paid_by.is_none(),
        _ => false,
    }
}

fn captures_are_true(world: &World) -> bool {
    let state = &world.order;
    let believed = state.captures.iter().all(|capture| {
        let trade = trade_of(state, &world.ledger, capture);
        let flow = state.flow(&capture.flow_no);
        trade.is_some_and(Trade::is_held)
            && flow.is_some_and(|flow| {
                flow.status == FlowStatus::Paid && flow.amount() == capture.amount
            })
    });
    let once = state.flows.iter().all(|flow| {
        let of_flow = |capture: &&Capture| capture.flow_no == flow.no;
        let count = state.captures.iter().filter(of_flow).count();
        count == usize::from(flow.status == FlowStatus::Paid)
    });
    believed && once
}

fn one_try(world: &World) -> bool {
    world
        .order
        .flows
        .iter()
        .filter(|flow| flow.is_current())
        .count()
        <= 1
}

/// Whether the payer's side can have got it and could pay it now.
fn is_open(world: &World, flow: &Flow, trade: &Trade) -> bool {
    let left = flow.action.is_some() || flow.way().is_barcode();
    left && trade.is_payable(flow, world.now())
}

/// How many flows could be paid now.
pub fn payable(world: &World) -> usize {
    pairs(world)
        .filter(|(flow, trade)| is_open(world, flow, trade))
        .count()
}

fn overlap(world: &World) -> bool {
    let unrecorded = pairs(world)
        .filter(|(flow, trade)| is_open(world, flow, trade) && flow.superseded_at.is_none())
        .count();
    let strict = world.order.order.policy.switch == Switch::Strict;
    unrecorded <= 1 && (!strict || payable(world) <= 1)
}

fn watched(world: &World) -> bool {
    pairs(world).all(|(flow, trade)| {
        !is_open(world, flow, trade) || (!flow.status.is_settled() && flow.next.is_some())
    })
}

fn closed_is_closed(world: &World) -> bool {
    pairs(world).all(|(flow, trade)| {
        flow.status != FlowStatus::Closed || trade.is_closed(flow, world.now())
    })
}

fn expired_is_over(world: &World) -> bool {
    let now = world.now();
    pairs(world).all(|(flow, trade)| {
        let over = now >= flow.expires_at().plus(RHYTHM.margin);
        flow.status != FlowStatus::Expired || (over && !trade.is_payable(flow, now))
    })
}

fn failed_is_refused(world: &World) -> bool {
    pairs(world).all(|(flow, trade)| flow.status != FlowStatus::Failed || trade.refused)
}

/// Whoever shows a code is told at the counter, and goes. What the channel takes against
/// its own word, nobody can know before it says so.
fn told_no(world: &World) -> bool {
    pairs(world).all(|(flow, trade)| {
        let is_over = flow.status.is_settled() && flow.status != FlowStatus::Paid;
        let told = flow.way().is_barcode() && is_over;
        let held = trade.is_held() && !trade.contradicted;
        !told || !(held || trade.is_payable(flow, world.now()))
    })
}

fn cap_in_rows(world: &World) -> bool {
    let state = &world.order;
    state
        .captures
        .iter()
        .all(|capture| state.held(&capture.id) <= capture.amount)
}

fn cap_at_channel(world: &World) -> bool {
    let state = &world.order;
    pairs(world).all(|(flow, trade)| {
        let back = state.refunds.iter().zip(&world.ledger.returned);
        let of_flow = back.filter(|(refund, _)| refund.request.flow_no == flow.no);
        let sum = Money::sum(of_flow.filter_map(|(_, returned)| returned.map(|r| r.amount)));
        let taken = match trade.is_held() {
            true => flow.amount(),
            false => Money::ZERO,
        };
        sum.is_some_and(|sum| sum <= taken)
    })
}

fn one_number(world: &World) -> bool {
    let state = &world.order;
    let told = state
        .refunds
        .iter()
        .zip(&world.ledger.returned)
        .all(|(refund, returned)| {
            let same = returned.is_none_or(|returned| returned.amount == refund.amount());
            let done = returned.is_some_and(|returned| returned.done);
            same && (refund.status != RefundStatus::Succeeded || done)
        });
    // Money that should not have come goes back whole, under one number.
    let surplus = state
        .captures
        .iter()
        .filter(|c| matches!(c.kind, CaptureKind::Surplus | CaptureKind::Late));
    let once = surplus.clone().all(|capture| {
        let mut refunds = state.refunds.iter().filter(|r| r.capture == capture.id);
        let whole = |refund: &Refund| refund.is_automatic() && refund.amount() == capture.amount;
        refunds.next().is_some_and(whole) && refunds.next().is_none()
    });
    let automatic = state.refunds.iter().filter(|refund| refund.is_automatic());
    told && once && automatic.count() == surplus.count()
}

fn tasks(world: &World) -> bool {
    let state = &world.order;
    let flows = state
        .flows
        .iter()
        .all(|flow| flow.next.is_some() != flow.status.is_settled());
    let refunds = state
        .refunds
        .iter()
        .all(|refund| refund.next.is_some() != refund.status.is_settled());
    let over = world.now() >= state.order.expires_at;
    let order = match (state.order.status, state.order.next) {
        // Past its end it waits for its flows.
        (OrderStatus::Open, None) => over && state.flows.iter().any(|f| !f.status.is_settled()),
        (OrderStatus::Open, Some(_)) => true,
        (_, next) => next.is_none(),
    };
    flows && refunds && order
}

fn closed_order(world: &World) -> bool {
    let state = &world.order;
    state.order.status != OrderStatus::Closed
        || (state.flows.iter().all(|flow| flow.status.is_settled()) && payable(world) == 0)
}

/// Without anybody's help: somebody works, or may take a task, or will later.
fn goes_on(world: &World) -> bool {
    let revision = world.order.order.revision;
    world.is_quiet()
        || world.works.iter().any(|work| !work.is_waiting(revision))
        || world.free_tasks().next().is_some()
        || world.next_moment().is_some()
}

/// At rest, the channels hold exactly what the order says: nothing, or its
/// amount less what the merchant gave back. What a channel took against its own
/// word, and has told nobody yet, is known to nobody.
pub fn at_rest(world: &World) -> bool {
    let state = &world.order;
    let unheard = |flow: &Flow, trade: &Trade| {
        trade.contradicted && !state.captures.iter().any(|c| c.flow_no == flow.no)
    };
    let taken = pairs(world)
        .filter(|(flow, trade)| trade.is_held() && !unheard(flow, trade))
        .map(|(flow, _)| flow.amount().fen())
        .sum::<i64>();
    let back = world.ledger.returned.iter().flatten();
    let back = back.map(|returned| returned.amount.fen()).sum::<i64>();
    let wanted =
        |refund: &&Refund| !refund.is_automatic() && refund.status == RefundStatus::Succeeded;
    let given = state.refunds.iter().filter(wanted);
    let owed = match state.order.status {
        OrderStatus::Open => return false,
        OrderStatus::Closed => 0,
        OrderStatus::Paid => {
            state.order.amount.fen() - given.map(|refund| refund.amount().fen()).sum::<i64>()
        }
    };
    let settled = state.flows.iter().all(|flow| flow.status.is_settled())
        && state
            .refunds
            .iter()
            .all(|refund| refund.status.is_settled());
    settled && taken - back == owed
}

/// The rule that a step breaks, if any.
pub fn step(
    before: &OrderState,
    after: &OrderState,
    rows: &[Row],
    ledger: &Ledger,
) -> Option<&'static str> {
    let rules = [
        (
            "every commit counts the revision up by one",
            after.order.revision == before.order.revision + 1,
        ),
        ("paid is final", paid_is_final(before, after)),
        (
            "a settled flow stays so, or is paid",
            settled_stays(before, after),
        ),
        (
            "unknown never becomes failed",
            unknown_never_fails(before, after),
        ),
        (
            "a capture is never edited",
            after.captures.starts_with(&before.captures),
        ),
        (
            "money counts if it came in time, and goes back if it did not",
            counts_in_time(before, after),
        ),
        (
            "one event for each version, without a gap",
            versions(before, after, rows),
        ),
        (
            "a change of the order is told in the same commit",
            told(before, after, rows),
        ),
        (
            "an event says paid only of what the channel took",
            no_lie(after, rows, ledger),
        ),
    ];
    let broken = rules.into_iter().find(|(_, kept)| !kept);
    broken.map(|(rule, _)| rule)
}

fn paid_is_final(before: &OrderState, after: &OrderState) -> bool {
    before.order.status != OrderStatus::Paid
        || (after.order.status == OrderStatus::Paid && after.order.paid_by == before.order.paid_by)
}

/// As the formula of the audit says it, of each capture that is new.
fn counts_in_time(before: &OrderState, after: &OrderState) -> bool {
    let mut new = after.captures.iter().skip(before.captures.len());
    new.all(|capture| audit::step::captured(before, capture).is_none())
}

fn settled_stays(before: &OrderState, after: &OrderState) -> bool {
    let pairs = || before.flows.iter().zip(&after.flows);
    let flows = pairs().all(|(old, new)| {
        !old.status.is_settled() || new.status == old.status || new.status == FlowStatus::Paid
    });
    let requests = pairs().all(|(old, new)| old.request == new.request);
    let refunds = before.refunds.iter().zip(&after.refunds).all(|(old, new)| {
        (!old.status.is_settled() || new.status == old.status) && old.request == new.request
    });
    flows && requests && refunds
}

fn unknown_never_fails(before: &OrderState, after: &OrderState) -> bool {
    before
        .flows
        .iter()
        .zip(&after.flows)
        .all(|(old, new)| old.status != FlowStatus::Unknown || new.status != FlowStatus::Failed)
}

fn events(rows: &[Row]) -> impl Iterator<Item = &cashier::event::Event> {
    rows.iter().filter_map(|row| match row {
        Row::Event(event) => Some(event),
        _ => None,
    })
}

fn versions(before: &OrderState, after: &OrderState, rows: &[Row]) -> bool {
    let told = events(rows).map(|event| event.version);
    told.eq(before.order.version + 1..=after.order.version)
}

fn told(before: &OrderState, after: &OrderState, rows: &[Row]) -> bool {
    let said = |kind| events(rows).filter(|event| event.kind == kind).count();
    let became =
        |status| usize::from(before.order.status != status && after.order.status == status);
    let newly = |status: RefundStatus, automatic: bool| {
        let was = |refund: &Refund| before.refund(&refund.no).map(|old| old.status);
        let all = after.refunds.iter();
        all.filter(|refund| refund.status == status && was(refund) != Some(status))
            .filter(|refund| refund.is_automatic() == automatic)
            .count()
    };
    let late = |state: &OrderState| {
        let late = |capture: &&Capture| capture.kind == CaptureKind::Late;
        state.captures.iter().filter(late).count()
    };
    said(EventKind::OrderPaid) == became(OrderStatus::Paid)
        && said(EventKind::OrderClosed) == became(OrderStatus::Closed)
        && said(EventKind::LatePayment) == late(after) - late(before)
        && said(EventKind::SurplusRefunded) == newly(RefundStatus::Succeeded, true)
        && said(EventKind::RefundSucceeded) == newly(RefundStatus::Succeeded, false)
        && said(EventKind::RefundFailed) == newly(RefundStatus::Failed, false)
}

fn no_lie(after: &OrderState, rows: &[Row], ledger: &Ledger) -> bool {
    let taken = after.captures.iter().any(|capture| {
        capture.kind == CaptureKind::Winner
            && trade_of(after, ledger, capture).is_some_and(Trade::is_held)
    });
    let paid = |event: &cashier::event::Event| {
        event.kind == EventKind::OrderPaid || after.order.status == OrderStatus::Paid
    };
    events(rows).all(|event| !paid(event) || taken)
}

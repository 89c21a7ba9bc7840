//! Q7: the same facts, in any order and any number of times, lead to the same.

use crate::world::World;
use cashier::channel::BillRow;
use cashier::channel::{Payment, Trade};
use cashier::decide::{Context, Input, decide};
use cashier::event::EventKind;
use cashier::state::{OrderState, Row};
use cashier::time::Clock;
use cashier::timing::Timing;
use cashier::way::Way;

/// What is left of an order when names and times are taken away.
#[derive(Debug, PartialEq, Eq)]
struct Projection {
    status: &'static str,
    captures: Vec<(&'static str, i64)>,
    refunds: Vec<i64>,
    exceptions: Vec<&'static str>,
    events: Vec<EventKind>,
    flows: Vec<&'static str>,
}

fn project(state: &OrderState, mut events: Vec<EventKind>) -> Projection {
    let mut captures: Vec<_> = state
        .captures
        .iter()
        .map(|capture| (capture.kind.name(), capture.amount.fen()))
        .collect();
    captures.sort_unstable();
    let mut exceptions: Vec<_> = state
        .exceptions
        .iter()
        .map(|known| known.kind.name())
        .collect();
    exceptions.sort_unstable();
    let mut flows: Vec<_> = state.flows.iter().map(|flow| flow.status.name()).collect();
    flows.sort_unstable();
    events.sort_unstable();
    Projection {
        status: state.order.status.name(),
        captures,
        refunds: state
            .refunds
            .iter()
            .map(|refund| refund.amount().fen())
            .collect(),
        exceptions,
        events,
        flows,
    }
}

fn paid(world: &World, trade_no: &str) -> Payment {
    Payment {
        trade_no: trade_no.to_owned(),
        amount: world.state().order.amount,
        paid_at: world.clock.now(),
        payer: None,
        returned: false,
    }
}

/// Every order of the facts.
fn permutations(facts: Vec<Input>) -> Vec<Vec<Input>> {
    if facts.len() < 2 {
        return vec![facts];
    }
    let mut all = Vec::new();
    for index in 0..facts.len() {
        let mut rest = facts.clone();
        let first = rest.remove(index);
        for mut tail in permutations(rest) {
            tail.insert(0, first.clone());
            all.push(tail);
        }
    }
    all
}

fn lead_to(start: &OrderState, facts: &[Input], world: &World) -> Projection {
    let (mut state, mut events) = (start.clone(), Vec::new());
    let timing = Timing::default();
    for fact in facts {
        let context = Context {
            now: world.clock.now(),
            timing: &timing,
        };
        for row in decide(&state, fact, &context).rows {
            if let Row::Event(event) = &row {
                events.push(event.kind);
            }
            state.apply(&row);
        }
    }
    project(&state, events)
}

#[test]
fn two_payments_told_by_notices_and_bills_in_any_order_lead_to_the_same() {
    let world = World::new();
    let old = world.flow(Way::AliQr);
    let new = world.flow(Way::WxNative);
    let start = world.state();
    let (first, second) = (paid(&world, "T1"), paid(&world, "T2"));
    let facts = vec![
        Input::NoticedTrade(old.clone(), Trade::Paid(first.clone())),
        Input::NoticedTrade(old.clone(), Trade::Paid(first.clone())),
        Input::Billed(BillRow::Paid {
            flow_no: old,
            payment: first,
        }),
        Input::NoticedTrade(new.clone(), Trade::Paid(second.clone())),
        Input::NoticedTrade(new.clone(), Trade::Closed),
        Input::Billed(BillRow::Paid {
            flow_no: new,
            payment: second,
        }),
    ];
    let orders = permutations(facts);
    assert_eq!(orders.len(), 720);
    let expected = Projection {
        status: "paid",
        captures: vec![("surplus", 8_888), ("winner", 8_888)],
        refunds: vec![8_888],
        exceptions: vec!["duplicate_payment"],
        events: vec![EventKind::OrderPaid],
        flows: vec!["paid", "paid"],
    };
    for facts in orders {
        assert_eq!(lead_to(&start, &facts, &world), expected, "{facts:?}");
    }
}

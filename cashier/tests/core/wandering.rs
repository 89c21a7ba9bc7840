//! Random walks through the life of an order: payers with several tabs, a
//! merchant, lost calls, and notices in any order. However it goes, at rest the
//! channels hold exactly what the order says.

use crate::world::{AMOUNT, Bank, Fault, World};
use cashier::id::FlowNo;
use cashier::order::OrderStatus;
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::refund::RefundStatus;
use cashier::way::{ChannelKind, Way};
use proptest::prelude::*;
use std::sync::Arc;

#[derive(Clone, Debug)]
enum Step {
    Pay(Way),
    Scan(usize),
    PayNow(usize),
    Notice(usize),
    Close,
    Check,
    Refund(u8, i64),
    Pass(u32),
    Fault(ChannelKind, &'static str, Fault),
}

fn step() -> impl Strategy<Value = Step> {
    let way = prop::sample::select(vec![Way::AliPc, Way::AliQr, Way::WxNative, Way::WxH5]);
    let call = prop::sample::select(vec!["pay", "query", "close", "refund", "query_refund"]);
    let fault = prop::sample::select(vec![
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::NotSent,
        Fault::TooEarly,
        Fault::WrongAmount,
    ]);
    let kind = prop::sample::select(ChannelKind::ALL.to_vec());
    prop_oneof![
        4 => way.prop_map(Step::Pay),
        2 => (0..6_usize).prop_map(Step::Scan),
        3 => (0..6_usize).prop_map(Step::PayNow),
        2 => (0..6_usize).prop_map(Step::Notice),
        1 => Just(Step::Close),
        1 => Just(Step::Check),
        1 => (0..3_u8, 1..AMOUNT).prop_map(|(number, fen)| Step::Refund(number, fen)),
        3 => (1..400_u32).prop_map(Step::Pass),
        3 => (kind, call, fault).prop_map(|(kind, call, fault)| Step::Fault(kind, call, fault)),
    ]
}

fn bank_of(world: &World, index: usize) -> Option<(Arc<Bank>, FlowNo)> {
    let state = world.state();
    let flow = state.flows.get(index)?;
    let bank = match flow.way().channel() {
        ChannelKind::Alipay => world.alipay.clone(),
        _ => world.wechat.clone(),
    };
    Some((bank, flow.no.clone()))
}

/// Only what reached the payer can be scanned, and only in time.
fn can_be_opened(world: &World, bank: &Bank, no: &FlowNo) -> bool {
    use cashier::time::Clock;
    let handed_out = world
        .state()
        .flow(no)
        .is_some_and(|flow| flow.action.is_some());
    let ledger = bank.ledger.lock().unwrap();
    let end = ledger.artefacts.get(no).map(|(_, end)| *end);
    let end = end.or_else(|| ledger.trades.get(no).map(|trade| trade.expires_at));
    handed_out && end.is_some_and(|end| world.clock.now() < end)
}

fn walk(world: &World, step: &Step) {
    match step {
        Step::Pay(way) => drop(world.pay(*way)),
        Step::Scan(index) => {
            if let Some((bank, no)) = bank_of(world, *index)
                && can_be_opened(world, &bank, &no)
            {
                bank.scan(&no);
            }
        }
        Step::PayNow(index) => {
            if let Some((bank, no)) = bank_of(world, *index)
                && can_be_opened(world, &bank, &no)
            {
                bank.pay_now(&no);
            }
        }
        Step::Notice(index) => {
            if let Some((bank, no)) = bank_of(world, *index)
                && bank
                    .ledger
                    .lock()
                    .unwrap()
                    .trades
                    .get(&no)
                    .is_some_and(|trade| trade.paid)
            {
                let account = bank_of(world, *index).map_or("", |(bank, _)| {
                    if Arc::ptr_eq(&bank, &world.alipay) {
                        "alipay"
                    } else {
                        "wechat"
                    }
                });
                assert_eq!(world.notice(account, &no, &bank.payment(&no)), 200);
            }
        }
        Step::Close => drop(world.close()),
        Step::Check => {
            pollster::block_on(world.cashier.check(&world.order)).unwrap();
        }
        Step::Refund(number, fen) => drop(world.refund(&format!("R{number}"), *fen)),
        Step::Pass(seconds) => world.pass(*seconds),
        Step::Fault(kind, call, fault) => match *kind {
            ChannelKind::Alipay => world.alipay.fault(call, *fault),
            _ => world.wechat.fault(call, *fault),
        },
    }
    always(world);
}

/// What holds after every step.
fn always(world: &World) {
    let state = world.state();
    let winners = state
        .captures
        .iter()
        .filter(|c| c.kind.name() == "winner")
        .count();
    assert_eq!(
        winners,
        usize::from(state.order.status == OrderStatus::Paid)
    );
    for capture in &state.captures {
        assert!(
            state.held(&capture.id) <= capture.amount,
            "more is given back than was taken"
        );
    }
    for flow in &state.flows {
        assert_eq!(
            flow.next.is_none(),
            flow.status.is_settled(),
            "a task for what is unsettled"
        );
        let bank = if flow.way().channel() == ChannelKind::Alipay {
            &world.alipay
        } else {
            &world.wechat
        };
        if flow.status.name() == "closed" {
            let ledger = bank.ledger.lock().unwrap();
            assert!(
                ledger.trades[&flow.no].closed,
                "closed without the channel's word"
            );
        }
    }
    let current = state.flows.iter().filter(|flow| flow.is_current()).count();
    assert!(current <= 1, "two tries in progress");
}

/// Calms the channels, lets time pass, and compares.
fn at_rest(world: &World) {
    for bank in [&world.alipay, &world.wechat] {
        bank.ledger.lock().unwrap().faults.clear();
    }
    world.pass(4 * 60 * 60);
    always(world);
    let state = world.state();
    let story = world.story();
    assert_ne!(state.order.status, OrderStatus::Open, "{story}");
    assert!(
        state.flows.iter().all(|flow| flow.status.is_settled()),
        "{story}"
    );
    assert!(
        state
            .refunds
            .iter()
            .all(|refund| refund.status.is_settled()),
        "{story}"
    );
    let wanted: i64 = state
        .refunds
        .iter()
        .filter(|r| !r.is_automatic() && r.status == RefundStatus::Succeeded)
        .map(|refund| refund.amount().fen())
        .sum();
    let owed = if state.order.status == OrderStatus::Paid {
        AMOUNT - wanted
    } else {
        0
    };
    assert_eq!(world.alipay.taken() + world.wechat.taken(), owed, "{story}");
    let versions: Vec<u32> = world
        .store
        .events()
        .iter()
        .map(|event| event.version)
        .collect();
    assert_eq!(versions, (1..=state.order.version).collect::<Vec<_>>());
}

/// A wrong amount that is said twice in a row is believed, and left to a person:
/// such walks are told apart.
fn lies_twice(world: &World) -> bool {
    world
        .state()
        .captures
        .iter()
        .any(|capture| capture.kind.name() == "wrong_amount")
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn at_rest_the_channels_hold_what_the_order_says(
        steps in prop::collection::vec(step(), 1..40),
        strict in any::<bool>(),
        accept in any::<bool>(),
    ) {
        let policy = Policy {
            switch: if strict { Switch::Strict } else { Switch::Overlap },
            late_payment: if accept { LatePayment::Accept } else { LatePayment::Refund },
            ..Policy::default()
        };
        let world = World::with(policy);
        for step in &steps {
            walk(&world, step);
        }
        if !lies_twice(&world) {
            at_rest(&world);
        }
    }
}

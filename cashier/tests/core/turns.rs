//! Rare turns in the life of an order, each told as short as it can be.

use crate::world::{AMOUNT, World};
use cashier::capture::CaptureKind;
use cashier::channel::BillRow;
use cashier::channel::Trade;
use cashier::command::Refusal;
use cashier::flow::FlowStatus;
use cashier::id::{AccountId, FlowNo};
use cashier::money::Money;
use cashier::order::OrderStatus;
use cashier::refund::RefundStatus;
use cashier::time::{Clock, Span};
use cashier::way::Way;

fn status(world: &World, no: &FlowNo) -> FlowStatus {
    world.state().flow(no).unwrap().status
}

/// The row of the channel's bill about a payment.
fn bill(world: &World, account: &str, flow_no: &FlowNo, paid: &Trade) {
    let payment = match paid {
        Trade::Paid(payment) => Some(payment.clone()),
        _ => None,
    };
    let row = BillRow::Paid {
        flow_no: flow_no.clone(),
        payment: payment.expect("a payment"),
    };
    pollster::block_on(world.cashier.take_bill_row(&AccountId::new(account), row)).unwrap();
}

/// Two flows, each paid: the second one's payment is too much. Returns both.
fn paid_twice(world: &World) -> (FlowNo, FlowNo) {
    let old = world.flow(Way::AliPc);
    let new = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&new));
    world.notice("wechat", &new, &world.wechat.payment(&new));
    assert!(world.alipay.pay_now(&old));
    (old, new)
}

/// Shows F03.
#[test]
fn the_same_way_anew_is_a_new_number_only_when_the_old_one_has_ended() {
    let world = World::new();
    let old = world.flow(Way::WxNative);
    world.pass(15 * 60 + 10);
    assert_eq!(status(&world, &old), FlowStatus::Closed);
    let new = world.flow(Way::WxNative);
    assert_ne!(new, old);
    assert!(!world.wechat.pay_now(&old), "the old page is dead");

    // What Alipay knows nothing of is waited for, until it cannot turn out paid.
    let world = World::new();
    let old = world.flow(Way::AliPc);
    world.pass(15 * 60 + 10);
    let refusal = world.pay(Way::AliPc).unwrap_err();
    assert!(
        matches!(refusal, Refusal::PaymentInProgress { .. }),
        "{refusal:?}"
    );
    assert_eq!(world.state().flows.len(), 1);
    world.pass(60);
    assert_eq!(status(&world, &old), FlowStatus::Expired);
    assert_ne!(world.flow(Way::AliPc), old);
}

/// Shows F12.
#[test]
fn a_surplus_that_is_told_by_notice_query_and_bill_goes_back_once() {
    let world = World::new();
    let (old, _) = paid_twice(&world);
    let surplus = world.alipay.payment(&old);
    for _ in 0..2 {
        bill(&world, "alipay", &old, &surplus);
        assert_eq!(world.notice("alipay", &old, &surplus), 200);
        pollster::block_on(world.cashier.check(&world.order)).unwrap();
        world.pass(60);
    }
    let state = world.state();
    assert_eq!(state.captures.len(), 2);
    assert_eq!(state.refunds.len(), 1);
    assert_eq!(world.alipay.ledger.lock().unwrap().refunds.len(), 1);
    assert_eq!(world.exceptions(), ["duplicate_payment"]);
    world.at_rest(0);
}

/// Shows F35.
#[test]
fn a_notice_is_answered_before_any_channel_is_called() {
    let world = World::new();
    let (old, new) = paid_twice(&world);
    let calls = || {
        let count = |bank: &crate::world::Bank| bank.ledger.lock().unwrap().calls.len();
        count(&world.alipay) + count(&world.wechat)
    };
    let before = calls();
    // A refund follows from it, which is left to a worker.
    assert_eq!(
        world.notice("alipay", &old, &world.alipay.payment(&old)),
        200
    );
    assert_eq!(calls(), before);
    assert_eq!(world.state().refunds[0].status, RefundStatus::Requested);
    assert_eq!(world.state().order.paid_by, Some(new));
    world.at_rest(0);
}

/// Shows F45.
#[test]
fn what_a_database_forgot_is_told_again_by_the_query_and_the_bill() {
    let world = World::new();
    let remembered = world.flow(Way::WxNative);
    let before = world.state();
    assert!(world.wechat.pay_now(&remembered));
    let payment = world.wechat.payment(&remembered);
    assert_eq!(world.notice("wechat", &remembered, &payment), 200);
    assert_eq!(world.state().order.status, OrderStatus::Paid);

    // The payment's commit is lost with a failed server, its acknowledgement is not.
    let world = world.failed_over(&before);
    assert_eq!(world.state().order.status, OrderStatus::Open);
    world.pass(60);
    assert_eq!(world.state().order.paid_by, Some(remembered));

    // A flow that was lost as well: a person is told of its money.
    let forgotten = FlowNo::new("FORGOTTEN");
    bill(&world, "wechat", &forgotten, &payment);
    let strays = world.store.strays();
    assert_eq!(strays.len(), 1);
    assert_eq!(strays[0].kind.name(), "unknown_trade");
    assert_eq!(strays[0].amount.map(Money::fen), Some(AMOUNT));
    world.at_rest(0);
}

/// Shows F63.
#[test]
fn facts_in_any_order_lead_to_the_same() {
    let told = |world: &World, flow: &FlowNo, fact: usize| {
        let paid = world.wechat.payment(flow);
        match fact {
            0 => assert_eq!(world.notice("wechat", flow, &paid), 200),
            1 => bill(world, "wechat", flow, &paid),
            2 => drop(pollster::block_on(world.cashier.check(&world.order)).unwrap()),
            _ => assert!(matches!(world.close(), Err(Refusal::OrderPaid) | Ok(_))),
        }
    };
    for order in orders(&[0, 1, 2, 3]) {
        let world = World::new();
        let flow = world.flow(Way::WxNative);
        assert!(world.wechat.pay_now(&flow));
        // And each of them a second time.
        for fact in order.iter().chain(&order) {
            told(&world, &flow, *fact);
        }
        world.at_rest(0);
        let state = world.state();
        assert_eq!(state.order.status, OrderStatus::Paid, "{order:?}");
        let captures: Vec<CaptureKind> = state.captures.iter().map(|one| one.kind).collect();
        assert_eq!(captures, [CaptureKind::Winner], "{order:?}");
        assert_eq!(world.events(), ["order.paid"], "{order:?}");
        assert!(world.exceptions().is_empty(), "{order:?}");
    }
}

/// Every order of some things.
fn orders(things: &[usize]) -> Vec<Vec<usize>> {
    if things.is_empty() {
        return vec![Vec::new()];
    }
    let first = |thing: &usize| {
        let rest: Vec<usize> = things.iter().copied().filter(|t| t != thing).collect();
        let with = |order: Vec<usize>| [vec![*thing], order].concat();
        orders(&rest).into_iter().map(with).collect::<Vec<_>>()
    };
    things.iter().flat_map(first).collect()
}

/// Shows F80.
#[test]
fn a_refund_that_is_under_way_for_days_is_asked_about_and_shown() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    world.pass(60);
    world.wechat.ledger.lock().unwrap().slow = true;
    world.refund("R1", 100).unwrap();
    let days = |days: u32| {
        for _ in 0..days * 24 * 4 {
            pollster::block_on(world.clock.sleep(Span::minutes(15)));
            world.pass(1);
        }
    };
    days(2);
    let asked = world.wechat.calls("query_refund");
    assert!((24..=200).contains(&asked), "{asked} times in two days");
    assert!(world.exceptions().is_empty());
    days(2);
    assert_eq!(world.exceptions(), ["no_answer"]);
    assert_eq!(world.state().refunds[0].status, RefundStatus::Processing);
    assert_eq!(world.wechat.calls("refund"), 1);
    world.wechat.ledger.lock().unwrap().slow = false;
    world.at_rest(100);
}

/// Shows F84.
#[test]
fn a_refund_and_a_surplus_of_one_order_do_not_take_from_each_other() {
    let world = World::new();
    let (old, _) = paid_twice(&world);
    world.notice("alipay", &old, &world.alipay.payment(&old));
    // The surplus is on its way back, and is nobody's to give back again.
    world.refund("R1", AMOUNT).unwrap();
    let refusal = world.refund("R2", 1).unwrap_err();
    assert_eq!(refusal, Refusal::RefundExceedsCapture { left: Money::ZERO });
    world.at_rest(AMOUNT);
    assert_eq!(world.alipay.taken(), 0);
    assert_eq!(world.wechat.taken(), 0);
    assert!(matches!(
        world.refund("R3", 1),
        Err(Refusal::RefundExceedsCapture { .. })
    ));
}

/// Shows F86.
#[test]
fn a_payment_of_more_than_a_year_ago_is_not_refunded() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    world.pass(60);
    let day = Span::minutes(24 * 60);
    (0..364).for_each(|_| pollster::block_on(world.clock.sleep(day)));
    world.refund("R1", 1).unwrap();
    (0..2).for_each(|_| pollster::block_on(world.clock.sleep(day)));
    let refusal = world.refund("R2", 1).unwrap_err();
    assert!(matches!(refusal, Refusal::RefundLimit(_)), "{refusal:?}");
    assert_eq!(world.wechat.calls("refund"), 1);
}

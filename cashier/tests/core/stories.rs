//! Stories of one order: what was feared, and how it ends.

use crate::world::{AMOUNT, Fault, World, new_order, wish};
use cashier::channel::{Payment, Trade};
use cashier::command::Refusal;
use cashier::flow::FlowStatus;
use cashier::id::FlowNo;
use cashier::money::Money;
use cashier::order::OrderStatus;
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::time::Clock;
use cashier::way::Way;

fn status(world: &World, no: &FlowNo) -> FlowStatus {
    world.state().flow(no).unwrap().status
}

#[test]
fn a_payment_by_notice_pays_the_order_and_tells_the_merchant_once() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    let paid = world.wechat.payment(&flow);
    for _ in 0..15 {
        assert_eq!(world.notice("wechat", &flow, &paid), 200);
    }
    assert_eq!(world.state().order.status, OrderStatus::Paid);
    assert_eq!(world.events(), ["order.paid"]);
    let revision = world.state().order.revision;
    world.pass(600);
    assert_eq!(
        world.state().order.revision,
        revision,
        "nothing is left to do"
    );
    world.at_rest(0);
}

/// Shows F23.
#[test]
fn a_payment_without_any_notice_is_found_within_a_minute() {
    for wait in [1, 20, 100, 400, 800] {
        let world = World::new();
        let flow = world.flow(Way::AliQr);
        world.pass(wait);
        assert!(world.alipay.pay_now(&flow));
        world.pass(60);
        assert_eq!(
            world.state().order.status,
            OrderStatus::Paid,
            "paid after {wait} s"
        );
    }
}

/// Shows F02.
#[test]
fn the_same_way_again_is_the_same_try() {
    let world = World::new();
    let first = world.pay(Way::WxNative).unwrap();
    let again = world.pay(Way::WxNative).unwrap();
    assert_eq!(first.flow, again.flow);
    assert_eq!(world.wechat.calls("pay"), 1);
}

/// Shows F04.
#[test]
fn changing_the_way_closes_the_old_flow_first() {
    let world = World::new();
    let old = world.flow(Way::WxNative);
    let new = world.flow(Way::AliQr);
    assert_eq!(status(&world, &old), FlowStatus::Closed);
    assert!(!world.wechat.pay_now(&old), "the old code is dead");
    assert!(world.alipay.pay_now(&new));
    world.at_rest(0);
    assert_eq!(world.state().order.paid_by, Some(new));
}

/// Shows F05.
#[test]
fn changing_the_way_after_having_paid_finds_the_payment() {
    let world = World::new();
    let old = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&old));
    assert_eq!(world.pay(Way::AliQr).unwrap_err(), Refusal::OrderPaid);
    assert_eq!(world.state().order.paid_by, Some(old));
    assert_eq!(world.alipay.calls("pay"), 0);
    world.at_rest(0);
}

/// Shows F06.
#[test]
fn a_close_without_an_answer_keeps_the_payer_waiting_and_is_asked_again() {
    for fault in [Fault::LostBefore, Fault::LostAfter] {
        let world = World::new();
        let old = world.flow(Way::WxNative);
        world.wechat.fault("close", fault);
        let refusal = world.pay(Way::AliQr).unwrap_err();
        assert!(
            matches!(refusal, Refusal::PaymentInProgress { .. }),
            "{refusal:?}"
        );
        assert_eq!(status(&world, &old), FlowStatus::Closing);
        assert_eq!(world.alipay.calls("pay"), 0);
        world.pass(5);
        assert_eq!(status(&world, &old), FlowStatus::Closed);
        let new = world.flow(Way::AliQr);
        assert!(world.alipay.pay_now(&new));
        world.at_rest(0);
    }
}

/// Shows F08, F11.
#[test]
fn what_alipay_does_not_know_yet_is_superseded_and_money_on_it_is_returned() {
    let world = World::new();
    let old = world.flow(Way::AliPc);
    let new = world.flow(Way::WxNative);
    assert!(world.state().flow(&old).unwrap().superseded_at.is_some());
    assert!(world.wechat.pay_now(&new));
    world.notice("wechat", &new, &world.wechat.payment(&new));
    assert!(world.alipay.pay_now(&old), "the old page can still be paid");
    world.at_rest(0);
    assert_eq!(world.state().order.paid_by, Some(new));
    assert_eq!(world.exceptions(), ["duplicate_payment"]);
    assert_eq!(world.events(), ["order.paid", "order.surplus_refunded"]);
    assert_eq!(world.alipay.ledger.lock().unwrap().refunds.len(), 1);
}

#[test]
fn a_superseded_page_that_is_paid_first_pays_the_order() {
    let world = World::new();
    let old = world.flow(Way::AliPc);
    let new = world.flow(Way::WxNative);
    assert!(world.alipay.pay_now(&old));
    world.pass(60);
    assert_eq!(world.state().order.paid_by, Some(old));
    assert_eq!(status(&world, &new), FlowStatus::Closed);
    world.at_rest(0);
    assert!(world.exceptions().is_empty());
}

#[test]
fn a_superseded_page_is_closed_as_soon_as_its_trade_exists() {
    let world = World::new();
    let old = world.flow(Way::AliPc);
    world.flow(Way::WxNative);
    world.alipay.scan(&old);
    world.pass(60);
    assert_eq!(status(&world, &old), FlowStatus::Closed);
    assert!(!world.alipay.pay_now(&old));
}

#[test]
fn strict_refuses_the_change_until_the_old_flow_has_expired() {
    let world = World::with(Policy {
        switch: Switch::Strict,
        ..Policy::default()
    });
    let old = world.flow(Way::AliPc);
    let refusal = world.pay(Way::WxNative).unwrap_err();
    assert!(matches!(refusal, Refusal::PaymentInProgress { .. }));
    assert_eq!(status(&world, &old), FlowStatus::Live);
    assert_eq!(world.flow(Way::AliPc), old, "the payer can go on with it");
    world.pass(10 * 60);
    assert!(world.pay(Way::WxNative).is_err());
    world.pass(7 * 60);
    assert_eq!(status(&world, &old), FlowStatus::Expired);
    let new = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&new));
    world.at_rest(0);
}

#[test]
fn strict_closes_what_the_payer_has_scanned() {
    let world = World::with(Policy {
        switch: Switch::Strict,
        ..Policy::default()
    });
    let old = world.flow(Way::AliPc);
    world.alipay.scan(&old);
    world.flow(Way::WxNative);
    assert_eq!(status(&world, &old), FlowStatus::Closed);
}

/// Shows F07.
#[test]
fn a_close_that_is_too_early_is_watched_and_made_later() {
    let world = World::new();
    let old = world.flow(Way::WxNative);
    world.wechat.fault("close", Fault::TooEarly);
    world.flow(Way::AliQr);
    assert!(world.state().flow(&old).unwrap().superseded_at.is_some());
    world.pass(60);
    assert_eq!(status(&world, &old), FlowStatus::Closed);
}

/// Shows F01.
#[test]
fn two_payments_at_once_make_one_paid_order_and_one_refund() {
    let world = World::new();
    let old = world.flow(Way::AliPc);
    let new = world.flow(Way::WxNative);
    assert!(world.alipay.pay_now(&old) && world.wechat.pay_now(&new));
    assert_eq!(
        world.notice("alipay", &old, &world.alipay.payment(&old)),
        200
    );
    assert_eq!(
        world.notice("wechat", &new, &world.wechat.payment(&new)),
        200
    );
    world.at_rest(0);
    assert_eq!(world.state().refunds.len(), 1);
}

/// Shows F20.
#[test]
fn a_notice_before_the_answer_to_the_creation_counts() {
    let world = World::new();
    world.wechat.fault("pay", Fault::LostAfter);
    let refusal = world.pay(Way::WxNative).unwrap_err();
    assert!(matches!(refusal, Refusal::ChannelUnavailable { .. }));
    let flow = world.state().flows[0].no.clone();
    assert_eq!(status(&world, &flow), FlowStatus::Unknown);
    assert!(world.wechat.pay_now(&flow));
    assert_eq!(
        world.notice("wechat", &flow, &world.wechat.payment(&flow)),
        200
    );
    assert_eq!(world.state().order.status, OrderStatus::Paid);
    world.at_rest(0);
}

/// Shows F61.
#[test]
fn a_creation_without_an_answer_goes_on_under_the_same_number() {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::NotSent] {
        let world = World::new();
        world.wechat.fault("pay", fault);
        assert!(world.pay(Way::WxNative).is_err());
        let flow = world.flow(Way::WxNative);
        assert_eq!(world.state().flows.len(), 1, "{fault:?}");
        assert!(world.wechat.pay_now(&flow));
        world.at_rest(0);
    }
}

#[test]
fn a_refused_creation_fails_the_flow_and_the_payer_can_go_on() {
    let world = World::new();
    world.wechat.fault("pay", Fault::Refused);
    let refusal = world.pay(Way::WxNative).unwrap_err();
    assert!(
        matches!(refusal, Refusal::ChannelRefused { .. }),
        "{refusal:?}"
    );
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    world.at_rest(0);
    assert_eq!(world.state().flows[0].status, FlowStatus::Failed);
}

/// Shows F09.
#[test]
fn money_on_a_closed_order_is_returned_and_the_merchant_hears_of_it() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert_eq!(world.close().unwrap().order.status, OrderStatus::Closed);
    world.wechat.force_pay(&flow);
    assert_eq!(
        world.notice("wechat", &flow, &world.wechat.payment(&flow)),
        200
    );
    world.at_rest(0);
    assert_eq!(
        world.events(),
        [
            "order.closed",
            "order.late_payment",
            "order.surplus_refunded"
        ]
    );
    assert_eq!(world.exceptions(), ["late_payment"]);
}

/// Shows F09.
#[test]
fn late_money_is_accepted_if_the_merchant_wants_it() {
    let world = World::with(Policy {
        late_payment: LatePayment::Accept,
        ..Policy::default()
    });
    let flow = world.flow(Way::WxNative);
    world.close().unwrap();
    world.wechat.force_pay(&flow);
    world.notice("wechat", &flow, &world.wechat.payment(&flow));
    world.at_rest(0);
    assert_eq!(world.events(), ["order.closed", "order.paid"]);
    assert_eq!(world.state().order.status, OrderStatus::Paid);
}

/// Shows F08.
#[test]
fn a_close_of_what_nobody_has_scanned_waits_for_its_end() {
    let world = World::new();
    let flow = world.flow(Way::AliQr);
    let state = world.close().unwrap();
    assert_eq!(state.order.status, OrderStatus::Open);
    assert!(state.order.close_requested_at.is_some());
    assert_eq!(world.pay(Way::AliQr).unwrap_err(), Refusal::OrderClosed);
    world.pass(14 * 60);
    assert_eq!(world.state().order.status, OrderStatus::Open);
    world.pass(3 * 60);
    assert_eq!(world.state().order.status, OrderStatus::Closed);
    assert_eq!(status(&world, &flow), FlowStatus::Expired);
    assert_eq!(world.events(), ["order.closed"]);
}

/// Shows F14.
#[test]
fn a_payment_wins_against_the_merchants_close() {
    let world = World::new();
    let flow = world.flow(Way::AliQr);
    world.close().unwrap();
    assert!(world.alipay.pay_now(&flow));
    world.pass(60);
    assert_eq!(world.events(), ["order.paid"]);
    assert_eq!(world.close().unwrap_err(), Refusal::OrderPaid);
    world.at_rest(0);
}

/// Shows F10.
#[test]
fn an_order_expires_only_when_nothing_can_be_paid_any_more() {
    let world = World::new();
    world.pass(7200 - 70);
    let flow = world.flow(Way::WxNative);
    assert!(world.state().flow(&flow).unwrap().expires_at() <= world.state().order.expires_at);
    world.pass(69);
    assert!(world.wechat.pay_now(&flow), "paid in the last second");
    world.pass(120);
    assert_eq!(world.state().order.status, OrderStatus::Paid);
    world.at_rest(0);
}

#[test]
fn an_order_that_nobody_pays_is_closed_and_the_merchant_is_told() {
    let world = World::new();
    world.flow(Way::AliQr);
    world.pass(8000);
    assert_eq!(world.events(), ["order.closed"]);
    assert_eq!(world.pay(Way::AliQr).unwrap_err(), Refusal::OrderExpired);
    world.at_rest(0);
}

#[test]
fn a_wrong_amount_is_doubted_until_the_channel_says_it_twice() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    let lie = Trade::Paid(Payment {
        trade_no: format!("T{flow}"),
        amount: Money::from_fen(1).unwrap(),
        paid_at: world.clock.now(),
        payer: None,
        returned: false,
    });
    assert_eq!(world.notice("wechat", &flow, &lie), 200);
    assert_eq!(world.state().order.status, OrderStatus::Open);
    assert_eq!(world.exceptions(), ["amount_mismatch"]);
    world.pass(10);
    assert_eq!(
        world.state().order.status,
        OrderStatus::Paid,
        "the query tells the truth"
    );
    world.at_rest(0);
}

/// Shows F25.
#[test]
fn a_wrong_amount_said_twice_is_recorded_and_never_pays() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    world.wechat.fault("query", Fault::WrongAmount);
    world.wechat.fault("query", Fault::WrongAmount);
    world.pass(60);
    let state = world.state();
    assert_eq!(state.order.status, OrderStatus::Open);
    assert_eq!(state.captures[0].amount.fen(), 1);
    assert_eq!(world.exceptions(), ["amount_mismatch"]);
    assert!(state.refunds.is_empty());
}

#[test]
fn two_refunds_of_sixty_from_a_hundred_are_one() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert_eq!(world.refund("R0", 1).unwrap_err(), Refusal::NotPaid);
    world.wechat.pay_now(&flow);
    world.pass(60);
    world.refund("R1", AMOUNT * 6 / 10).unwrap();
    let refusal = world.refund("R2", AMOUNT * 6 / 10).unwrap_err();
    assert!(matches!(refusal, Refusal::RefundExceedsCapture { .. }));
    let same = world.refund("R1", AMOUNT * 6 / 10).unwrap();
    assert_eq!(world.state().refunds[0].no, same);
    assert_eq!(
        world.refund("R1", 1).unwrap_err(),
        Refusal::RefundConflict { field: "amount" }
    );
    world.at_rest(AMOUNT * 6 / 10);
    assert_eq!(world.events(), ["order.paid", "refund.succeeded"]);
}

/// Shows F78.
#[test]
fn a_refund_without_an_answer_is_sent_again_under_the_same_number() {
    for fault in [Fault::LostBefore, Fault::LostAfter, Fault::NotSent] {
        let world = World::new();
        let flow = world.flow(Way::WxNative);
        world.wechat.pay_now(&flow);
        world.pass(60);
        world.wechat.fault("refund", fault);
        world.refund("R1", 100).unwrap();
        assert!(matches!(
            world.refund("R2", AMOUNT - 99).unwrap_err(),
            Refusal::RefundExceedsCapture { .. }
        ));
        world.at_rest(100);
        assert_eq!(
            world.wechat.ledger.lock().unwrap().refunds.len(),
            1,
            "{fault:?}"
        );
    }
}

/// Shows F13.
#[test]
fn a_surplus_that_cannot_be_returned_now_is_shown_and_tried_again() {
    let world = World::new();
    let old = world.flow(Way::AliPc);
    let new = world.flow(Way::WxNative);
    world.alipay.ledger.lock().unwrap().poor = true;
    assert!(world.alipay.pay_now(&old) && world.wechat.pay_now(&new));
    world.notice("wechat", &new, &world.wechat.payment(&new));
    world.notice("alipay", &old, &world.alipay.payment(&old));
    world.pass(30);
    assert_eq!(world.exceptions(), ["duplicate_payment", "refund_failed"]);
    world.alipay.ledger.lock().unwrap().poor = false;
    world.at_rest(0);
}

/// Shows F82.
#[test]
fn a_refund_that_is_refused_for_good_frees_its_amount() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    world.wechat.pay_now(&flow);
    world.pass(60);
    world.wechat.fault("refund", Fault::Refused);
    world.refund("R1", AMOUNT).unwrap();
    world.pass(60);
    assert_eq!(world.events(), ["order.paid", "refund.failed"]);
    world.refund("R2", AMOUNT).unwrap();
    world.at_rest(AMOUNT);
}

/// Shows F22, F40.
#[test]
fn forged_and_foreign_notices_change_nothing() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    let before = world.state();
    assert_eq!(world.raw_notice("wechat", b"forged"), 400);
    let elsewhere = FlowNo::new("elsewhere");
    assert_eq!(world.notice("wechat", &elsewhere, &Trade::Waiting), 400);
    // Another account's notice for this flow: not this account's trade.
    world.wechat.pay_now(&flow);
    let paid = world.wechat.payment(&flow);
    assert_eq!(world.notice("alipay", &flow, &paid), 200);
    assert_eq!(world.state(), before);
    let strays: Vec<_> = world.store.strays().iter().map(|x| x.kind.name()).collect();
    assert_eq!(strays, ["identity_mismatch", "unknown_trade"]);
}

/// Shows F41.
#[test]
fn a_crash_after_the_commit_is_finished_by_a_worker_under_the_same_number() {
    let world = World::new();
    // The intent is committed with its lease, and the process dies before the call.
    let input = cashier::decide::Input::Pay {
        wish: Box::new(wish(Way::WxNative)),
        mine: None,
    };
    let timing = cashier::timing::Timing::default();
    let context = cashier::decide::Context {
        now: world.clock.now(),
        timing: &timing,
    };
    let state = world.state();
    let decision = cashier::decide::decide(&state, &input, &context);
    let commit = cashier::store::Commit {
        order: world.order.clone(),
        revision: state.order.revision,
        rows: decision.rows,
        leases: decision.run,
        leased_until: world.clock.now().plus(timing.lease),
        notice: None,
    };
    use cashier::store::Store;
    pollster::block_on(world.store.commit(vec![commit]))
        .pop()
        .unwrap()
        .unwrap();
    assert_eq!(world.wechat.calls("pay"), 0);
    world.pass(31);
    let flow = world.state().flows[0].clone();
    assert_eq!(
        (flow.status, world.wechat.calls("pay")),
        (FlowStatus::Live, 1)
    );
    assert_eq!(world.flow(Way::WxNative), flow.no);
}

#[test]
fn the_same_order_number_is_the_same_order_or_a_conflict() {
    let world = World::new();
    let open = |new| pollster::block_on(world.cashier.open(new, None));
    let again = open(new_order("A-1", Policy::default())).unwrap();
    assert!(!again.created);
    assert_eq!(again.state.order.id, world.order);
    let mut other = new_order("A-1", Policy::default());
    other.amount = Money::from_fen(1).unwrap();
    assert_eq!(
        open(other).unwrap_err(),
        Refusal::OrderConflict { field: "amount" }
    );
}

#[test]
fn an_order_with_a_way_has_its_first_flow_from_the_start() {
    let world = World::new();
    let new = new_order("A-2", Policy::default());
    let opened = pollster::block_on(world.cashier.open(new, Some(wish(Way::WxNative)))).unwrap();
    let flow = opened.flow.unwrap().unwrap();
    assert_eq!(opened.state.flow(&flow).unwrap().status, FlowStatus::Live);
    assert_eq!(world.wechat.calls("pay"), 1);
}

#[test]
fn a_payer_who_says_that_they_have_paid_is_believed_after_asking() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    world.pass(1);
    assert!(world.wechat.pay_now(&flow));
    for _ in 0..9 {
        pollster::block_on(world.cashier.check(&world.order)).unwrap();
    }
    assert_eq!(world.state().order.status, OrderStatus::Paid);
    assert_eq!(world.wechat.calls("query"), 1);
}

#[test]
fn an_impatient_payer_does_not_make_the_channel_be_asked_all_the_time() {
    let world = World::new();
    world.flow(Way::WxNative);
    for _ in 0..50 {
        pollster::block_on(world.cashier.check(&world.order)).unwrap();
    }
    assert_eq!(world.wechat.calls("query"), 1);
}

#[test]
fn an_answer_that_was_long_under_way_does_not_make_a_flow_expire() {
    let world = World::new();
    let flow = world.flow(Way::AliQr);
    world.pass(14 * 60);
    world.close().unwrap();
    assert_eq!(status(&world, &flow), FlowStatus::Closing);
    world.alipay.fault("query", Fault::PaidMeanwhile);
    world.pass(50);
    world.at_rest(0);
    assert_eq!(status(&world, &flow), FlowStatus::Paid);
    assert_eq!(world.state().order.paid_by, Some(flow));
}

//! Stories of a payment by the code that the payer shows: the channel decides, later
//! perhaps, and what nobody has heard of in time is taken back, paid or not.

use crate::world::{AMOUNT, Bank, Fault, Wallet, World, wish};
use cashier::capture::CaptureKind;
use cashier::channel::{BillRow, Offer, Outcome, Payment, Refunded, Reversed, Trade};
use cashier::command::{PayCommand, Refusal};
use cashier::decide::{Answer, Context, Input, decide};
use cashier::exception::ExceptionKind;
use cashier::flow::{Flow, FlowStatus};
use cashier::id::{AccountId, FlowNo, RefundNo};
use cashier::order::OrderStatus;
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::state::Row;
use cashier::store::{Commit, Store};
use cashier::task::{Call, Subject};
use cashier::time::{Clock, Span};
use cashier::timing::Timing;
use cashier::way::{ChannelKind, Way};
use std::sync::Arc;

/// Each way, and how many seconds a code may be undecided (documented by the channels).
const WAYS: [(Way, u32); 2] = [(Way::WxBar, 40), (Way::AliBar, 60)];

fn bank(world: &World, way: Way) -> Arc<Bank> {
    match way.channel() == ChannelKind::Alipay {
        true => world.alipay.clone(),
        false => world.wechat.clone(),
    }
}

fn flow(world: &World, no: &FlowNo) -> Flow {
    world.state().flow(no).unwrap().clone()
}

fn status(world: &World, no: &FlowNo) -> FlowStatus {
    flow(world, no).status
}

/// Scans a code of which nobody knows yet what becomes of it.
fn undecided(world: &World, way: Way, code: &str) -> FlowNo {
    let payable = world.scan(way, code).unwrap();
    let flow = payable.state.flow(&payable.flow).unwrap();
    assert!(!flow.status.is_settled(), "{:?}", flow.status);
    payable.flow
}

/// A payment whose answer was lost, and of which no question tells.
fn paid_unheard(world: &World, way: Way) -> FlowNo {
    bank(world, way).fault("pay", Fault::LostAfter);
    let no = undecided(world, way, &Wallet::Pays.code(1));
    for _ in 0..20 {
        bank(world, way).fault("query", Fault::LostBefore);
    }
    no
}

/// At rest: the order was paid by this flow, once, and nothing was given back but by
/// reversals.
fn paid_by(world: &World, no: &FlowNo) {
    world.at_rest(0);
    let state = world.state();
    assert_eq!(state.order.paid_by.as_ref(), Some(no), "{}", world.story());
    assert_eq!(status(world, no), FlowStatus::Paid);
    assert_eq!(world.events(), ["order.paid"]);
    assert!(state.refunds.is_empty() && state.exceptions.is_empty());
}

/// At rest: nobody paid anything.
fn unpaid(world: &World) {
    world.at_rest(0);
    let state = world.state();
    assert_eq!(state.order.status, OrderStatus::Closed, "{}", world.story());
    assert!(state.captures.is_empty() && state.refunds.is_empty());
    assert!(state.exceptions.is_empty(), "{:?}", state.exceptions);
    assert_eq!(world.events(), ["order.closed"]);
}

#[test]
fn a_code_that_pays_at_once_pays_the_order_in_the_same_breath() {
    for (way, _) in WAYS {
        let world = World::new();
        let payable = world.scan(way, &Wallet::Pays.code(1)).unwrap();
        assert_eq!(payable.state.order.status, OrderStatus::Paid);
        assert_eq!(bank(&world, way).calls("query"), 0);
        paid_by(&world, &payable.flow);
        assert_eq!(bank(&world, way).calls("reverse"), 0);
    }
}

#[test]
fn a_payer_who_enters_the_password_after_eight_seconds_has_paid() {
    for (way, _) in WAYS {
        let world = World::new();
        let no = undecided(&world, way, &Wallet::Asks.code(1));
        assert_eq!(status(&world, &no), FlowStatus::Live);
        world.pass(8);
        assert!(bank(&world, way).pay_now(&no));
        world.pass(2);
        assert_eq!(status(&world, &no), FlowStatus::Paid, "{}", world.story());
        paid_by(&world, &no);
        assert_eq!(bank(&world, way).calls("reverse"), 0);
    }
}

#[test]
fn a_refused_code_is_said_at_once_and_another_one_may_follow() {
    for (way, _) in WAYS {
        let world = World::new();
        let refusal = world.scan(way, &Wallet::Refuses.code(1)).unwrap_err();
        let reason = "NO_MONEY: no_money".to_owned();
        assert_eq!(refusal, Refusal::ChannelRefused { reason });
        assert_eq!(world.state().flows[0].status, FlowStatus::Failed);
        let second = world.scan(way, &Wallet::Pays.code(2)).unwrap().flow;
        paid_by(&world, &second);
        assert_eq!(bank(&world, way).calls("reverse"), 0);
    }
}

#[test]
fn what_is_never_confirmed_is_asked_about_every_ten_seconds_and_taken_back_in_time() {
    for (way, life) in WAYS {
        let world = World::new();
        let no = undecided(&world, way, &Wallet::Asks.code(1));
        for second in 1..life {
            world.pass(1);
            let asked = usize::try_from(second / 10).unwrap();
            assert_eq!(bank(&world, way).calls("query"), asked, "after {second} s");
            assert_eq!(status(&world, &no), FlowStatus::Live);
        }
        world.pass(1);
        assert_eq!(bank(&world, way).calls("reverse"), 1, "after {life} s");
        assert_eq!(status(&world, &no), FlowStatus::Closed);
        assert!(!bank(&world, way).pay_now(&no), "the payer comes too late");
        unpaid(&world);
    }
}

#[test]
fn a_charge_without_an_answer_is_found_if_it_was_paid() {
    for (way, _) in WAYS {
        let world = World::new();
        bank(&world, way).fault("pay", Fault::LostAfter);
        let no = undecided(&world, way, &Wallet::Pays.code(1));
        world.pass(10);
        assert_eq!(status(&world, &no), FlowStatus::Paid);
        paid_by(&world, &no);
        assert_eq!(bank(&world, way).calls("pay"), 1);
    }
}

#[test]
fn a_charge_that_never_arrived_is_asked_about_and_ends_unpaid() {
    for fault in [Fault::LostBefore, Fault::NotSent] {
        for (way, life) in WAYS {
            let world = World::new();
            bank(&world, way).fault("pay", fault);
            let no = undecided(&world, way, &Wallet::Pays.code(1));
            world.pass(life);
            assert_eq!(bank(&world, way).calls("reverse"), 1);
            assert_eq!(status(&world, &no), FlowStatus::Closing);
            world.pass(60);
            assert_eq!(status(&world, &no), FlowStatus::Expired);
            unpaid(&world);
            assert_eq!(bank(&world, way).calls("pay"), 1, "a code is sent once");
        }
    }
}

#[test]
fn questions_without_an_answer_do_not_put_the_reversal_off() {
    for (way, life) in WAYS {
        let world = World::new();
        let no = undecided(&world, way, &Wallet::Asks.code(1));
        for _ in 0..20 {
            bank(&world, way).fault("query", Fault::LostBefore);
        }
        world.pass(life);
        assert_eq!(bank(&world, way).calls("reverse"), 1);
        assert_eq!(status(&world, &no), FlowStatus::Closed);
        unpaid(&world);
    }
}

/// The counter said "failed": whatever comes then is not kept.
#[test]
fn money_that_is_told_of_after_the_reversal_is_not_ours() {
    for (way, life) in WAYS {
        let world = World::new();
        let no = paid_unheard(&world, way);
        let notice = bank(&world, way).payment(&no);
        world.pass(life);
        assert_eq!(status(&world, &no), FlowStatus::Closed);
        assert_eq!(world.notice(way.channel().name(), &no, &notice), 200);
        assert_eq!(status(&world, &no), FlowStatus::Closed);
        assert!(world.story().contains("it was taken back"));
        unpaid(&world);
    }
}

#[test]
fn a_paid_notice_while_the_reversal_is_under_way_is_not_kept_and_the_money_goes_back() {
    for leased in [false, true] {
        for (way, life) in WAYS {
            let world = World::new();
            let no = paid_unheard(&world, way);
            bank(&world, way).fault("reverse", Fault::LostBefore);
            world.pass(life);
            assert_eq!(status(&world, &no), FlowStatus::Closing);
            // Between two tries, or while somebody is just asking again.
            let mut claimed = Vec::new();
            if leased {
                let next = flow(&world, &no).next.unwrap();
                let wait = next.due.since(world.clock.now());
                pollster::block_on(world.clock.sleep(wait));
                claimed = pollster::block_on(world.cashier.claim_due_tasks(16)).unwrap();
                assert_eq!(claimed.len(), 1);
            }
            let notice = bank(&world, way).payment(&no);
            assert_eq!(world.notice(way.channel().name(), &no, &notice), 200);
            assert!(world.state().captures.is_empty(), "{}", world.story());
            assert_eq!(flow(&world, &no).next.unwrap().call, Call::Reverse);
            for task in claimed {
                pollster::block_on(world.cashier.run_task(task)).unwrap();
            }
            unpaid(&world);
            assert_eq!(status(&world, &no), FlowStatus::Closed);
        }
    }
}

/// Alipay tells of what a reversal gives back as of any refund.
#[test]
fn a_notice_of_the_money_that_a_reversal_gives_back_alarms_nobody() {
    let world = World::new();
    world.alipay.fault("pay", Fault::LostAfter);
    let no = undecided(&world, Way::AliBar, &Wallet::Pays.code(1));
    world.close().unwrap();
    let refund = RefundNo::new(no.as_str());
    let input = Input::NoticedRefund(no.clone(), refund, Some(Refunded::Succeeded));
    let timing = Timing::default();
    let context = Context {
        now: world.clock.now(),
        timing: &timing,
    };
    let told = decide(&world.state(), &input, &context).rows;
    let is_line = |row: &Row| matches!(row, Row::Line(_) | Row::Order(_));
    assert!(told.iter().all(is_line), "{told:?}");
    unpaid(&world);
}

#[test]
fn a_reversal_without_an_answer_is_asked_for_again() {
    for fault in [
        Fault::LostBefore,
        Fault::LostAfter,
        Fault::NotSent,
        Fault::Again,
    ] {
        for (way, life) in WAYS {
            let world = World::new();
            let no = undecided(&world, way, &Wallet::Asks.code(1));
            bank(&world, way).fault("reverse", fault);
            bank(&world, way).fault("reverse", fault);
            world.pass(life + 2);
            assert_eq!(status(&world, &no), FlowStatus::Closing, "{fault:?}");
            world.pass(10);
            assert_eq!(status(&world, &no), FlowStatus::Closed, "{fault:?}");
            assert_eq!(bank(&world, way).calls("reverse"), 3);
            unpaid(&world);
        }
    }
}

#[test]
fn a_person_who_hears_of_a_reversal_without_an_answer_reads_that_it_is_one() {
    for (way, life) in WAYS {
        let world = World::new();
        let no = undecided(&world, way, &Wallet::Asks.code(1));
        for _ in 0..60 {
            bank(&world, way).fault("reverse", Fault::LostBefore);
        }
        world.pass(life + 600);
        let state = world.state();
        let [exception] = state.exceptions.as_slice() else {
            panic!("one exception: {:?}", state.exceptions);
        };
        assert_eq!(exception.kind, ExceptionKind::NoAnswer);
        assert_eq!(exception.about(), no.as_str());
        assert!(exception.detail.contains("taken this payment back"));
        bank(&world, way).ledger.lock().unwrap().faults.clear();
        world.pass(310);
        assert_eq!(status(&world, &no), FlowStatus::Closed, "{}", world.story());
        assert_eq!(world.state().resolutions.len(), 1, "it is over");
    }
}

#[test]
fn what_the_channel_shows_as_paid_and_returned_has_been_taken_back() {
    for (way, life) in WAYS {
        let world = World::new();
        bank(&world, way).ledger.lock().unwrap().shows_returned = true;
        let no = paid_unheard(&world, way);
        bank(&world, way).fault("reverse", Fault::LostAfter);
        bank(&world, way).fault("reverse", Fault::LostBefore);
        world.pass(life + 3);
        bank(&world, way).ledger.lock().unwrap().faults.clear();
        // Somebody asks before the reversal is asked for again.
        pollster::block_on(world.cashier.check(&world.order)).unwrap();
        assert_eq!(status(&world, &no), FlowStatus::Closed, "{}", world.story());
        assert_eq!(bank(&world, way).calls("reverse"), 2);
        unpaid(&world);
    }
}

#[test]
fn a_reversal_that_is_refused_for_good_leaves_what_was_paid_paid() {
    for (way, life) in WAYS {
        let world = World::new();
        let no = paid_unheard(&world, way);
        bank(&world, way).fault("reverse", Fault::Refused);
        world.pass(life - 1);
        bank(&world, way)
            .ledger
            .lock()
            .unwrap()
            .faults
            .remove("query");
        bank(&world, way).fault("query", Fault::LostBefore);
        world.pass(1);
        assert_eq!(bank(&world, way).calls("reverse"), 1);
        paid_by(&world, &no);
        assert_eq!(bank(&world, way).calls("reverse"), 1);
    }
}

#[test]
fn a_reversal_that_is_refused_while_the_trade_waits_is_asked_for_again() {
    for (way, life) in WAYS {
        let world = World::new();
        let no = undecided(&world, way, &Wallet::Asks.code(1));
        bank(&world, way).fault("reverse", Fault::Refused);
        world.pass(life + 10);
        assert_eq!(status(&world, &no), FlowStatus::Closed);
        assert_eq!(bank(&world, way).calls("reverse"), 2);
        unpaid(&world);
    }
}

/// The first reversal was carried out and not answered; the second finds nothing left
/// to do and is refused. Whatever is heard of the payment then is old.
#[test]
fn a_refusal_of_a_second_reversal_does_not_bring_the_money_back() {
    for shows_returned in [false, true] {
        for (way, life) in WAYS {
            let world = World::new();
            bank(&world, way).ledger.lock().unwrap().shows_returned = shows_returned;
            let no = paid_unheard(&world, way);
            let notice = bank(&world, way).payment(&no);
            bank(&world, way).fault("reverse", Fault::LostAfter);
            bank(&world, way).fault("reverse", Fault::Refused);
            world.pass(life);
            bank(&world, way)
                .ledger
                .lock()
                .unwrap()
                .faults
                .remove("query");
            world.pass(10);
            assert_eq!(status(&world, &no), FlowStatus::Closed, "{}", world.story());
            assert_eq!(world.notice(way.channel().name(), &no, &notice), 200);
            assert!(world.state().captures.is_empty(), "{}", world.story());
            unpaid(&world);
        }
    }
}

#[test]
fn a_trade_that_appears_after_its_reversal_found_nothing_is_taken_back_again() {
    for wallet in [Wallet::Pays, Wallet::Asks] {
        for (way, life) in WAYS {
            let world = World::new();
            bank(&world, way).fault("pay", Fault::OnItsWay);
            let no = undecided(&world, way, &wallet.code(1));
            world.pass(life);
            assert_eq!(bank(&world, way).calls("reverse"), 1);
            assert_eq!(status(&world, &no), FlowStatus::Closing);
            bank(&world, way).arrive();
            world.pass(61);
            assert_eq!(bank(&world, way).calls("reverse"), 2, "{}", world.story());
            assert_eq!(status(&world, &no), FlowStatus::Closed);
            unpaid(&world);
        }
    }
}

/// The process that charged the code stood still until all was over: its answer is
/// money, and money is never late.
#[test]
fn an_answer_to_the_charge_after_the_end_is_not_lost() {
    let world = World::new();
    world.wechat.fault("pay", Fault::OnItsWay);
    let no = undecided(&world, Way::WxBar, &Wallet::Pays.code(1));
    world.pass(101);
    assert_eq!(status(&world, &no), FlowStatus::Expired);
    world.wechat.arrive();
    let Trade::Paid(payment) = world.wechat.payment(&no) else {
        panic!("it is paid");
    };
    let state = world.state();
    let after = answered(&world, &state, &no, payment);
    assert_eq!(after.flow(&no).unwrap().status, FlowStatus::Paid);
    assert_eq!(after.captures.len(), 1);
    assert_eq!(after.refunds.len(), 1, "the counter had said no");
}

/// The order after the answer to the charge has been read now.
fn answered(
    world: &World,
    state: &cashier::state::OrderState,
    no: &FlowNo,
    payment: Payment,
) -> cashier::state::OrderState {
    let said = Outcome::Done(cashier::channel::Offer::Trade(Trade::Paid(payment)));
    let asked = state.order.created_at;
    let input = Input::Answered(Subject::Flow(no.clone()), Answer::Pay(said), asked);
    let timing = Timing::default();
    let now = world.clock.now();
    let context = Context {
        now,
        timing: &timing,
    };
    let mut after = state.clone();
    for row in decide(state, &input, &context).rows {
        after.apply(&row);
    }
    after
}

#[test]
fn changing_to_another_way_takes_the_code_back_first() {
    for policy in [Switch::Overlap, Switch::Strict] {
        for (way, _) in WAYS {
            let world = world_of(policy);
            let no = undecided(&world, way, &Wallet::Asks.code(1));
            let other = match way == Way::AliBar {
                true => Way::WxNative,
                false => Way::AliQr,
            };
            let new = world.flow(other);
            assert_eq!(status(&world, &no), FlowStatus::Closed);
            assert!(!bank(&world, way).pay_now(&no));
            assert!(bank(&world, other).pay_now(&new));
            paid_by(&world, &new);
        }
    }
}

fn world_of(switch: Switch) -> World {
    World::with(Policy {
        switch,
        ..Policy::default()
    })
}

#[test]
fn two_codes_one_after_the_other_are_never_both_kept() {
    for (first, second) in [(Wallet::Pays, Wallet::Pays), (Wallet::Asks, Wallet::Pays)] {
        for (way, _) in WAYS {
            let world = World::new();
            bank(&world, way).fault("pay", Fault::LostAfter);
            let old = undecided(&world, way, &first.code(1));
            let new = world.scan(way, &second.code(2)).unwrap().flow;
            assert_eq!(
                status(&world, &old),
                FlowStatus::Closed,
                "taken back, paid or not"
            );
            paid_by(&world, &new);
        }
    }
}

/// The channel does not know the first code yet, so that nothing can be taken back.
#[test]
fn overlap_lets_the_next_code_pay_while_the_first_is_watched() {
    for (way, _) in WAYS {
        let world = world_of(Switch::Overlap);
        bank(&world, way).fault("pay", Fault::OnItsWay);
        let old = undecided(&world, way, &Wallet::Pays.code(1));
        let new = world.scan(way, &Wallet::Pays.code(2)).unwrap().flow;
        assert_eq!(status(&world, &old), FlowStatus::Closing);
        assert!(flow(&world, &old).superseded_at.is_some());
        bank(&world, way).arrive();
        assert_eq!(
            bank(&world, way).taken(),
            2 * AMOUNT,
            "for a moment both are paid"
        );
        paid_by(&world, &new);
        assert_eq!(status(&world, &old), FlowStatus::Closed);
    }
}

#[test]
fn strict_keeps_the_next_code_waiting_until_the_first_is_settled() {
    for (way, life) in WAYS {
        let world = world_of(Switch::Strict);
        bank(&world, way).fault("pay", Fault::OnItsWay);
        let old = undecided(&world, way, &Wallet::Pays.code(1));
        let refusal = world.scan(way, &Wallet::Pays.code(2)).unwrap_err();
        assert!(
            matches!(refusal, Refusal::PaymentInProgress { .. }),
            "{refusal:?}"
        );
        assert_eq!(status(&world, &old), FlowStatus::Closing);
        assert_eq!(flow(&world, &old).superseded_at, None);
        assert_eq!(bank(&world, way).calls("pay"), 1);
        world.pass(life + 61);
        assert_eq!(status(&world, &old), FlowStatus::Expired);
        let new = world.scan(way, &Wallet::Pays.code(2)).unwrap().flow;
        paid_by(&world, &new);
    }
}

#[test]
fn strict_takes_back_what_appears_while_the_next_code_waits() {
    for (way, _) in WAYS {
        let world = world_of(Switch::Strict);
        bank(&world, way).fault("pay", Fault::OnItsWay);
        let old = undecided(&world, way, &Wallet::Pays.code(1));
        world.scan(way, &Wallet::Pays.code(2)).unwrap_err();
        bank(&world, way).arrive();
        world.pass(20);
        assert_eq!(
            status(&world, &old),
            FlowStatus::Closed,
            "{}",
            world.story()
        );
        let new = world.scan(way, &Wallet::Pays.code(2)).unwrap().flow;
        paid_by(&world, &new);
    }
}

#[test]
fn a_code_that_is_scanned_again_is_the_same_try() {
    for (way, _) in WAYS {
        let world = World::new();
        let code = Wallet::Asks.code(1);
        let no = undecided(&world, way, &code);
        for _ in 0..3 {
            world.pass(5);
            assert_eq!(undecided(&world, way, &code), no);
        }
        assert_eq!(bank(&world, way).calls("pay"), 1);
        assert!(bank(&world, way).pay_now(&no));
        paid_by(&world, &no);
    }
}

#[test]
fn a_code_that_has_paid_says_so_again() {
    for (way, _) in WAYS {
        let world = World::new();
        let code = Wallet::Pays.code(1);
        let no = world.scan(way, &code).unwrap().flow;
        let again = world.scan(way, &code).unwrap();
        assert_eq!((again.flow, again.state.flows.len()), (no.clone(), 1));
        paid_by(&world, &no);
        assert_eq!(bank(&world, way).calls("pay"), 1);
        let other = world.scan(way, &Wallet::Pays.code(2)).unwrap_err();
        assert_eq!(other, Refusal::OrderPaid);
    }
}

#[test]
fn a_code_that_was_refused_or_taken_back_is_not_charged_again() {
    for (way, life) in WAYS {
        let world = World::new();
        for (wallet, ended) in [
            (Wallet::Refuses, FlowStatus::Failed),
            (Wallet::Asks, FlowStatus::Closed),
        ] {
            let _ = world.scan(way, &wallet.code(1));
            world.pass(life);
            let flows = world.state().flows;
            assert_eq!(flows.last().unwrap().status, ended);
            let refusal = world.scan(way, &wallet.code(1)).unwrap_err();
            assert!(
                matches!(refusal, Refusal::ChannelRefused { .. }),
                "{refusal:?}"
            );
            assert_eq!(world.state().flows.len(), flows.len());
        }
        assert_eq!(bank(&world, way).calls("pay"), 2);
        unpaid(&world);
    }
}

#[test]
fn a_code_that_was_left_for_another_way_is_not_charged_again_while_it_is_taken_back() {
    for (way, _) in WAYS {
        let world = World::new();
        bank(&world, way).fault("pay", Fault::LostBefore);
        let code = Wallet::Pays.code(1);
        let old = undecided(&world, way, &code);
        let new = undecided(&world, way, &Wallet::Asks.code(2));
        assert_eq!(status(&world, &old), FlowStatus::Closing);
        let refusal = world.scan(way, &code).unwrap_err();
        assert!(
            matches!(refusal, Refusal::PaymentInProgress { .. }),
            "{refusal:?}"
        );
        assert_eq!(world.state().flows.len(), 2, "{}", world.story());
        assert!(bank(&world, way).pay_now(&new), "the other one goes on");
        paid_by(&world, &new);
    }
}

#[test]
fn a_merchant_who_closes_takes_an_undecided_code_back() {
    for (way, _) in WAYS {
        for lost in [false, true] {
            let world = World::new();
            if lost {
                bank(&world, way).fault("pay", Fault::LostAfter);
            }
            let wallet = if lost { Wallet::Pays } else { Wallet::Asks };
            let no = undecided(&world, way, &wallet.code(1));
            let closed = world.close().unwrap();
            assert_eq!(closed.order.status, OrderStatus::Closed);
            assert_eq!(status(&world, &no), FlowStatus::Closed);
            assert_eq!(bank(&world, way).calls("close"), 0, "a code is taken back");
            unpaid(&world);
        }
    }
}

#[test]
fn a_merchant_who_closes_what_the_channel_does_not_know_yet_waits_for_it() {
    for (way, life) in WAYS {
        let world = World::new();
        bank(&world, way).fault("pay", Fault::OnItsWay);
        let no = undecided(&world, way, &Wallet::Pays.code(1));
        let closing = world.close().unwrap();
        assert_eq!(closing.order.status, OrderStatus::Open);
        bank(&world, way).arrive();
        world.pass(life);
        assert_eq!(status(&world, &no), FlowStatus::Closed, "{}", world.story());
        unpaid(&world);
    }
}

/// The process is gone between the commit of the intent and the call, or after it.
#[test]
fn whoever_finds_the_task_after_a_crash_asks_and_does_not_charge_again() {
    for (way, life) in WAYS {
        for sent in [false, true] {
            let world = World::new();
            let no = crash_before_the_call(&world, way);
            if sent {
                let request = flow(&world, &no).request;
                let channel = bank(&world, way);
                let _ = pollster::block_on(cashier::channel::Channel::pay(&*channel, &request));
            }
            world.pass(31);
            assert_eq!(bank(&world, way).calls("query"), 1, "{}", world.story());
            assert_eq!(bank(&world, way).calls("pay"), usize::from(sent));
            if sent {
                paid_by(&world, &no);
            } else {
                world.pass(life + 61);
                assert_eq!(status(&world, &no), FlowStatus::Expired);
                unpaid(&world);
            }
            assert_eq!(bank(&world, way).calls("pay"), usize::from(sent));
        }
    }
}

/// Commits the intent to charge a code, and does nothing more.
fn crash_before_the_call(world: &World, way: Way) -> FlowNo {
    let state = world.state();
    let code = Some(Wallet::Pays.code(1));
    let wish = Box::new(PayCommand {
        auth_code: code,
        ..wish(way)
    });
    let timing = Timing::default();
    let now = world.clock.now();
    let context = Context {
        now,
        timing: &timing,
    };
    let decision = decide(&state, &Input::Pay { wish, mine: None }, &context);
    let commit = Commit {
        order: state.order.id.clone(),
        revision: state.order.revision,
        rows: decision.rows,
        leases: decision.run,
        leased_until: now.plus(Span::seconds(30)),
        notice: None,
    };
    let committed = pollster::block_on(world.store.commit(vec![commit])).pop();
    committed.unwrap().unwrap();
    world.state().flows[0].no.clone()
}

#[test]
fn a_code_is_not_taken_where_it_would_outlive_its_order() {
    for (way, life) in WAYS {
        let world = World::new();
        world.pass(7200 - life + 1);
        let refusal = world.scan(way, &Wallet::Pays.code(1)).unwrap_err();
        assert_eq!(refusal, Refusal::OrderExpired);
        assert_eq!(bank(&world, way).calls("pay"), 0);
    }
}

/// A counter that sends a code again hears that it is paid only if it has paid the order.
#[test]
fn a_code_that_paid_another_amount_has_not_paid_the_order() {
    for (way, _) in WAYS {
        let world = World::new();
        let code = Wallet::Asks.code(1);
        let no = undecided(&world, way, &code);
        assert!(bank(&world, way).pay_now(&no));
        bank(&world, way).fault("query", Fault::WrongAmount);
        bank(&world, way).fault("query", Fault::WrongAmount);
        world.pass(20);
        assert_eq!(status(&world, &no), FlowStatus::Paid, "{}", world.story());
        assert_eq!(world.state().order.status, OrderStatus::Open);
        let again = world.scan(way, &code).unwrap_err();
        let in_progress = matches!(again, Refusal::PaymentInProgress { .. });
        assert!(in_progress, "{again:?}");
        assert_eq!(world.state().flows.len(), 1, "nobody is charged twice");
    }
}

/// Who may tell of money.
const VOICES: [Voice; 4] = [Voice::Notice, Voice::Bill, Voice::Query, Voice::Pay];

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Voice {
    Notice,
    Bill,
    /// The answer to a question, read by a process that had stood still.
    Query,
    /// The answer to the charge, read by a process that had stood still.
    Pay,
}

/// Lets a voice say what the channel believes of a flow.
fn tell(world: &World, voice: Voice, way: Way, no: &FlowNo, returned: bool) {
    let Trade::Paid(payment) = bank(world, way).payment(no) else {
        panic!("it is paid");
    };
    let payment = Payment {
        returned,
        ..payment
    };
    let trade = Trade::Paid(payment.clone());
    let account = AccountId::new(way.channel().name());
    let answer = match voice {
        Voice::Notice => {
            assert_eq!(world.notice(account.as_str(), no, &trade), 200);
            return;
        }
        Voice::Bill => {
            let flow_no = no.clone();
            let row = BillRow::Paid { flow_no, payment };
            pollster::block_on(world.cashier.take_bill_row(&account, row)).unwrap();
            return;
        }
        Voice::Query => Answer::Query(Outcome::Done(trade)),
        Voice::Pay => Answer::Pay(Outcome::Done(Offer::Trade(trade))),
    };
    let state = world.state();
    let input = Input::Answered(Subject::Flow(no.clone()), answer, state.order.created_at);
    let timing = Timing::default();
    let now = world.clock.now();
    let context = Context {
        now,
        timing: &timing,
    };
    let commit = Commit {
        order: state.order.id.clone(),
        revision: state.order.revision,
        rows: decide(&state, &input, &context).rows,
        leases: Vec::new(),
        leased_until: now,
        notice: None,
    };
    let committed = pollster::block_on(world.store.commit(vec![commit])).pop();
    committed.unwrap().unwrap();
}

/// A code of which the payer was told that it has paid nothing.
fn denied(world: &World, way: Way, ended: FlowStatus) -> FlowNo {
    if ended == FlowStatus::Failed {
        world.scan(way, &Wallet::Refuses.code(1)).unwrap_err();
    } else {
        bank(world, way).fault("pay", Fault::LostBefore);
        undecided(world, way, &Wallet::Pays.code(1));
        world.pass(121);
    }
    let no = world.state().flows[0].no.clone();
    assert_eq!(status(world, &no), ended, "{}", world.story());
    no
}

/// Every way in which a code is denied, and everybody who may tell of its money.
fn denials() -> impl Iterator<Item = (Way, FlowStatus, Voice)> {
    let ends = [FlowStatus::Failed, FlowStatus::Expired];
    WAYS.into_iter().flat_map(move |(way, _)| {
        ends.into_iter()
            .flat_map(move |end| VOICES.map(|voice| (way, end, voice)))
    })
}

#[test]
fn money_of_a_code_that_was_denied_goes_back_and_the_order_stays_open() {
    for (way, ended, voice) in denials() {
        let world = World::new();
        let no = denied(&world, way, ended);
        bank(&world, way).takes_after_all(&no);
        tell(&world, voice, way, &no, false);
        let state = world.state();
        assert_eq!(state.order.status, OrderStatus::Open, "{voice:?} {ended:?}");
        assert_eq!(state.captures[0].kind, CaptureKind::Late);
        assert_eq!(world.exceptions(), ["late_payment"]);
        assert_eq!(world.events(), ["order.late_payment"]);
        // Whoever tells of it again adds nothing.
        for again in VOICES {
            tell(&world, again, way, &no, false);
        }
        world.pass(5);
        assert_eq!(bank(&world, way).taken(), 0, "{}", world.story());
        let new = world.scan(way, &Wallet::Pays.code(2)).unwrap().flow;
        world.at_rest(0);
        let state = world.state();
        assert_eq!(state.order.paid_by.as_ref(), Some(&new));
        assert_eq!(state.refunds.len(), 1, "it goes back once");
        assert!(state.is_resolved(&state.exceptions[0].id));
        let told = ["order.late_payment", "order.surplus_refunded", "order.paid"];
        assert_eq!(world.events(), told);
    }
}

#[test]
fn money_of_a_code_that_was_denied_pays_the_order_if_late_money_is_accepted() {
    for (way, ended, voice) in denials() {
        let world = World::with(Policy {
            late_payment: LatePayment::Accept,
            ..Policy::default()
        });
        let no = denied(&world, way, ended);
        bank(&world, way).takes_after_all(&no);
        tell(&world, voice, way, &no, false);
        assert!(world.story().contains("comes late and is accepted"));
        paid_by(&world, &no);
    }
}

#[test]
fn money_of_a_code_that_was_denied_is_one_too_many_where_another_has_paid() {
    for (way, ended, voice) in denials() {
        let world = World::new();
        let no = denied(&world, way, ended);
        let new = world.scan(way, &Wallet::Pays.code(2)).unwrap().flow;
        bank(&world, way).takes_after_all(&no);
        tell(&world, voice, way, &no, false);
        world.at_rest(0);
        assert_eq!(world.state().order.paid_by.as_ref(), Some(&new));
        assert_eq!(world.exceptions(), ["duplicate_payment"]);
    }
}

#[test]
fn a_code_that_was_denied_is_still_denied_when_its_money_goes_back() {
    for (way, ended, voice) in denials() {
        let world = World::new();
        let no = denied(&world, way, ended);
        bank(&world, way).takes_after_all(&no);
        tell(&world, voice, way, &no, false);
        let code = flow(&world, &no).request.auth_code.unwrap();
        let refusal = world.scan(way, &code).unwrap_err();
        let reason = "it was paid too late, and is given back".to_owned();
        assert_eq!(refusal, Refusal::ChannelRefused { reason });
        assert_eq!(world.state().flows.len(), 1);
    }
}

#[test]
fn nothing_is_given_back_of_a_denied_code_whose_money_went_back_by_itself() {
    for (way, ended, voice) in denials() {
        let world = World::new();
        let no = denied(&world, way, ended);
        bank(&world, way).takes_after_all(&no);
        tell(&world, voice, way, &no, true);
        assert_eq!(status(&world, &no), ended);
        let state = world.state();
        assert!(state.captures.is_empty() && state.refunds.is_empty());
        assert_eq!(bank(&world, way).calls("refund"), 0);
    }
}

/// A process stood still before it called, for so long that the channel's refusal to
/// another one was heard and the payment counts.
#[test]
fn a_reversal_that_is_carried_out_after_the_payment_counted_is_shown_to_a_person() {
    for (way, life) in WAYS {
        let world = World::new();
        let no = paid_unheard(&world, way);
        bank(&world, way).fault("reverse", Fault::Refused);
        world.pass(life);
        bank(&world, way).ledger.lock().unwrap().faults.clear();
        world.pass(10);
        assert_eq!(status(&world, &no), FlowStatus::Paid, "{}", world.story());
        let state = world.state();
        let said = Outcome::Done(Reversed::Confirmed);
        let asked = state.order.created_at;
        let input = Input::Answered(Subject::Flow(no.clone()), Answer::Reverse(said), asked);
        let timing = Timing::default();
        let now = world.clock.now();
        let context = Context {
            now,
            timing: &timing,
        };
        let mut after = state.clone();
        for row in decide(&state, &input, &context).rows {
            after.apply(&row);
        }
        let [exception] = after.exceptions.as_slice() else {
            panic!("one exception: {:?}", after.exceptions);
        };
        assert_eq!(exception.kind, ExceptionKind::ExternalRefund);
        assert_eq!(exception.amount.unwrap().fen(), AMOUNT);
        assert_eq!(after.order.status, OrderStatus::Paid, "paid is final");
    }
}

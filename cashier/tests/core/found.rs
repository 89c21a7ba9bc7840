//! What the simulator found, told as short as it can be.

use crate::world::{World, wish};
use cashier::channel::{
    BillRow, Cause, CauseKind, Outcome, Payment, Refusal, RefusalKind, Reversed, Trade,
};
use cashier::command::{PayCommand, Refusal as Wait};
use cashier::decide::{Answer, Context, Input, Reply, decide};
use cashier::exception::ExceptionKind;
use cashier::flow::FlowStatus;
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::policy::{Policy, Switch};
use cashier::state::OrderState;
use cashier::task::{Call, Subject};
use cashier::time::{Clock, Span, Timestamp};
use cashier::timing::Timing;
use cashier::way::Way;

/// What a payer shows.
const CODE: &str = "281234567890123456";

/// The order after the channel has said that it does not know the flow, which was
/// asked at one time and read at another.
fn after_not_found(
    state: &OrderState,
    no: &FlowNo,
    asked: Timestamp,
    read: Timestamp,
) -> OrderState {
    let answer = Answer::Query(Outcome::Done(Trade::NotFound));
    let input = Input::Answered(Subject::Flow(no.clone()), answer, asked);
    let timing = Timing::default();
    let context = Context {
        now: read,
        timing: &timing,
    };
    let mut after = state.clone();
    for row in decide(state, &input, &context).rows {
        after.apply(&row);
    }
    after
}

/// Seed 36288: a node stood still between the channel's answer and its commit.
/// Shows F10, F51.
#[test]
fn a_no_that_is_read_late_does_not_end_a_flow_that_may_have_been_paid_meanwhile() {
    let world = World::new();
    let no = world.flow(Way::AliQr);
    world.close().unwrap();
    let state = world.state();
    let end = state.flow(&no).unwrap().expires_at();
    let late = end.plus(Span::minutes(10));

    let early_question = after_not_found(&state, &no, end.minus(Span::seconds(1)), late);
    let flow = early_question.flow(&no).unwrap();
    assert_eq!(flow.status, FlowStatus::Closing);
    assert!(flow.next.is_some(), "it is asked about again");

    let timely_question = after_not_found(&state, &no, late, late);
    assert_eq!(
        timely_question.flow(&no).unwrap().status,
        FlowStatus::Expired
    );
}

/// Seeds 2730, 11082: the closed flow got a task that nothing could ever end.
/// Shows F25.
#[test]
fn a_wrong_amount_named_of_a_closed_flow_is_shown_and_leaves_nothing_to_do() {
    let world = World::new();
    let no = world.flow(Way::WxNative);
    world.close().unwrap();
    assert_eq!(world.state().flow(&no).unwrap().status, FlowStatus::Closed);
    let payment = Payment {
        trade_no: "T1".to_owned(),
        amount: Money::from_fen(2).unwrap(),
        paid_at: world.clock.now(),
        payer: None,
        returned: false,
    };
    assert_eq!(world.notice("wechat", &no, &Trade::Paid(payment)), 200);
    let state = world.state();
    assert_eq!(state.flow(&no).unwrap().next, None);
    assert!(state.captures.is_empty());
    let kinds: Vec<ExceptionKind> = state.exceptions.iter().map(|known| known.kind).collect();
    assert_eq!(kinds, [ExceptionKind::AmountMismatch]);
}

/// Seeds 8719, 13706: the first creation was carried out, its node died, and the
/// channel refused the second one.
#[test]
fn a_refusal_of_a_repeated_creation_does_not_fail_what_the_first_may_have_made() {
    let world = World::new();
    let no = world.order.flow(1);
    let mut state = world.state();
    let made = Input::Pay {
        wish: Box::new(wish(Way::WxNative)),
        mine: None,
    };
    let now = world.clock.now();
    apply(&mut state, &made, now);
    assert_eq!(state.flow(&no).unwrap().status, FlowStatus::Created);

    let refused = |asked| {
        let no_ = Refusal {
            kind: RefusalKind::Final,
            code: "NO_AUTH".to_owned(),
            message: "not allowed".to_owned(),
        };
        let answer = Answer::Pay(Outcome::Refused(no_));
        Input::Answered(Subject::Flow(no.clone()), answer, asked)
    };
    let mut first = state.clone();
    apply(&mut first, &refused(now), now);
    assert_eq!(first.flow(&no).unwrap().status, FlowStatus::Failed);

    let later = now.plus(Timing::default().lease);
    apply(&mut state, &refused(later), later);
    let flow = state.flow(&no).unwrap();
    assert_eq!(flow.status, FlowStatus::Closing);
    assert_eq!(flow.next.unwrap().call, Call::Close);
}

/// The order after its payer's code was given up and another way is wanted: the channel
/// is asked to take the code back.
fn being_taken_back(world: &World, no: &FlowNo) -> OrderState {
    let now = world.clock.now();
    let mut state = world.state();
    let by = |way, code: Option<&str>| Input::Pay {
        wish: Box::new(PayCommand {
            auth_code: code.map(str::to_owned),
            ..wish(way)
        }),
        mine: None,
    };
    apply(&mut state, &by(Way::AliBar, Some(CODE)), now);
    let lost = Outcome::Unknown(Cause {
        kind: CauseKind::Timeout,
        detail: String::new(),
    });
    apply(&mut state, &answered(no, Answer::Pay(lost), now), now);
    let later = now.plus(Span::seconds(11));
    apply(&mut state, &by(Way::WxNative, None), later);
    let flow = state.flow(no).unwrap();
    assert_eq!(flow.status, FlowStatus::Closing);
    assert_eq!(flow.next.unwrap().call, Call::Reverse);
    state
}

fn answered(no: &FlowNo, answer: Answer, asked: Timestamp) -> Input {
    Input::Answered(Subject::Flow(no.clone()), answer, asked)
}

fn strict() -> Policy {
    Policy {
        switch: Switch::Strict,
        ..Policy::default()
    }
}

/// The exhaustive check: the code arrived after one reversal had found nothing, was paid
/// and taken back by another, and its notice paid the order with money that was gone.
#[test]
fn a_code_that_is_taken_back_never_pays_although_the_channel_did_not_know_it_at_first() {
    let world = World::with(strict());
    let no = world.order.flow(1);
    let mut state = being_taken_back(&world, &no);
    let now = world.clock.now().plus(Span::seconds(12));
    let not_found = Answer::Reverse(Outcome::Done(Reversed::NotFound));
    apply(&mut state, &answered(&no, not_found, now), now);
    let flow = state.flow(&no).unwrap();
    assert_eq!(flow.status, FlowStatus::Closing, "it is not payable again");
    assert!(flow.next.is_some(), "it is asked about");

    let confirmed = Answer::Reverse(Outcome::Done(Reversed::Confirmed));
    apply(&mut state, &answered(&no, confirmed, now), now);
    let paid = Trade::Paid(Payment {
        trade_no: "T1".to_owned(),
        amount: state.order.amount,
        paid_at: now,
        payer: None,
        returned: false,
    });
    apply(&mut state, &Input::NoticedTrade(no.clone(), paid), now);
    assert_eq!(state.flow(&no).unwrap().status, FlowStatus::Closed);
    assert!(state.captures.is_empty());
}

/// Worlds whose requests come late: its reversal had found nothing, another way was made
/// payable beside it, and the counter brought the same code again.
#[test]
fn a_code_that_is_being_taken_back_is_not_sent_under_another_number() {
    let world = World::with(Policy {
        switch: Switch::Overlap,
        ..Policy::default()
    });
    let no = world.order.flow(1);
    let mut state = being_taken_back(&world, &no);
    let now = world.clock.now().plus(Span::seconds(12));
    let not_found = Answer::Reverse(Outcome::Done(Reversed::NotFound));
    apply(&mut state, &answered(&no, not_found, now), now);
    assert!(state.flow(&no).unwrap().superseded_at.is_some());

    let timing = Timing::default();
    let context = Context {
        now,
        timing: &timing,
    };
    let again = Input::Pay {
        wish: Box::new(PayCommand {
            auth_code: Some(CODE.to_owned()),
            ..wish(Way::AliBar)
        }),
        mine: None,
    };
    let decision = decide(&state, &again, &context);
    let in_progress = Reply::No(Wait::PaymentInProgress {
        retry_at: state.flow(&no).unwrap().next.unwrap().due,
    });
    assert_eq!(decision.reply, in_progress);
    assert!(decision.rows.is_empty());
}

/// Seed 21 and many more: the bill lists a reversal as a refund under a number that
/// Till does not know.
#[test]
fn what_the_bill_says_of_a_reversal_is_no_refund_by_hand() {
    let world = World::with(strict());
    let no = world.order.flow(1);
    let mut state = being_taken_back(&world, &no);
    let now = world.clock.now().plus(Span::seconds(12));
    let confirmed = Answer::Reverse(Outcome::Done(Reversed::Confirmed));
    apply(&mut state, &answered(&no, confirmed, now), now);
    let row = BillRow::Refunded {
        flow_no: no.clone(),
        refund_no: RefundNo::new(no.as_str()),
        amount: state.order.amount,
    };
    apply(&mut state, &Input::Billed(row), now);
    assert!(state.exceptions.is_empty());
}

fn apply(state: &mut OrderState, input: &Input, now: Timestamp) {
    let timing = Timing::default();
    let context = Context {
        now,
        timing: &timing,
    };
    for row in decide(state, input, &context).rows {
        state.apply(&row);
    }
}

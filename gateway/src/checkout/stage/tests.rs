use super::*;
use cashier::capture::Capture;
use cashier::channel::{Action, PayRequest, RefundRequest};
use cashier::id::{AccountId, AppId, CheckoutToken, MerchantId, OrderId};
use cashier::money::Money;
use cashier::order::Order;
use cashier::policy::Policy;
use cashier::refund::Refund;
use cashier::task::{Call, Next};
use cashier::time::Span;
use cashier::way::Way;
use std::collections::BTreeMap;

const CREATED: Timestamp = Timestamp::from_millis(1_767_281_405_000);

fn later(seconds: u32) -> Timestamp {
    CREATED.plus(Span::seconds(seconds))
}

fn price() -> Money {
    Money::from_fen(8800).unwrap()
}

/// An order of two hours.
pub(in super::super) fn order() -> OrderState {
    let id = OrderId::generate(CREATED, [7; 16]);
    OrderState::new(Order {
        id,
        merchant: MerchantId::new("mch"),
        app: AppId::new("app"),
        merchant_order_no: "T1".to_owned(),
        amount: price(),
        subject: "龙井茶".to_owned(),
        body: None,
        client_ip: None,
        ways: Vec::new(),
        notify_url: None,
        return_url: None,
        metadata: BTreeMap::new(),
        policy: Policy::default(),
        token: CheckoutToken::generate([9; 16]),
        created_at: CREATED,
        expires_at: later(7200),
        status: OrderStatus::Open,
        close_requested_at: None,
        closed: None,
        paid_by: None,
        paid_at: None,
        revision: 1,
        version: 0,
        next: None,
    })
}

fn with_flow(status: FlowStatus, next: Option<Next>) -> OrderState {
    let mut state = order();
    let no = state.order.id.flow(1);
    state.flows.push(Flow {
        no: no.clone(),
        account: AccountId::new("acc"),
        request: PayRequest {
            flow_no: no,
            way: Way::WxNative,
            amount: price(),
            subject: "龙井茶".to_owned(),
            expires_at: later(900),
            notify_url: "https://pay.example.com/notify/acc".to_owned(),
            return_url: None,
            client_ip: None,
            payer: None,
            auth_code: None,
        },
        status,
        action: Some(Action::QrCode {
            text: "weixin://wxpay/bizpayurl?pr=one".to_owned(),
        }),
        action_until: None,
        created_at: CREATED,
        superseded_at: None,
        close_refused_at: None,
        reverse_wanted_at: None,
        asked_at: None,
        reason: None,
        claimed: None,
        next,
    });
    state
}

fn with_capture(mut state: OrderState, kind: CaptureKind) -> OrderState {
    state.captures.push(Capture {
        id: state.order.id.capture(1),
        flow_no: state.order.id.flow(1),
        account: AccountId::new("acc"),
        trade_no: "4200".to_owned(),
        amount: price(),
        paid_at: later(60),
        seen_at: later(61),
        payer: None,
        kind,
    });
    state
}

fn name(state: &OrderState, seconds: u32) -> &'static str {
    Stage::of(state, later(seconds)).name()
}

#[test]
fn an_open_order_is_chosen_for_until_its_time_is_over() {
    let state = order();
    assert_eq!(name(&state, 0), "choose");
    assert_eq!(name(&state, 7199), "choose");
    assert_eq!(
        name(&state, 7200),
        "expired",
        "also while the core waits for the channel's word"
    );
}

#[test]
fn a_flow_is_shown_only_while_it_is_current_and_can_be_paid() {
    let live = with_flow(FlowStatus::Live, None);
    assert_eq!(name(&live, 899), "waiting");
    assert_eq!(name(&live, 900), "choose");

    let mut superseded = live.clone();
    superseded.flows[0].superseded_at = Some(later(10));
    assert_eq!(name(&superseded, 20), "choose");

    let mut closing = live;
    closing.order.close_requested_at = Some(later(10));
    assert_eq!(name(&closing, 20), "closed");
}

#[test]
fn nothing_can_be_chosen_while_a_payment_is_given_up_or_being_made() {
    let due = Next::first(Call::Close, later(30));
    let closing = with_flow(FlowStatus::Closing, Some(due));
    let stage = Stage::of(&closing, later(20));
    assert_eq!(
        stage,
        Stage::Processing {
            next: Some(later(30))
        }
    );

    let leased = Next {
        leased_until: later(30),
        ..Next::first(Call::Pay, CREATED)
    };
    let made = with_flow(FlowStatus::Created, Some(leased));
    assert_eq!(name(&made, 20), "processing");
    assert_eq!(
        name(&made, 31),
        "choose",
        "whoever made it is gone: choosing goes on with it"
    );
}

#[test]
fn an_order_that_has_ended_says_how() {
    let mut paid = with_capture(with_flow(FlowStatus::Paid, None), CaptureKind::Winner);
    paid.order.status = OrderStatus::Paid;
    assert_eq!(name(&paid, 90_000), "paid");

    let mut closed = order();
    closed.order.status = OrderStatus::Closed;
    closed.order.closed = Some((later(60), CloseReason::Requested));
    assert_eq!(name(&closed, 61), "closed");
    closed.order.closed = Some((later(7200), CloseReason::Expired));
    assert_eq!(name(&closed, 7201), "expired");
}

#[test]
fn late_money_is_returned_when_the_payer_has_it_and_not_before() {
    let mut state = with_capture(with_flow(FlowStatus::Paid, None), CaptureKind::Late);
    state.order.status = OrderStatus::Closed;
    state.order.closed = Some((later(60), CloseReason::Requested));
    assert_eq!(
        Stage::of(&state, later(70)),
        Stage::Returned { done: false }
    );

    let capture = state.captures[0].clone();
    let no = state.order.id.refund(1);
    state.refunds.push(Refund {
        no: no.clone(),
        capture: capture.id,
        account: capture.account,
        merchant_refund_no: None,
        request: RefundRequest {
            refund_no: no,
            flow_no: capture.flow_no,
            trade_no: capture.trade_no,
            amount: price(),
            total: price(),
            reason: None,
            notify_url: String::new(),
        },
        status: RefundStatus::Processing,
        created_at: later(62),
        settled_at: None,
        detail: None,
        next: None,
    });
    let before = Stage::of(&state, later(70)).mark();
    state.refunds[0].status = RefundStatus::Succeeded;
    let stage = Stage::of(&state, later(70));
    assert_eq!(stage, Stage::Returned { done: true });
    assert_ne!(stage.mark(), before, "an open page has to learn of it");
}

#[test]
fn a_wrong_amount_is_looked_at_by_a_person_and_nothing_else_may_be_paid() {
    let state = with_capture(with_flow(FlowStatus::Paid, None), CaptureKind::WrongAmount);
    assert_eq!(Stage::of(&state, later(70)), Stage::Reviewed);
    assert_eq!(name(&state, 70), "processing");
}

#[test]
fn the_mark_tells_artefacts_apart_and_nothing_about_them() {
    let one = with_flow(FlowStatus::Live, None);
    let mut other = one.clone();
    other.flows[0].action = Some(Action::QrCode {
        text: "weixin://wxpay/bizpayurl?pr=two".to_owned(),
    });
    let mark = |state: &OrderState| Stage::of(state, later(1)).mark();
    assert_eq!(mark(&one), mark(&one.clone()));
    assert_ne!(mark(&one), mark(&other));
    assert!(!mark(&one).contains(one.flows[0].no.as_str()));
}

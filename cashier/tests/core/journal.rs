//! The journal leaves nothing out: every answer of a channel and every new notice is
//! one line of it, whatever the flow or refund is doing meanwhile.

use crate::world::{AMOUNT, World};
use cashier::channel::*;
use cashier::decide::{Answer, Context, Input, decide};
use cashier::flow::FlowStatus;
use cashier::id::{AccountId, FlowNo, RefundNo};
use cashier::journal::{Line, Source};
use cashier::money::Money;
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::refund::RefundStatus;
use cashier::state::{OrderState, Row};
use cashier::store::Store;
use cashier::task::{Call, Next, Subject};
use cashier::time::{Span, Timestamp};
use cashier::timeline::timeline;
use cashier::timing::Timing;
use cashier::way::Way;

/// The lines about `subject` from `source` that the decision adds.
fn lines(
    state: &OrderState,
    input: &Input,
    now: Timestamp,
    source: Source,
    subject: &str,
) -> Vec<Line> {
    let timing = Timing::default();
    let decision = decide(
        state,
        input,
        &Context {
            now,
            timing: &timing,
        },
    );
    let lines = decision.rows.into_iter().filter_map(|row| match row {
        Row::Line(line) => Some(line),
        _ => None,
    });
    lines
        .filter(|line| line.source == source && line.subject.as_deref() == Some(subject))
        .collect()
}

/// Everything that is not a definite success.
fn noes<T>() -> Vec<Outcome<T>> {
    let refusal = |kind| {
        Outcome::Refused(Refusal {
            kind,
            code: "CODE".to_owned(),
            message: "words".to_owned(),
        })
    };
    let cause = || Cause {
        kind: CauseKind::Timeout,
        detail: "no answer".to_owned(),
    };
    vec![
        refusal(RefusalKind::AlreadyPaid),
        refusal(RefusalKind::Later),
        refusal(RefusalKind::Final),
        Outcome::NotSent(cause()),
        Outcome::Unknown(cause()),
    ]
}

fn outcomes<T>(done: Vec<T>) -> Vec<Outcome<T>> {
    done.into_iter().map(Outcome::Done).chain(noes()).collect()
}

fn trades(now: Timestamp) -> Vec<Trade> {
    let paid = |fen| {
        Trade::Paid(Payment {
            trade_no: format!("T{fen}"),
            amount: Money::from_fen(fen).unwrap(),
            paid_at: now,
            payer: None,
            returned: false,
        })
    };
    vec![
        Trade::NotFound,
        Trade::Waiting,
        Trade::Closed,
        paid(AMOUNT),
        paid(1),
    ]
}

fn flow_answers(now: Timestamp) -> Vec<(Answer, Source)> {
    let code = Action::QrCode {
        text: "qr".to_owned(),
    };
    let closed = vec![
        Closed::Confirmed,
        Closed::NotFound,
        Closed::TooEarly,
        Closed::NotAllowed,
    ];
    let offers = trades(now)
        .into_iter()
        .map(Offer::Trade)
        .chain([Offer::Action(code)]);
    let pays = outcomes(offers.collect()).into_iter().map(Answer::Pay);
    let queries = outcomes(trades(now)).into_iter().map(Answer::Query);
    let closes = outcomes(closed).into_iter().map(Answer::Close);
    pays.map(|answer| (answer, Source::Pay))
        .chain(queries.map(|answer| (answer, Source::Query)))
        .chain(closes.map(|answer| (answer, Source::Close)))
        .collect()
}

const REFUNDED: [Refunded; 5] = [
    Refunded::NotFound,
    Refunded::Processing,
    Refunded::Succeeded,
    Refunded::Closed,
    Refunded::Abnormal,
];

/// The order with its flow in that status, asked about for the `attempt`th time.
fn flow_in(state: &OrderState, status: FlowStatus, attempt: u32) -> OrderState {
    let mut state = state.clone();
    let flow = &mut state.flows[0];
    flow.status = status;
    flow.next = (!status.is_settled()).then_some(Next {
        attempt,
        ..Next::first(Call::Query, flow.created_at)
    });
    state
}

/// A live flow that the payer has changed nothing about, and its moments: while it
/// can be paid, past its end, and past every margin.
fn live(policy: Policy) -> (OrderState, FlowNo, [Timestamp; 3]) {
    let world = World::with(policy);
    let no = world.flow(Way::AliQr);
    let state = world.state();
    let end = state.flow(&no).unwrap().expires_at();
    let created = state.flow(&no).unwrap().created_at;
    let moments = [
        created.plus(Span::seconds(20)),
        end.plus(Span::seconds(5)),
        end.plus(Span::minutes(30)),
    ];
    (state, no, moments)
}

#[test]
fn every_answer_about_a_flow_is_one_line_whatever_the_flow_is_doing() {
    let mut tried = 0;
    for (switch, late_payment) in [
        (Switch::Overlap, LatePayment::Refund),
        (Switch::Strict, LatePayment::Accept),
    ] {
        let (state, no, moments) = live(Policy {
            switch,
            late_payment,
            ..Policy::default()
        });
        for (status, now) in FlowStatus::ALL
            .into_iter()
            .flat_map(|status| moments.map(|now| (status, now)))
        {
            for attempt in [0, 3] {
                let state = flow_in(&state, status, attempt);
                for (answer, source) in flow_answers(now) {
                    let input = Input::Answered(Subject::Flow(no.clone()), answer, now);
                    let found = lines(&state, &input, now, source, no.as_str());
                    assert_eq!(found.len(), 1, "{status:?} {input:?} {found:#?}");
                    assert!(!found[0].text.is_empty());
                    tried += 1;
                }
            }
        }
    }
    assert_eq!(tried, 2 * 8 * 3 * 2 * (11 + 10 + 9));
}

#[test]
fn every_new_notice_about_a_flow_is_one_line_also_if_it_changes_nothing() {
    let (state, no, moments) = live(Policy::default());
    for (status, now) in FlowStatus::ALL
        .into_iter()
        .flat_map(|status| moments.map(|now| (status, now)))
    {
        let state = flow_in(&state, status, 0);
        for trade in trades(now) {
            let input = Input::NoticedTrade(no.clone(), trade);
            let found = lines(&state, &input, now, Source::Notice, no.as_str());
            assert_eq!(found.len(), 1, "{status:?} {input:?} {found:#?}");
        }
    }
}

/// A paid order with a refund that has not been sent yet.
fn refunding() -> (OrderState, RefundNo, Timestamp) {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    world.notice("wechat", &flow, &world.wechat.payment(&flow));
    let no = world.refund("R-1", 100).unwrap();
    let state = world.state();
    let created = state.refund(&no).unwrap().created_at;
    (state, no, created)
}

fn refund_in(state: &OrderState, no: &RefundNo, status: RefundStatus, refused: bool) -> OrderState {
    let mut state = state.clone();
    let refund = state.refunds.iter_mut().find(|r| r.no == *no).unwrap();
    refund.status = status;
    refund.settled_at = None;
    refund.detail = refused.then(|| "CODE: words".to_owned());
    refund.next = Some(Next::first(Call::QueryRefund, refund.created_at));
    state
}

#[test]
fn every_answer_and_notice_about_a_refund_is_one_line_whatever_the_refund_is_doing() {
    let (state, no, created) = refunding();
    let flow = state.flows[0].no.clone();
    let about = Subject::Refund(no.clone());
    for (status, refused) in RefundStatus::ALL
        .into_iter()
        .flat_map(|status| [(status, false), (status, true)])
    {
        let state = refund_in(&state, &no, status, refused);
        for days in [0, 4] {
            let now = created.plus(Span::minutes(days * 24 * 60 + 1));
            for said in outcomes(REFUNDED.to_vec()) {
                let sent = Input::Answered(about.clone(), Answer::Refund(said.clone()), now);
                let found = lines(&state, &sent, now, Source::Refund, no.as_str());
                assert_eq!(found.len(), 1, "{status:?} {sent:?} {found:#?}");
                let asked = Input::Answered(about.clone(), Answer::QueryRefund(said), now);
                let found = lines(&state, &asked, now, Source::Query, no.as_str());
                assert_eq!(found.len(), 1, "{status:?} {asked:?} {found:#?}");
            }
            for said in REFUNDED.into_iter().map(Some).chain([None]) {
                let input = Input::NoticedRefund(flow.clone(), no.clone(), said);
                let found = lines(&state, &input, now, Source::Notice, no.as_str());
                assert_eq!(found.len(), 1, "{status:?} {input:?} {found:#?}");
            }
        }
    }
    let unknown = RefundNo::new("rfd_elsewhere");
    let input = Input::NoticedRefund(flow, unknown.clone(), None);
    let found = lines(&state, &input, created, Source::Notice, unknown.as_str());
    assert_eq!(found.len(), 1, "{found:#?}");
}

#[test]
fn a_notice_that_says_what_is_known_is_recorded_once_with_its_line() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    world.pass(60);
    assert!(world.state().order.paid_by.is_some(), "{}", world.story());
    let before = world.state().order.revision;
    let said = world.wechat.payment(&flow);
    assert_eq!(world.notice("wechat", &flow, &said), 200);
    let evidence = pollster::block_on(world.store.evidence(&world.order)).unwrap();
    assert_eq!(evidence.notices.len(), 1);
    let last = evidence.lines.last().unwrap();
    assert_eq!(
        (last.source, last.text.as_str()),
        (
            Source::Notice,
            "the channel says that it is paid: known already"
        )
    );
    assert_eq!(world.state().order.revision, before + 1);
    for _ in 0..3 {
        assert_eq!(world.notice("wechat", &flow, &said), 200);
    }
    let again = pollster::block_on(world.store.evidence(&world.order)).unwrap();
    assert_eq!(again, evidence, "a repetition writes nothing");
    assert_eq!(world.state().order.revision, before + 1);
}

#[test]
fn a_timeline_tells_everything_once_and_in_order() {
    let world = World::new();
    let alipay = world.flow(Way::AliQr);
    let wechat = world.flow(Way::WxNative);
    for (bank, account, flow) in [
        (&world.alipay, "alipay", &alipay),
        (&world.wechat, "wechat", &wechat),
    ] {
        assert!(bank.pay_now(flow));
        world.notice(account, flow, &bank.payment(flow));
    }
    world.at_rest(0);
    let evidence = pollster::block_on(world.store.evidence(&world.order)).unwrap();
    let entries = timeline(&world.state(), &evidence);
    assert!(entries.is_sorted_by_key(|entry| entry.at), "{entries:#?}");
    let count = |source: Source, words: &str| {
        let of = |entry: &&cashier::timeline::Entry| {
            entry.source == source && entry.text.contains(words)
        };
        entries.iter().filter(of).count()
    };
    for (source, words) in [
        (Source::Merchant, "the order is made"),
        (Source::Payer, "a flow is made to pay by ALI_QR"),
        (Source::Payer, "a flow is made to pay by WX_NATIVE"),
        (Source::Notice, "a notice came in for alipay"),
        (Source::Notice, "a notice came in for wechat"),
        (Source::Notice, "paid: 88.88 CNY by ALI_QR"),
        (
            Source::Notice,
            "88.88 CNY more were paid for an order that is paid",
        ),
        (Source::Till, "exception duplicate_payment: "),
        (Source::Till, "exception duplicate_payment is resolved: "),
        (Source::Till, "88.88 CNY are given back"),
        (Source::Refund, "88.88 CNY are back with the payer"),
        (Source::Event, "order.paid (version 1)"),
        (Source::Event, "order.surplus_refunded (version 2)"),
    ] {
        assert_eq!(count(source, words), 1, "{words}: {entries:#?}");
    }
    // What the journal has lost is told from the rows themselves.
    let without = cashier::timeline::Evidence {
        lines: Vec::new(),
        ..evidence
    };
    let entries = timeline(&world.state(), &without);
    let texts: Vec<&str> = entries.iter().map(|entry| entry.text.as_str()).collect();
    for words in [
        "exception duplicate_payment: ",
        "88.88 CNY are to be given back",
        "the refund succeeded",
    ] {
        assert!(texts.iter().any(|text| text.contains(words)), "{texts:#?}");
    }
}

#[test]
fn a_bill_is_silent_about_what_is_known_however_often_it_is_read() {
    let world = World::new();
    let flow = world.flow(Way::WxNative);
    assert!(world.wechat.pay_now(&flow));
    let Trade::Paid(payment) = world.wechat.payment(&flow) else {
        panic!("it was paid");
    };
    let account = AccountId::new("wechat");
    let take = || {
        let row = BillRow::Paid {
            flow_no: flow.clone(),
            payment: payment.clone(),
        };
        pollster::block_on(world.cashier.take_bill_row(&account, row)).unwrap();
    };
    take();
    let story = world.story();
    assert!(story.contains("bill: paid: 88.88 CNY"), "{story}");
    let before = world.state();
    take();
    assert_eq!((world.state(), world.story()), (before, story));
}

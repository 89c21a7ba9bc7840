//! What is written is what is read.

use crate::samples::{
    account, app, at, capture, commit, event, exception, fen, flow, later, line, merchant, order,
    other_app, paid, refund, write,
};
use cashier::capture::{Capture, CaptureKind};
use cashier::channel::Action;
use cashier::event::EventKind;
use cashier::exception::{Entry, EntryKind, Exception, ExceptionKind, TILL};
use cashier::flow::{Flow, FlowStatus};
use cashier::id::{AccountId, CheckoutToken, MerchantId, OrderId};
use cashier::journal::Source;
use cashier::money::Money;
use cashier::order::{CloseReason, Order, OrderStatus};
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::refund::{Refund, RefundStatus};
use cashier::state::{OrderState, Row};
use cashier::store::Store;
use cashier::task::{Call, Next, Subject};
use cashier::time::Span;
use cashier::way::Way;
use std::collections::BTreeMap;
use std::sync::Arc;

pub async fn every_field_of_every_row_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    let state = everything();
    let mut opening = commit(&state.order, Vec::new());
    opening.rows.extend(
        state
            .flows
            .iter()
            .cloned()
            .map(|flow| Row::Flow(Box::new(flow))),
    );
    opening
        .rows
        .extend(state.captures.iter().cloned().map(Row::Capture));
    opening.rows.extend(
        state
            .refunds
            .iter()
            .cloned()
            .map(|new| Row::Refund(Box::new(new))),
    );
    opening
        .rows
        .extend(state.exceptions.iter().cloned().map(Row::Exception));
    opening
        .rows
        .extend(state.resolutions.iter().cloned().map(Row::Resolution));
    // The leases are the commit's; in the state they show at the tasks.
    opening.leases = vec![Subject::Order(state.order.id.clone())];
    opening.leased_until = at(20);
    write(&*store, opening).await;
    assert_eq!(store.load(&state.order.id).await, Ok(Some(state)));
}

pub async fn every_status_of_an_order_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    let open = Order {
        close_requested_at: Some(at(5)),
        ..order(1)
    };
    let paid = Order {
        status: OrderStatus::Paid,
        paid_by: Some(order(2).id.flow(3)),
        paid_at: Some(at(30)),
        ..order(2)
    };
    let closed = |nth, reason| Order {
        status: OrderStatus::Closed,
        closed: Some((at(70), reason)),
        ..order(nth)
    };
    let all = [
        open,
        paid,
        closed(3, CloseReason::Requested),
        closed(4, CloseReason::Expired),
    ];
    for order in all {
        write(&*store, commit(&order, Vec::new())).await;
        assert_eq!(
            store.load(&order.id).await,
            Ok(Some(OrderState::new(order)))
        );
    }
}

pub async fn what_belongs_to_an_order_is_loaded_oldest_first(store: Arc<dyn Store>) {
    let mut order = order(1);
    let numbers = [1, 2, 9, 10, 11, 998, 999, 1_000, 1_001];
    for nth in numbers {
        let exception = Exception {
            id: order.id.exception(nth),
            ..exception(Some(&order), "", &format!("subject {nth}"))
        };
        let rows = vec![
            Row::Flow(Box::new(flow(&order, nth))),
            Row::Capture(capture(&order, nth)),
            Row::Refund(Box::new(refund(&order, nth))),
            Row::Exception(exception),
        ];
        write(&*store, commit(&order, rows)).await;
        order = later(&order);
    }
    // The oldest changes; it stays the oldest.
    let changed = Flow {
        status: FlowStatus::Closed,
        ..flow(&order, 1)
    };
    write(&*store, commit(&order, vec![Row::Flow(Box::new(changed))])).await;
    let state = store.load(&order.id).await.unwrap().unwrap();
    let flows = numbers.map(|nth| order.id.flow(nth));
    assert_eq!(
        state
            .flows
            .iter()
            .map(|flow| flow.no.clone())
            .collect::<Vec<_>>(),
        flows
    );
    let captures = numbers.map(|nth| order.id.capture(nth));
    assert_eq!(
        state
            .captures
            .iter()
            .map(|new| new.id.clone())
            .collect::<Vec<_>>(),
        captures
    );
    let refunds = numbers.map(|nth| order.id.refund(nth));
    assert_eq!(
        state
            .refunds
            .iter()
            .map(|new| new.no.clone())
            .collect::<Vec<_>>(),
        refunds
    );
    let exceptions = numbers.map(|nth| order.id.exception(nth));
    assert_eq!(
        state
            .exceptions
            .iter()
            .map(|new| new.id.clone())
            .collect::<Vec<_>>(),
        exceptions
    );
}

pub async fn an_order_is_found_by_each_of_its_numbers(store: Arc<dyn Store>) {
    let order = order(1);
    paid(&*store, &order).await;
    let wanted = Refund {
        merchant_refund_no: Some("R1".to_owned()),
        ..refund(&order, 1)
    };
    let refunded = later(&order);
    write(
        &*store,
        commit(&refunded, vec![Row::Refund(Box::new(wanted))]),
    )
    .await;
    let found = Ok(Some(order.id.clone()));
    assert_eq!(store.find_by_merchant_no(&app(), "M1").await, found);
    assert_eq!(store.find_by_token(&order.token).await, found);
    assert_eq!(
        store.find_by_flow(&account(), &order.id.flow(1)).await,
        found
    );
    assert_eq!(store.find_by_refund(&order.id.refund(1)).await, found);
    assert_eq!(
        store.find_by_merchant_refund_no(&merchant(), "R1").await,
        found
    );
}

pub async fn what_is_not_there_is_not_found(store: Arc<dyn Store>) {
    let order = order(1);
    paid(&*store, &order).await;
    let other = OrderId::generate(at(0), [9; 16]);
    assert_eq!(store.load(&other).await, Ok(None));
    assert_eq!(
        store.find_by_merchant_no(&other_app(), "M1").await,
        Ok(None)
    );
    assert_eq!(store.find_by_merchant_no(&app(), "M1\0").await, Ok(None));
    assert_eq!(store.find_by_token(&CheckoutToken::new("")).await, Ok(None));
    assert_eq!(
        store.find_by_token(&CheckoutToken::new("a'\0")).await,
        Ok(None)
    );
    let other_account = AccountId::new("acc_other");
    assert_eq!(
        store.find_by_flow(&other_account, &order.id.flow(1)).await,
        Ok(None)
    );
    assert_eq!(
        store.find_by_flow(&account(), &order.id.flow(2)).await,
        Ok(None)
    );
    assert_eq!(store.find_by_refund(&order.id.refund(1)).await, Ok(None));
    let other_merchant = MerchantId::new("mch_other");
    assert_eq!(
        store
            .find_by_merchant_refund_no(&other_merchant, "R1")
            .await,
        Ok(None)
    );
}

pub async fn the_journal_comes_back_in_the_order_of_its_writing(store: Arc<dyn Store>) {
    let order = order(1);
    let mut lines = Vec::new();
    for (source, nth) in Source::ALL.into_iter().zip(0_u32..) {
        let mut line = line(&order, &format!("第 {nth} 行"));
        line.source = source;
        // The clock may go back; the journal does not.
        line.at = at(100 - nth);
        line.subject = (nth % 2 == 0).then(|| order.id.flow(1).as_str().to_owned());
        lines.push(line);
    }
    let (first, rest) = lines.split_at(4);
    write(
        &*store,
        commit(&order, first.iter().cloned().map(Row::Line).collect()),
    )
    .await;
    let other = crate::samples::order(2);
    write(
        &*store,
        commit(&other, vec![Row::Line(line(&other, "elsewhere"))]),
    )
    .await;
    write(
        &*store,
        commit(
            &later(&order),
            rest.iter().cloned().map(Row::Line).collect(),
        ),
    )
    .await;
    assert_eq!(store.journal(&order.id).await, Ok(lines));
}

pub async fn every_field_of_every_event_comes_back_as_it_was_written(store: Arc<dyn Store>) {
    let mut order = order(1);
    for (kind, version) in EventKind::ALL.into_iter().zip(1..) {
        let mut event = event(&order, version);
        event.kind = kind;
        event.body = format!("{{\"逐字\": \"{kind:?}\\u0000\"}}\n");
        write(&*store, commit(&order, vec![Row::Event(event.clone())])).await;
        let page = store.events_after(&app(), 0, 100).await.unwrap();
        assert_eq!(page.last().map(|record| &record.event), Some(&event));
        order = later(&order);
    }
}

pub async fn a_store_that_works_answers_a_ping(store: Arc<dyn Store>) {
    assert_eq!(store.ping().await, Ok(()));
}

/// An order with one row of each status and kind, each field of which is set in
/// at least one row and, where it can be, missing in another.
fn everything() -> OrderState {
    let order = full_order();
    let exceptions = full_exceptions(&order);
    OrderState {
        flows: full_flows(&order),
        captures: full_captures(&order),
        refunds: full_refunds(&order),
        resolutions: full_resolutions(&exceptions),
        exceptions,
        order,
    }
}

fn full_order() -> Order {
    let order = order(1);
    Order {
        amount: Money::MAX,
        subject: "茶 🍵 \"'\\ %_ \u{1f469}\u{200d}\u{1f4bb}".to_owned(),
        body: Some("两行\n字".to_owned()),
        client_ip: Some("2001:db8::1".to_owned()),
        ways: Way::ALL.to_vec(),
        notify_url: Some("https://shop.example/notify?a=1&b=二".to_owned()),
        return_url: Some("https://shop.example/back".to_owned()),
        metadata: BTreeMap::from([
            ("键".to_owned(), "{\"not\": \"parsed\"}".to_owned()),
            (String::new(), String::new()),
        ]),
        policy: Policy {
            switch: Switch::Strict,
            late_payment: LatePayment::Accept,
            flow_life: Span::seconds(61),
        },
        status: OrderStatus::Paid,
        close_requested_at: Some(at(6)),
        closed: Some((at(7), CloseReason::Expired)),
        paid_by: Some(order.id.flow(2)),
        paid_at: Some(at(8)),
        version: 6,
        next: Some(Next {
            call: Call::Expire,
            due: at(9),
            attempt: 3,
            leased_until: at(20),
        }),
        ..order
    }
}

fn full_flows(order: &Order) -> Vec<Flow> {
    let params = BTreeMap::from([("paySign".to_owned(), "a+b/c==".to_owned())]);
    let actions = [
        Action::Redirect {
            url: "https://pay.example/?x=1&y=二".to_owned(),
        },
        Action::QrCode {
            text: "weixin://wxpay/bizpayurl?pr=1".to_owned(),
        },
        Action::App {
            order_string: Some("app_id=1&sign=%2B".to_owned()),
            params: None,
        },
        Action::App {
            order_string: None,
            params: Some(params.clone()),
        },
        Action::Jsapi { params },
    ];
    let calls = [Call::Pay, Call::Query, Call::Close];
    let mut flows = Vec::new();
    for (index, (status, way)) in FlowStatus::ALL.into_iter().zip(Way::ALL).enumerate() {
        let mut flow = flow(order, index + 1);
        let odd = index % 2 == 1;
        flow.status = status;
        flow.action = actions.get(index).cloned();
        flow.action_until = odd.then(|| at(300));
        flow.superseded_at = odd.then(|| at(10));
        flow.close_refused_at = odd.then(|| at(11));
        flow.reverse_wanted_at = odd.then(|| at(12));
        flow.asked_at = odd.then(|| at(13));
        flow.reason = odd.then(|| "ACQ.系统错误: 稍后".to_owned());
        flow.claimed = odd.then_some(Money::ZERO);
        flow.request.way = way;
        flow.request.return_url = odd.then(|| "https://till.example/checkout/1".to_owned());
        flow.request.client_ip = odd.then(|| "192.0.2.1".to_owned());
        flow.request.payer = odd.then(|| "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o".to_owned());
        flow.next = calls.get(index).map(|call| Next::first(*call, at(12)));
        flows.push(flow);
    }
    flows
}

fn full_captures(order: &Order) -> Vec<Capture> {
    let kinds = CaptureKind::ALL.into_iter().zip(1..);
    kinds
        .map(|(kind, nth)| Capture {
            kind,
            payer: (nth % 2 == 1).then(|| "2088*** 付款人".to_owned()),
            ..capture(order, nth)
        })
        .collect()
}

fn full_refunds(order: &Order) -> Vec<Refund> {
    let mut refunds = Vec::new();
    for (status, nth) in RefundStatus::ALL.into_iter().zip(1..) {
        let mut refund = refund(order, nth);
        let odd = nth % 2 == 1;
        refund.status = status;
        refund.capture = order.id.capture(2);
        refund.merchant_refund_no = odd.then(|| format!("退款 {nth}"));
        refund.settled_at = odd.then(|| at(90));
        refund.detail = odd.then(|| "余额不足".to_owned());
        refund.request.reason = odd.then(|| "不要了".to_owned());
        refund.next = match nth {
            1 => Some(Next::first(Call::Refund, at(13))),
            2 => Some(Next {
                attempt: 7,
                ..Next::first(Call::QueryRefund, at(14))
            }),
            _ => None,
        };
        refunds.push(refund);
    }
    refunds
}

fn full_exceptions(order: &Order) -> Vec<Exception> {
    let kinds = ExceptionKind::ALL.into_iter().zip(1..);
    kinds
        .map(|(kind, nth)| Exception {
            id: order.id.exception(nth),
            kind,
            account: (nth % 2 == 1).then(account),
            amount: (nth % 3 == 1).then(|| fen(1)),
            ..exception(Some(order), "", "同一个")
        })
        .collect()
}

/// Every other one is over.
fn full_resolutions(exceptions: &[Exception]) -> Vec<Entry> {
    let over = exceptions.iter().step_by(2);
    over.map(|exception| Entry {
        exception: exception.id.clone(),
        kind: EntryKind::Resolved,
        actor: TILL.to_owned(),
        text: "退回了".to_owned(),
        at: at(90),
    })
    .collect()
}

//! Unique keys carry invariants: what would break one is a conflict, and nothing
//! of its commit is written.

use crate::guard::{assert_conflict, assert_refused};
use crate::samples::{
    account, capture, commit, event, flow, later, order, other_app, paid, refund, write,
};
use cashier::capture::Capture;
use cashier::event::Event;
use cashier::flow::Flow;
use cashier::id::{AccountId, MerchantId};
use cashier::order::Order;
use cashier::refund::Refund;
use cashier::state::Row;
use cashier::store::Store;
use std::sync::Arc;

pub async fn a_merchant_order_no_is_used_once_in_an_application(store: Arc<dyn Store>) {
    let first = order(1);
    write(&*store, commit(&first, Vec::new())).await;
    let second = Order {
        merchant_order_no: first.merchant_order_no.clone(),
        ..order(2)
    };
    assert_refused(&*store, &second, Vec::new()).await;
}

pub async fn a_token_names_one_order(store: Arc<dyn Store>) {
    let first = order(1);
    write(&*store, commit(&first, Vec::new())).await;
    let second = Order {
        token: first.token.clone(),
        ..order(2)
    };
    assert_refused(&*store, &second, Vec::new()).await;
}

pub async fn an_order_id_is_used_once(store: Arc<dyn Store>) {
    let first = order(1);
    write(&*store, commit(&first, Vec::new())).await;
    let second = Order {
        id: first.id.clone(),
        ..order(2)
    };
    assert_refused(&*store, &second, Vec::new()).await;
}

pub async fn a_flow_number_belongs_to_one_order(store: Arc<dyn Store>) {
    let first = order(1);
    paid(&*store, &first).await;
    let second = order(2);
    let mut stolen: Flow = flow(&first, 1);
    stolen.request.subject = "stolen".to_owned();
    assert_refused(&*store, &second, vec![Row::Flow(Box::new(stolen))]).await;
    let state = store.load(&first.id).await.unwrap().unwrap();
    assert_eq!(state.flows, [flow(&first, 1)]);
}

pub async fn a_trade_of_an_account_is_captured_once(store: Arc<dyn Store>) {
    let first = order(1);
    paid(&*store, &first).await;
    // By another order, and by the same order once more.
    let second = order(2);
    let taken = capture(&first, 1).trade_no;
    let other = Capture {
        trade_no: taken.clone(),
        ..capture(&second, 1)
    };
    let rows = vec![Row::Flow(Box::new(flow(&second, 1))), Row::Capture(other)];
    assert_refused(&*store, &second, rows).await;
    let again = Capture {
        trade_no: taken,
        flow_no: first.id.flow(1),
        ..capture(&first, 2)
    };
    assert_refused(&*store, &later(&first), vec![Row::Capture(again)]).await;
}

pub async fn a_refund_number_belongs_to_one_order(store: Arc<dyn Store>) {
    let first = order(1);
    paid(&*store, &first).await;
    let refunded = later(&first);
    let own = refund(&first, 1);
    write(
        &*store,
        commit(&refunded, vec![Row::Refund(Box::new(own.clone()))]),
    )
    .await;
    let second = order(2);
    let mut stolen = own.clone();
    stolen.capture = second.id.capture(90);
    stolen.detail = Some("stolen".to_owned());
    assert_refused(&*store, &second, vec![Row::Refund(Box::new(stolen))]).await;
    assert_eq!(store.load(&first.id).await.unwrap().unwrap().refunds, [own]);
}

pub async fn a_merchant_refund_no_is_used_once_by_a_merchant(store: Arc<dyn Store>) {
    let first = order(1);
    paid(&*store, &first).await;
    let wanted = Refund {
        merchant_refund_no: Some("R1".to_owned()),
        ..refund(&first, 1)
    };
    write(
        &*store,
        commit(&later(&first), vec![Row::Refund(Box::new(wanted))]),
    )
    .await;
    // The number is the merchant's: another application of theirs has it not anew.
    let second = Order {
        app: other_app(),
        ..order(2)
    };
    paid(&*store, &second).await;
    let again = Refund {
        merchant_refund_no: Some("R1".to_owned()),
        ..refund(&second, 1)
    };
    assert_refused(&*store, &later(&second), vec![Row::Refund(Box::new(again))]).await;
}

pub async fn an_order_has_one_event_of_each_version(store: Arc<dyn Store>) {
    let order = order(1);
    write(&*store, commit(&order, vec![Row::Event(event(&order, 1))])).await;
    let again = Event {
        id: order.id.event(7),
        ..event(&order, 1)
    };
    assert_refused(&*store, &later(&order), vec![Row::Event(again)]).await;
}

pub async fn an_event_id_is_used_once(store: Arc<dyn Store>) {
    let first = order(1);
    write(&*store, commit(&first, vec![Row::Event(event(&first, 1))])).await;
    let second = order(2);
    let again = Event {
        id: first.id.event(1),
        ..event(&second, 1)
    };
    assert_refused(&*store, &second, vec![Row::Event(again)]).await;
}

pub async fn the_same_numbers_of_other_owners_are_free(store: Arc<dyn Store>) {
    let first = order(1);
    paid(&*store, &first).await;
    let wanted = |order: &Order| Refund {
        merchant_refund_no: Some("R1".to_owned()),
        ..refund(order, 1)
    };
    write(
        &*store,
        commit(&later(&first), vec![Row::Refund(Box::new(wanted(&first)))]),
    )
    .await;
    // Another merchant's order of the same number, paid by a trade of the same
    // number at another account, refunded under the same number.
    let other = AccountId::new("acc_other");
    assert_ne!(other, account());
    let second = Order {
        merchant: MerchantId::new("mch_other"),
        app: other_app(),
        merchant_order_no: first.merchant_order_no.clone(),
        ..order(2)
    };
    let rows = vec![
        Row::Flow(Box::new(Flow {
            account: other.clone(),
            ..flow(&second, 1)
        })),
        Row::Capture(Capture {
            account: other,
            trade_no: capture(&first, 1).trade_no,
            ..capture(&second, 1)
        }),
        Row::Refund(Box::new(wanted(&second))),
        // Till's own refunds have no merchant's number, and there may be many.
        Row::Refund(Box::new(refund(&second, 2))),
        Row::Refund(Box::new(refund(&second, 3))),
    ];
    write(&*store, commit(&second, rows)).await;
    // The opening of the same order once more is no success.
    assert_conflict(&store.commit(vec![commit(&second, Vec::new())]).await);
}

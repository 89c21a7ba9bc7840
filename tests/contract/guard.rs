//! Every commit is guarded by the revision it was decided from.

use crate::samples::{at, capture, commit, event, exception, flow, later, line, notice};
use crate::samples::{order, paid, refund, write};
use cashier::order::Order;
use cashier::state::{OrderState, Row};
use cashier::store::{Commit, Store, StoreError};
use cashier::task::{Call, Next};
use std::sync::Arc;
use tokio::task::JoinSet;

/// Commits one of each kind of row from `order`, which must be a conflict, and
/// sees that nothing of it was written.
pub async fn assert_refused(store: &dyn Store, order: &Order, offending: Vec<Row>) {
    let before = store.load(&order.id).await.unwrap();
    let journal = store.journal(&order.id).await.unwrap();
    let events = store.events_after(&order.app, 0, 1_000).await.unwrap();
    let with_task = Order {
        next: Some(Next::first(Call::Expire, at(0))),
        ..order.clone()
    };
    let mut rows = vec![
        Row::Flow(Box::new(flow(order, 90))),
        Row::Capture(capture(order, 90)),
        Row::Refund(Box::new(cashier::refund::Refund {
            capture: order.id.capture(90),
            ..refund(order, 90)
        })),
        Row::Exception(exception(
            Some(order),
            order.id.exception(90).as_str(),
            "refused",
        )),
        Row::Event(event(order, 90)),
        Row::Line(line(order, "refused")),
    ];
    rows.extend(offending);
    let mut refused = commit(&with_task, rows);
    refused.notice = Some(notice("refused"));
    assert_conflict(&store.commit(vec![refused]).await);
    assert_eq!(store.load(&order.id).await.unwrap(), before);
    assert_eq!(store.journal(&order.id).await.unwrap(), journal);
    assert_eq!(
        store.events_after(&order.app, 0, 1_000).await.unwrap(),
        events
    );
    assert_eq!(
        store
            .knows_notice(&crate::samples::account(), "refused")
            .await,
        Ok(false)
    );
    assert_eq!(
        store.claim_tasks(at(9_000), at(9_001), 100).await,
        Ok(Vec::new())
    );
}

/// Sees that there is one answer, and that it is a conflict.
pub fn assert_conflict(answers: &[Result<(), StoreError>]) {
    assert!(
        matches!(answers, [Err(StoreError::Conflict(_))]),
        "{answers:?}"
    );
}

/// Shows F51.
pub async fn a_commit_from_an_old_revision_is_a_conflict_and_writes_nothing(store: Arc<dyn Store>) {
    let order = order(1);
    paid(&*store, &order).await;
    let second = later(&order);
    write(&*store, commit(&second, Vec::new())).await;
    // Revision 1 again, and the opening again; and a revision that is yet to come.
    assert_refused(&*store, &second, Vec::new()).await;
    assert_refused(&*store, &order, Vec::new()).await;
    assert_refused(
        &*store,
        &Order {
            revision: 9,
            ..order.clone()
        },
        Vec::new(),
    )
    .await;
}

pub async fn a_change_of_an_order_that_is_not_there_is_a_conflict(store: Arc<dyn Store>) {
    assert_refused(&*store, &later(&order(1)), Vec::new()).await;
}

/// Shows F46, F50.
pub async fn of_fifty_commits_from_one_revision_exactly_one_wins(store: Arc<dyn Store>) {
    let order = order(1);
    write(&*store, commit(&order, Vec::new())).await;
    let next = later(&order);
    let racers = (1..=50).map(|nth| {
        let rows = vec![
            Row::Flow(Box::new(flow(&next, nth))),
            Row::Line(line(&next, &nth.to_string())),
        ];
        commit(&next, rows)
    });
    assert_eq!(wins(&store, racers).await, 1);
    let state = store.load(&order.id).await.unwrap().unwrap();
    assert_eq!((state.order.revision, state.flows.len()), (2, 1));
    assert_eq!(store.journal(&order.id).await.unwrap().len(), 1);
}

pub async fn of_fifty_orders_with_one_merchant_number_exactly_one_is_made(store: Arc<dyn Store>) {
    let racers = (1..=50)
        .map(|nth| Order {
            merchant_order_no: "the same".to_owned(),
            ..order(nth)
        })
        .map(|order| commit(&order, Vec::new()));
    assert_eq!(wins(&store, racers).await, 1);
}

pub async fn fifty_orders_at_once_are_all_made(store: Arc<dyn Store>) {
    let orders: Vec<Order> = (1..=50).map(order).collect();
    let commits = orders
        .iter()
        .map(|order| commit(order, vec![Row::Line(line(order, "made"))]));
    assert_eq!(wins(&store, commits).await, 50);
    for order in orders {
        assert_eq!(
            store.load(&order.id).await,
            Ok(Some(OrderState::new(order)))
        );
    }
}

pub async fn an_order_is_never_read_halfway_through_a_commit(store: Arc<dyn Store>) {
    let first = order(1);
    write(&*store, commit(&first, Vec::new())).await;
    let writer = {
        let (store, mut order) = (Arc::clone(&store), first.clone());
        tokio::spawn(async move {
            for nth in 1..=40 {
                order = later(&order);
                let rows = vec![
                    Row::Flow(Box::new(flow(&order, nth))),
                    Row::Capture(capture(&order, nth)),
                ];
                write(&*store, commit(&order, rows)).await;
            }
        })
    };
    let mut revision = 0;
    while revision < 41 {
        let state = store.load(&first.id).await.unwrap().unwrap();
        assert!(state.order.revision >= revision);
        revision = state.order.revision;
        let whole = usize::try_from(revision - 1).unwrap();
        assert_eq!((state.flows.len(), state.captures.len()), (whole, whole));
    }
    writer.await.unwrap();
}

/// How many of the commits, sent at once, are written; all others are conflicts.
async fn wins(store: &Arc<dyn Store>, commits: impl Iterator<Item = Commit>) -> usize {
    let mut racers = JoinSet::new();
    for commit in commits {
        let store = Arc::clone(store);
        racers.spawn(async move { store.commit(vec![commit]).await });
    }
    let mut wins = 0;
    for answers in racers.join_all().await {
        match answers.as_slice() {
            [Ok(())] => wins += 1,
            answers => assert_conflict(answers),
        }
    }
    wins
}

//! One call, many commits: each whole or not at all, whatever happens to others.

use crate::samples::{commit, event, flow, later, line, order, write};
use cashier::order::Order;
use cashier::state::Row;
use cashier::store::{Store, StoreError};
use std::sync::Arc;
use tokio::task::JoinSet;

pub async fn a_conflict_in_the_middle_touches_no_other_commit(store: Arc<dyn Store>) {
    let old = order(3);
    write(&*store, commit(&old, Vec::new())).await;
    let stale = Order {
        revision: 5,
        ..old.clone()
    };
    let commits: Vec<_> = [order(1), order(2), stale, order(4), order(5)]
        .iter()
        .map(|order| {
            let rows = vec![
                Row::Flow(Box::new(flow(order, 1))),
                Row::Event(event(order, 1)),
                Row::Line(line(order, "made")),
            ];
            commit(order, rows)
        })
        .collect();
    let answers = store.commit(commits).await;
    assert!(
        matches!(
            answers.as_slice(),
            [Ok(()), Ok(()), Err(StoreError::Conflict(_)), Ok(()), Ok(())]
        ),
        "{answers:?}"
    );
    for nth in [1, 2, 4, 5] {
        let state = store.load(&order(nth).id).await.unwrap().unwrap();
        assert_eq!(state.flows, [flow(&order(nth), 1)]);
        assert_eq!(store.journal(&order(nth).id).await.unwrap().len(), 1);
    }
    let state = store.load(&old.id).await.unwrap().unwrap();
    assert_eq!((state.order.revision, state.flows.len()), (1, 0));
    assert_eq!(store.journal(&old.id).await.unwrap(), []);
    assert_eq!(store.events_after(&old.app, 0, 100).await.unwrap().len(), 4);
}

pub async fn answers_come_in_the_order_of_the_commits(store: Arc<dyn Store>) {
    write(&*store, commit(&order(2), Vec::new())).await;
    // Orders whose ids do not go up, the second of which exists.
    let commits = [3, 2, 1].map(|nth| commit(&order(nth), Vec::new()));
    let answers = store.commit(commits.into()).await;
    assert!(
        matches!(
            answers.as_slice(),
            [Ok(()), Err(StoreError::Conflict(_)), Ok(())]
        ),
        "{answers:?}"
    );
}

pub async fn two_commits_of_one_order_follow_each_other(store: Arc<dyn Store>) {
    let first = order(1);
    let second = later(&first);
    let third = Order {
        subject: "the last word".to_owned(),
        ..later(&second)
    };
    let commits = vec![
        commit(&first, vec![Row::Flow(Box::new(flow(&first, 1)))]),
        commit(&second, vec![Row::Flow(Box::new(flow(&second, 2)))]),
        commit(&third, vec![Row::Line(line(&third, "third"))]),
    ];
    assert_eq!(store.commit(commits).await, [Ok(()), Ok(()), Ok(())]);
    let state = store.load(&first.id).await.unwrap().unwrap();
    assert_eq!((state.order, state.flows.len()), (third, 2));
}

pub async fn of_two_commits_that_exclude_each_other_one_is_written(store: Arc<dyn Store>) {
    let same = |nth| Order {
        merchant_order_no: "the same".to_owned(),
        ..order(nth)
    };
    let commits = vec![
        commit(&same(1), Vec::new()),
        commit(&order(3), Vec::new()),
        commit(&same(2), Vec::new()),
    ];
    let answers = store.commit(commits).await;
    assert_eq!(
        answers.iter().filter(|answer| answer.is_ok()).count(),
        2,
        "{answers:?}"
    );
    assert_eq!(answers[1], Ok(()));
    let written = [1, 2].map(|nth| order(nth).id);
    let found = store
        .find_by_merchant_no(&order(1).app, "the same")
        .await
        .unwrap()
        .unwrap();
    assert!(written.contains(&found));
}

pub async fn hundreds_of_commits_are_written_in_one_call(store: Arc<dyn Store>) {
    let orders: Vec<Order> = (1..=300).map(order).collect();
    let rows = |order: &Order| {
        vec![
            Row::Flow(Box::new(flow(order, 1))),
            Row::Event(event(order, 1)),
            Row::Line(line(order, "made")),
        ]
    };
    let commits = orders
        .iter()
        .map(|order| commit(order, rows(order)))
        .collect();
    let answers = store.commit(commits).await;
    assert_eq!(answers.len(), 300);
    assert!(answers.iter().all(Result::is_ok), "{answers:?}");
    let events = store.events_after(&orders[0].app, 0, 1_000).await.unwrap();
    assert_eq!(events.len(), 300);
    for order in orders.iter().step_by(37) {
        let state = store.load(&order.id).await.unwrap().unwrap();
        assert_eq!(state.flows, [flow(order, 1)]);
    }
}

pub async fn calls_that_meet_on_the_same_orders_do_not_hold_each_other_up(store: Arc<dyn Store>) {
    let orders: Vec<Order> = (1..=8).map(order).collect();
    for order in &orders {
        write(&*store, commit(order, Vec::new())).await;
    }
    // Each call changes all orders, every second one from the other end.
    let mut calls = JoinSet::new();
    for nth in 0..12 {
        let store = Arc::clone(&store);
        let mut commits: Vec<_> = orders
            .iter()
            .map(|order| commit(&later(order), Vec::new()))
            .collect();
        if nth % 2 == 1 {
            commits.reverse();
        }
        calls.spawn(async move { store.commit(commits).await });
    }
    let answers: Vec<_> = calls.join_all().await.into_iter().flatten().collect();
    assert_eq!(
        answers.iter().filter(|answer| answer.is_ok()).count(),
        8,
        "{answers:?}"
    );
    let unavailable = |answer: &&Result<(), StoreError>| {
        matches!(
            answer,
            Err(StoreError::Unavailable(_) | StoreError::Corrupt(_))
        )
    };
    assert_eq!(answers.iter().find(unavailable), None);
}

pub async fn nothing_to_commit_is_nothing_to_answer(store: Arc<dyn Store>) {
    assert_eq!(store.commit(Vec::new()).await, []);
}

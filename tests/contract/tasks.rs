//! Tasks: due, leased, claimed, replaced, removed.

use crate::samples::{at, commit, epoch, flow, later, order, paid, refund, write};
use cashier::flow::Flow;
use cashier::order::Order;
use cashier::refund::Refund;
use cashier::state::Row;
use cashier::store::Store;
use cashier::task::{Call, Claimed, Next, Subject};
use cashier::time::Timestamp;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// The `nth` order, with its own task due at that moment.
fn due(nth: u16, due: Timestamp) -> Order {
    Order {
        next: Some(Next::first(Call::Expire, due)),
        ..order(nth)
    }
}

fn subjects(claimed: &[Claimed]) -> Vec<Subject> {
    claimed.iter().map(|task| task.subject.clone()).collect()
}

fn of_order(order: &Order) -> Subject {
    Subject::Order(order.id.clone())
}

pub async fn due_tasks_are_claimed_oldest_first_and_no_more_than_asked_for(store: Arc<dyn Store>) {
    let orders = [
        due(1, at(30)),
        due(2, at(10)),
        due(3, at(20)),
        due(4, at(31)),
    ];
    for order in &orders {
        write(&*store, commit(order, Vec::new())).await;
    }
    let first = store.claim_tasks(at(30), at(60), 2).await.unwrap();
    assert_eq!(
        subjects(&first),
        [of_order(&orders[1]), of_order(&orders[2])]
    );
    let second = store.claim_tasks(at(30), at(60), 2).await.unwrap();
    assert_eq!(subjects(&second), [of_order(&orders[0])]);
    assert_eq!(store.claim_tasks(at(30), at(60), 2).await, Ok(Vec::new()));
    let third = store.claim_tasks(at(31), at(60), 2).await.unwrap();
    assert_eq!(subjects(&third), [of_order(&orders[3])]);
}

pub async fn a_claimed_task_says_what_to_do(store: Arc<dyn Store>) {
    let order = due(1, at(12));
    paid(&*store, &order).await;
    let next = |call, seconds| {
        Some(Next {
            attempt: 4,
            ..Next::first(call, at(seconds))
        })
    };
    let changed = later(&order);
    let rows = vec![
        Row::Flow(Box::new(Flow {
            next: next(Call::Query, 10),
            ..flow(&order, 1)
        })),
        Row::Refund(Box::new(Refund {
            next: next(Call::QueryRefund, 11),
            ..refund(&order, 1)
        })),
    ];
    write(&*store, commit(&changed, rows)).await;
    let claimed = |subject, call| Claimed {
        order: order.id.clone(),
        subject,
        call,
    };
    assert_eq!(
        store.claim_tasks(at(12), at(40), 10).await.unwrap(),
        [
            claimed(Subject::Flow(order.id.flow(1)), Call::Query),
            claimed(Subject::Refund(order.id.refund(1)), Call::QueryRefund),
            claimed(Subject::Order(order.id.clone()), Call::Expire),
        ]
    );
    let state = store.load(&order.id).await.unwrap().unwrap();
    let leased = |next: Option<Next>| {
        next.map(|next| Next {
            leased_until: at(40),
            ..next
        })
    };
    assert_eq!(state.flows[0].next, leased(next(Call::Query, 10)));
    assert_eq!(state.refunds[0].next, leased(next(Call::QueryRefund, 11)));
    assert_eq!(state.order.next, leased(order.next));
}

pub async fn a_task_that_the_committer_does_itself_is_not_claimed_before_its_lease_ends(
    store: Arc<dyn Store>,
) {
    let order = due(1, at(0));
    let paying = Flow {
        next: Some(Next::first(Call::Pay, at(0))),
        ..flow(&order, 1)
    };
    let mut opening = commit(&order, vec![Row::Flow(Box::new(paying))]);
    opening.leases = vec![Subject::Flow(order.id.flow(1))];
    opening.leased_until = at(15);
    write(&*store, opening).await;
    let free = store.claim_tasks(at(14), at(100), 10).await.unwrap();
    assert_eq!(subjects(&free), [of_order(&order)]);
    let lapsed = store.claim_tasks(at(15), at(100), 10).await.unwrap();
    assert_eq!(subjects(&lapsed), [Subject::Flow(order.id.flow(1))]);
}

pub async fn a_lapsed_lease_is_claimed_again(store: Arc<dyn Store>) {
    let order = due(1, at(0));
    write(&*store, commit(&order, Vec::new())).await;
    for (now, until) in [(0, 10), (10, 20), (25, 30)] {
        let claimed = store.claim_tasks(at(now), at(until), 10).await.unwrap();
        assert_eq!(subjects(&claimed), [of_order(&order)], "at {now}");
        assert_eq!(
            store.claim_tasks(at(until - 1), at(99), 10).await,
            Ok(Vec::new())
        );
    }
}

/// Shows F53.
pub async fn claimers_at_once_never_get_the_same_task(store: Arc<dyn Store>) {
    for nth in 1..=40 {
        write(&*store, commit(&due(nth, at(0)), Vec::new())).await;
    }
    let mut claimers = JoinSet::new();
    for _ in 0..16 {
        let store = Arc::clone(&store);
        claimers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = store.claim_tasks(at(1), at(60), 3).await.unwrap();
                assert!(claimed.len() <= 3, "{} claimed", claimed.len());
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(subjects(&claimed));
            }
        });
    }
    let mut all: Vec<Subject> = claimers.join_all().await.into_iter().flatten().collect();
    // One that found the rest being taken may have gone home: look once more.
    all.extend(subjects(
        &store.claim_tasks(at(1), at(60), 100).await.unwrap(),
    ));
    assert_eq!(all.len(), 40);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 40);
}

pub async fn a_later_decision_replaces_the_task_and_frees_it(store: Arc<dyn Store>) {
    let first = due(1, at(0));
    write(&*store, commit(&first, Vec::new())).await;
    assert_eq!(
        store.claim_tasks(at(0), at(1_000), 10).await.unwrap().len(),
        1
    );
    // What `next` says about leases is not the committer's to say.
    let next = Next {
        call: Call::Expire,
        due: at(50),
        attempt: 2,
        leased_until: at(999),
    };
    let second = Order {
        next: Some(next),
        ..later(&first)
    };
    write(&*store, commit(&second, Vec::new())).await;
    let state = store.load(&first.id).await.unwrap().unwrap();
    assert_eq!(
        state.order.next,
        Some(Next {
            leased_until: epoch(),
            ..next
        })
    );
    assert_eq!(
        store.claim_tasks(at(49), at(1_000), 10).await,
        Ok(Vec::new())
    );
    assert_eq!(
        store
            .claim_tasks(at(50), at(1_000), 10)
            .await
            .unwrap()
            .len(),
        1
    );
}

pub async fn a_decision_without_a_next_step_removes_the_task(store: Arc<dyn Store>) {
    let order = due(1, at(0));
    paid(&*store, &order).await;
    let busy = Some(Next::first(Call::Query, at(0)));
    let rows = vec![
        Row::Flow(Box::new(Flow {
            next: busy,
            ..flow(&order, 1)
        })),
        Row::Refund(Box::new(Refund {
            next: busy,
            ..refund(&order, 1)
        })),
    ];
    let second = later(&order);
    write(&*store, commit(&second, rows)).await;
    let done = Order {
        next: None,
        ..later(&second)
    };
    let rows = vec![
        Row::Flow(Box::new(flow(&order, 1))),
        Row::Refund(Box::new(refund(&order, 1))),
    ];
    write(&*store, commit(&done, rows)).await;
    let state = store.load(&order.id).await.unwrap().unwrap();
    assert_eq!(
        (state.order.next, state.flows[0].next, state.refunds[0].next),
        (None, None, None)
    );
    assert_eq!(
        store.claim_tasks(at(9_000), at(9_001), 10).await,
        Ok(Vec::new())
    );
}

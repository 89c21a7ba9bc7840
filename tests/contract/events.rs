//! The pull side: an application's events, page by page.

use crate::samples::{app, commit, event, later, order, other_app, write};
use cashier::event::Event;
use cashier::order::Order;
use cashier::state::Row;
use cashier::store::Store;
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

pub async fn events_are_read_page_by_page_in_their_sequence(store: Arc<dyn Store>) {
    let mut written: Vec<Event> = Vec::new();
    for nth in [1, 2, 3] {
        // Several in one commit keep their order, too.
        let order = order(nth);
        let both = [event(&order, 1), event(&order, 2)];
        write(
            &*store,
            commit(&order, both.iter().cloned().map(Row::Event).collect()),
        )
        .await;
        written.extend(both);
    }
    let mut read: Vec<Event> = Vec::new();
    let mut position = 0;
    loop {
        let page = store.events_after(&app(), position, 4).await.unwrap();
        assert!(page.len() <= 4);
        let Some(last) = page.last() else { break };
        assert!(page.iter().all(|record| record.position > position));
        assert!(page.is_sorted_by_key(|record| record.position));
        assert!(
            page.iter()
                .all(|record| record.delivery == "pending" && record.attempts == 0)
        );
        position = last.position;
        read.extend(page.into_iter().map(|record| record.event));
    }
    assert_eq!(read, written);
}

pub async fn an_application_sees_its_own_events_only(store: Arc<dyn Store>) {
    let own = order(1);
    let foreign = Order {
        app: other_app(),
        ..order(2)
    };
    for order in [&own, &foreign] {
        write(&*store, commit(order, vec![Row::Event(event(order, 1))])).await;
    }
    let page = store.events_after(&app(), 0, 10).await.unwrap();
    assert_eq!(
        page.into_iter()
            .map(|record| record.event)
            .collect::<Vec<_>>(),
        [event(&own, 1)]
    );
}

pub async fn a_reader_that_follows_the_writers_misses_nothing(store: Arc<dyn Store>) {
    let mut writers = JoinSet::new();
    for nth in 1..=8 {
        let store = Arc::clone(&store);
        writers.spawn(async move {
            let mut order = order(nth);
            for version in 1..=10 {
                write(
                    &*store,
                    commit(&order, vec![Row::Event(event(&order, version))]),
                )
                .await;
                order = later(&order);
            }
        });
    }
    let mut seen = BTreeSet::new();
    let mut position = 0;
    while seen.len() < 80 {
        let done = writers.is_empty();
        let page = store.events_after(&app(), position, 7).await.unwrap();
        assert!(
            !(done && page.is_empty()),
            "{} of 80 events were seen",
            seen.len()
        );
        for record in page {
            position = record.position;
            assert!(seen.insert(record.event.id));
        }
        while let Some(ended) = writers.try_join_next() {
            ended.unwrap();
        }
    }
}

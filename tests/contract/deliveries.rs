//! The life of a delivery.

use crate::samples::{app, at, commit, event, order, other_app, write};
use cashier::id::EventId;
use cashier::order::Order;
use cashier::state::Row;
use cashier::store::{ClaimedDelivery, DeliveryNext, DeliveryTry, Store};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

const NOTIFY_URL: &str = "https://shop.example/notify";

/// The `nth` order, with an address for events, and its first event.
async fn with_event(store: &dyn Store, nth: u16) -> Order {
    let order = Order {
        notify_url: Some(NOTIFY_URL.to_owned()),
        ..order(nth)
    };
    write(store, commit(&order, vec![Row::Event(event(&order, 1))])).await;
    order
}

fn tried(order: &Order, then: DeliveryNext) -> DeliveryTry {
    let delivered = then == DeliveryNext::Delivered;
    DeliveryTry {
        event: order.id.event(1),
        at: at(51),
        status: Some(if delivered { 204 } else { 500 }),
        error: (!delivered).then(|| "500 内部错误".to_owned()),
        then,
    }
}

fn claimed(order: &Order, attempt: u32) -> ClaimedDelivery {
    ClaimedDelivery {
        event: event(order, 1),
        notify_url: order.notify_url.clone(),
        attempt,
    }
}

/// How the only event's delivery stands, and how often it was tried.
async fn stands(store: &dyn Store) -> (String, u32) {
    let page = store.events_after(&app(), 0, 10).await.unwrap();
    assert_eq!(page.len(), 1);
    (page[0].delivery.clone(), page[0].attempts)
}

pub async fn an_event_is_due_at_once_and_goes_to_the_orders_address(store: Arc<dyn Store>) {
    let first = with_event(&*store, 1).await;
    let second = order(2);
    let mut later_event = event(&second, 1);
    later_event.created_at = at(55);
    write(
        &*store,
        commit(&second, vec![Row::Event(later_event.clone())]),
    )
    .await;
    assert_eq!(
        store.claim_deliveries(at(49), at(100), 10).await,
        Ok(Vec::new())
    );
    let all = store.claim_deliveries(at(55), at(100), 10).await;
    let without_address = ClaimedDelivery {
        event: later_event,
        notify_url: None,
        attempt: 0,
    };
    assert_eq!(all, Ok(vec![claimed(&first, 0), without_address]));
}

pub async fn a_leased_delivery_is_not_claimed_before_the_lease_ends(store: Arc<dyn Store>) {
    let order = with_event(&*store, 1).await;
    let first = store.claim_deliveries(at(50), at(60), 10).await;
    assert_eq!(first, Ok(vec![claimed(&order, 0)]));
    assert_eq!(
        store.claim_deliveries(at(59), at(70), 10).await,
        Ok(Vec::new())
    );
    let again = store.claim_deliveries(at(60), at(70), 10).await;
    assert_eq!(again, Ok(vec![claimed(&order, 0)]));
}

pub async fn a_failed_delivery_is_tried_again_when_it_is_due(store: Arc<dyn Store>) {
    let order = with_event(&*store, 1).await;
    for attempt in 1..=3 {
        let due = 50 + attempt * 100;
        store
            .claim_deliveries(at(due - 1), at(9_000), 10)
            .await
            .unwrap();
        store
            .record_delivery(tried(&order, DeliveryNext::Retry(at(due))))
            .await
            .unwrap();
        assert_eq!(stands(&*store).await, ("pending".to_owned(), attempt));
        assert_eq!(
            store.claim_deliveries(at(due - 1), at(9_000), 10).await,
            Ok(Vec::new())
        );
        let again = store.claim_deliveries(at(due), at(9_000), 10).await;
        assert_eq!(again, Ok(vec![claimed(&order, attempt)]));
    }
}

pub async fn what_was_delivered_is_never_claimed_again(store: Arc<dyn Store>) {
    let order = with_event(&*store, 1).await;
    store
        .record_delivery(tried(&order, DeliveryNext::Delivered))
        .await
        .unwrap();
    assert_eq!(stands(&*store).await, ("delivered".to_owned(), 1));
    assert_eq!(
        store.claim_deliveries(at(9_000), at(9_001), 10).await,
        Ok(Vec::new())
    );
}

pub async fn what_was_tried_to_the_end_rests(store: Arc<dyn Store>) {
    let order = with_event(&*store, 1).await;
    store
        .record_delivery(tried(&order, DeliveryNext::Exhausted))
        .await
        .unwrap();
    assert_eq!(stands(&*store).await, ("exhausted".to_owned(), 1));
    assert_eq!(
        store.claim_deliveries(at(9_000), at(9_001), 10).await,
        Ok(Vec::new())
    );
}

pub async fn a_late_failure_does_not_undo_a_delivery(store: Arc<dyn Store>) {
    let order = with_event(&*store, 1).await;
    store
        .record_delivery(tried(&order, DeliveryNext::Delivered))
        .await
        .unwrap();
    // Another worker, whose lease had lapsed, comes back with bad news.
    store
        .record_delivery(tried(&order, DeliveryNext::Retry(at(60))))
        .await
        .unwrap();
    assert_eq!(stands(&*store).await, ("delivered".to_owned(), 2));
    store
        .record_delivery(tried(&order, DeliveryNext::Exhausted))
        .await
        .unwrap();
    assert_eq!(stands(&*store).await, ("delivered".to_owned(), 3));
    assert_eq!(
        store.claim_deliveries(at(9_000), at(9_001), 10).await,
        Ok(Vec::new())
    );
}

/// Shows F53.
pub async fn claimers_at_once_never_get_the_same_delivery(store: Arc<dyn Store>) {
    for nth in 1..=30 {
        with_event(&*store, nth).await;
    }
    let mut claimers = JoinSet::new();
    for _ in 0..12 {
        let store = Arc::clone(&store);
        claimers.spawn(async move {
            let mut mine = Vec::new();
            loop {
                let claimed = store.claim_deliveries(at(50), at(60), 3).await.unwrap();
                assert!(claimed.len() <= 3, "{} claimed", claimed.len());
                if claimed.is_empty() {
                    return mine;
                }
                mine.extend(claimed.into_iter().map(|delivery| delivery.event.id));
            }
        });
    }
    let mut all: Vec<EventId> = claimers.join_all().await.into_iter().flatten().collect();
    // One that found the rest being taken may have gone home: look once more.
    let rest = store.claim_deliveries(at(50), at(60), 100).await.unwrap();
    all.extend(rest.into_iter().map(|delivery| delivery.event.id));
    assert_eq!(all.len(), 30);
    assert_eq!(all.into_iter().collect::<BTreeSet<_>>().len(), 30);
}

pub async fn redelivery_is_for_the_own_application_only(store: Arc<dyn Store>) {
    let order = with_event(&*store, 1).await;
    store
        .record_delivery(tried(&order, DeliveryNext::Exhausted))
        .await
        .unwrap();
    let id = order.id.event(1);
    assert_eq!(store.redeliver(&other_app(), &id, at(70)).await, Ok(false));
    assert_eq!(
        store.redeliver(&app(), &order.id.event(2), at(70)).await,
        Ok(false)
    );
    assert_eq!(
        store.redeliver(&app(), &EventId::new("'\0"), at(70)).await,
        Ok(false)
    );
    assert_eq!(stands(&*store).await, ("exhausted".to_owned(), 1));
}

pub async fn what_is_asked_for_again_while_it_is_under_way_is_delivered_again(
    store: Arc<dyn Store>,
) {
    let order = with_event(&*store, 1).await;
    store.claim_deliveries(at(50), at(100), 10).await.unwrap();
    // The merchant has it, and asks for it again before that is recorded.
    assert_eq!(
        store.redeliver(&app(), &order.id.event(1), at(51)).await,
        Ok(true)
    );
    store
        .record_delivery(tried(&order, DeliveryNext::Delivered))
        .await
        .unwrap();
    assert_eq!(stands(&*store).await, ("pending".to_owned(), 1));
    let again = store.claim_deliveries(at(52), at(100), 10).await;
    assert_eq!(again, Ok(vec![claimed(&order, 1)]));
    store
        .record_delivery(tried(&order, DeliveryNext::Delivered))
        .await
        .unwrap();
    assert_eq!(stands(&*store).await, ("delivered".to_owned(), 2));
}

pub async fn what_was_delivered_can_be_asked_for_again(store: Arc<dyn Store>) {
    let order = with_event(&*store, 1).await;
    store.claim_deliveries(at(50), at(9_000), 10).await.unwrap();
    store
        .record_delivery(tried(&order, DeliveryNext::Delivered))
        .await
        .unwrap();
    assert_eq!(
        store.redeliver(&app(), &order.id.event(1), at(70)).await,
        Ok(true)
    );
    assert_eq!(stands(&*store).await, ("pending".to_owned(), 1));
    assert_eq!(
        store.claim_deliveries(at(69), at(80), 10).await,
        Ok(Vec::new())
    );
    let again = store.claim_deliveries(at(70), at(80), 10).await;
    assert_eq!(again, Ok(vec![claimed(&order, 1)]));
}

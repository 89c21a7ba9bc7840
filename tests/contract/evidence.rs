//! What a timeline is made of: an order's own lines, notices, events and tries, each
//! oldest first, and nobody else's.

use crate::samples::{account, at, commit, event, flow, later, line, notice, order, write};
use cashier::event::EventKind;
use cashier::id::AccountId;
use cashier::order::Order;
use cashier::state::Row;
use cashier::store::{Commit, DeliveryNext, DeliveryTry, NoticeRecord, Store};
use cashier::timeline::{EventSeen, Evidence, NoticeSeen};
use std::sync::Arc;

fn about_flow(order: &Order, key: &str, seconds: u32) -> NoticeRecord {
    NoticeRecord {
        flow_no: Some(order.id.flow(1)),
        received_at: at(seconds),
        ..notice(key)
    }
}

fn seen(order: &Order, seconds: u32) -> NoticeSeen {
    NoticeSeen {
        account: account(),
        flow: order.id.flow(1),
        received_at: at(seconds),
    }
}

fn told(order: &Order, version: u32, delivery: &str) -> EventSeen {
    EventSeen {
        id: order.id.event(version),
        kind: EventKind::OrderPaid,
        version,
        created_at: at(50),
        delivery: delivery.to_owned(),
    }
}

pub async fn an_order_has_its_own_evidence_oldest_first(store: Arc<dyn Store>) {
    let of_shop = |nth| Order {
        notify_url: Some("https://shop.example/notify".to_owned()),
        ..order(nth)
    };
    let (order, other) = (of_shop(1), of_shop(2));
    for (order, key) in [(&order, "N1"), (&other, "N2")] {
        let rows = vec![
            Row::Flow(Box::new(flow(order, 1))),
            Row::Line(line(order, "first")),
            Row::Event(event(order, 1)),
        ];
        let noticed = Commit {
            notice: Some(about_flow(order, key, 46)),
            ..commit(order, rows)
        };
        write(&*store, noticed).await;
    }
    let rows = vec![
        Row::Line(line(&order, "second")),
        Row::Event(event(&order, 2)),
    ];
    let noticed = Commit {
        notice: Some(about_flow(&order, "N3", 44)),
        ..commit(&later(&order), rows)
    };
    write(&*store, noticed).await;
    // A number that another account's notice names is another's number.
    let foreign = NoticeRecord {
        account: AccountId::new("acc_other"),
        ..about_flow(&order, "N4", 47)
    };
    let twice = later(&later(&order));
    let noticed = Commit {
        notice: Some(foreign),
        ..commit(&twice, Vec::new())
    };
    write(&*store, noticed).await;
    let tries = [
        (Some(500), Some("500 内部错误"), DeliveryNext::Retry(at(60))),
        (None, Some("no answer"), DeliveryNext::Exhausted),
        (Some(204), None, DeliveryNext::Delivered),
    ];
    let mut tries: Vec<DeliveryTry> = tries
        .into_iter()
        .zip(51_u32..)
        .map(|((status, error, then), seconds)| DeliveryTry {
            event: order.id.event(1),
            at: at(seconds),
            status,
            error: error.map(str::to_owned),
            then,
        })
        .collect();
    for tried in &tries {
        store.record_delivery(tried.clone()).await.unwrap();
    }
    let elsewhere = DeliveryTry {
        event: other.id.event(1),
        ..tries.remove(2)
    };
    store.record_delivery(elsewhere.clone()).await.unwrap();
    let delivered = DeliveryTry {
        event: order.id.event(1),
        ..elsewhere
    };
    tries.push(delivered);
    assert_eq!(
        store.evidence(&order.id).await,
        Ok(Evidence {
            lines: vec![line(&order, "first"), line(&order, "second")],
            notices: vec![seen(&order, 44), seen(&order, 46)],
            events: vec![told(&order, 1, "delivered"), told(&order, 2, "pending")],
            tries,
        })
    );
    let nobody = crate::samples::order(3);
    assert_eq!(store.evidence(&nobody.id).await, Ok(Evidence::default()));
}

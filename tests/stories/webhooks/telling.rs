//! Something to tell a merchant, and how the telling stands.

use serde_json::{Value, json};
use till_tests::{Merchant, until};

/// Makes an order with these changes and closes it: one event, `order.closed`.
pub(super) async fn closed(merchant: &Merchant, changes: Value) -> Value {
    let order = merchant.order(changes).await;
    merchant.close(&order).await.expect(200);
    order
}

/// A page of the merchant's events.
pub(super) async fn page(merchant: &Merchant, query: &str) -> Value {
    merchant
        .get(&format!("/v1/events{query}"))
        .await
        .expect(200)
}

/// The only event about the order, as the pull side shows it.
pub(super) async fn event(merchant: &Merchant, order: &Value) -> Value {
    let mut events = page(merchant, "?limit=100").await["data"]
        .as_array()
        .unwrap()
        .clone();
    events.retain(|event| event["order_id"] == order["id"]);
    assert_eq!(events.len(), 1, "{events:?}");
    events.remove(0)
}

/// Waits until the order's event was tried so often, and returns it.
pub(super) async fn tried(merchant: &Merchant, order: &Value, times: u32) -> Value {
    until(&format!("the event was tried {times} times"), async || {
        let event = event(merchant, order).await;
        if event["attempts"] == times {
            Ok(event)
        } else {
            Err(event)
        }
    })
    .await
}

/// Waits until the order's event was delivered, and returns it.
pub(super) async fn delivered(merchant: &Merchant, order: &Value) -> Value {
    until("the event was delivered", async || {
        let event = event(merchant, order).await;
        if event["delivery"] == "delivered" {
            Ok(event)
        } else {
            Err(event)
        }
    })
    .await
}

/// Asks for one more delivery of an event.
pub(super) async fn again(merchant: &Merchant, event: &Value) {
    let path = format!("/v1/events/{}/redeliver", event["id"].as_str().unwrap());
    assert_eq!(
        merchant.post(&path, &json!({})).await.expect(202)["delivery"],
        "pending"
    );
}

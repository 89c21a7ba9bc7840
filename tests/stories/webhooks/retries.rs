//! An endpoint that fails is tried again, with the same id and the same bytes, to
//! the end of the schedule; then a person asks for it.

use super::endpoint::Endpoint;
use super::telling::{again, closed, delivered, tried};
use serde_json::{Value, json};
use till_tests::{App, Delivery, until};

till_tests::stories! {
    an_endpoint_that_is_down_five_times_gets_the_event_on_the_sixth
    what_is_refused_to_the_end_waits_for_a_person
    a_redirect_is_not_followed
    an_event_is_delivered_again_on_demand
    an_event_that_failed_does_not_hold_up_the_next
}

/// The documented gaps between tries, in seconds; each is drawn from 90 to 110 %.
const GAPS: [u32; 11] = [
    5, 120, 600, 900, 3600, 7200, 21_600, 54_000, 86_400, 86_400, 86_400,
];

async fn an_endpoint_that_is_down_five_times_gets_the_event_on_the_sixth(app: &App) {
    app.receiver.refuse(&[500, 503, 404, 429, 400]);
    let order = closed(&app.merchant, json!({})).await;
    let tries = through(app, &order, &GAPS[..5]).await;
    let answered: Vec<u16> = tries.iter().map(|delivery| delivery.answered).collect();
    assert_eq!(answered, [500, 503, 404, 429, 400, 204]);
    let event = delivered(&app.merchant, &order).await;
    assert_eq!(event["attempts"], 6);
    same(&tries, &event);
    assert_eq!(tries[5].event["type"], "order.closed");
}

/// Shows F64.
async fn what_is_refused_to_the_end_waits_for_a_person(app: &App) {
    app.receiver.refuse(&[500; 12]);
    let order = closed(&app.merchant, json!({})).await;
    let tries = through(app, &order, &GAPS).await;
    assert_eq!(tries.len(), 12);
    let event = tried(&app.merchant, &order, 12).await;
    assert_eq!(event["delivery"], "exhausted");
    let trouble = shown(app, &event, "open").await;
    assert_eq!(trouble["kind"], "webhook_exhausted");
    assert_eq!(trouble["order_id"], order["id"]);
    again(&app.merchant, &event).await;
    let event = delivered(&app.merchant, &order).await;
    same(&app.receiver.deliveries(), &event);
    let trouble = shown(app, &event, "resolved").await;
    assert_eq!(trouble["resolution"]["actor"], "till");
}

/// The only exception about an event, which has that status.
async fn shown(app: &App, event: &Value, status: &str) -> Value {
    let path = format!("/ops/v1/exceptions?status={status}");
    let page = app.operator.get(&path).await.expect(200);
    let data = page["data"].as_array().unwrap();
    assert_eq!(data.len(), 1, "{page}");
    assert_eq!(data[0]["subject"], event["id"]);
    data[0].clone()
}

/// Pushes time along the schedule, one try after each gap. Returns all tries.
async fn through(app: &App, order: &Value, gaps: &[u32]) -> Vec<Delivery> {
    let mut tries = 1;
    for gap in gaps {
        let event = tried(&app.merchant, order, tries).await;
        assert_eq!(event["delivery"], "pending");
        app.advance(gap * 11 / 10 + 1).await;
        tries += 1;
    }
    tried(&app.merchant, order, tries).await;
    app.receiver.deliveries()
}

/// Checks that every try was the same event, byte for byte. Their signatures were
/// checked when they came: what is signed wrongly is answered 401.
fn same(tries: &[Delivery], event: &Value) {
    for delivery in tries {
        assert_ne!(delivery.answered, 401);
        assert_eq!(delivery.id, event["id"].as_str().unwrap());
        assert_eq!(delivery.body, tries[0].body);
        assert_eq!(delivery.event, event["payload"]);
    }
}

/// Shows F66.
async fn a_redirect_is_not_followed(app: &App) {
    let endpoint = Endpoint::start();
    for status in [301, 302, 303, 307, 308] {
        let path = format!("/redirect/{status}");
        let url = format!("{}{path}", endpoint.url);
        let order = closed(&app.merchant, json!({ "notify_url": url })).await;
        let event = tried(&app.merchant, &order, 1).await;
        assert_eq!(event["delivery"], "pending", "{status}");
        assert_eq!(endpoint.visits(&path), 1, "{status}");
    }
    assert_eq!(endpoint.visits("/inside"), 0);
    endpoint.stop().await;
}

async fn an_event_is_delivered_again_on_demand(app: &App) {
    let order = closed(&app.merchant, json!({})).await;
    let event = delivered(&app.merchant, &order).await;
    again(&app.merchant, &event).await;
    until("the event comes a second time", async || {
        let deliveries = app.receiver.deliveries();
        if deliveries.len() == 2 {
            Ok(())
        } else {
            Err(deliveries)
        }
    })
    .await;
    same(&app.receiver.deliveries(), &event);
    // What is somebody else's does not exist.
    let path = format!("/v1/events/{}/redeliver", event["id"].as_str().unwrap());
    app.other
        .post(&path, &json!({}))
        .await
        .problem(404, "not_found");
    app.merchant
        .post(
            "/v1/events/evt_01JNEVERGIVENOUT00000000001/redeliver",
            &json!({}),
        )
        .await
        .problem(404, "not_found");
}

/// Shows F69.
async fn an_event_that_failed_does_not_hold_up_the_next(app: &App) {
    app.receiver.refuse(&[500]);
    let first = closed(&app.merchant, json!({})).await;
    tried(&app.merchant, &first, 1).await;
    let second = closed(&app.merchant, json!({})).await;
    app.receiver.event(&second, "order.closed").await;
    assert_eq!(app.receiver.taken(&first).len(), 0);
    app.advance(6).await;
    app.receiver.event(&first, "order.closed").await;
}

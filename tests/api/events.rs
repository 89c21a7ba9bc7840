//! Events: pushed until they are taken, and pulled in pages.

use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    events_are_pulled_in_pages_by_cursor
    an_event_that_was_refused_comes_again_unchanged
    a_delivered_event_is_delivered_again_on_demand
    a_page_is_asked_for_properly
}

/// Shows F69.
async fn events_are_pulled_in_pages_by_cursor(app: &App) {
    let mut orders = Vec::new();
    for _ in 0..5 {
        let order = app.merchant.order(json!({})).await;
        app.merchant.close(&order).await.expect(200);
        app.receiver.event(&order, "order.closed").await;
        orders.push(order["id"].clone());
    }
    let mut seen: Vec<Value> = Vec::new();
    let mut next = "0".to_owned();
    loop {
        let page = app
            .merchant
            .get(&format!("/v1/events?limit=2&after={next}"))
            .await
            .expect(200);
        let events = page["data"].as_array().unwrap();
        seen.extend(events.iter().cloned());
        next = page["next"].as_str().unwrap().to_owned();
        if page["has_more"] == false {
            break;
        }
        assert_eq!(events.len(), 2);
    }
    let about: Vec<Value> = seen.iter().map(|event| event["order_id"].clone()).collect();
    assert_eq!(about, orders);
    for event in &seen {
        assert_eq!(event["type"], "order.closed");
        assert_eq!(event["payload"]["id"], event["id"]);
        assert_eq!(
            event["payload"]["data"]["order"]["version"],
            event["version"]
        );
    }
    let rest = app
        .merchant
        .get(&format!("/v1/events?after={next}"))
        .await
        .expect(200);
    assert_eq!((&rest["data"], &rest["next"]), (&json!([]), &json!(next)));
}

async fn an_event_that_was_refused_comes_again_unchanged(app: &App) {
    app.receiver.refuse(&[500, 302]);
    let order = app.merchant.order(json!({})).await;
    app.merchant.close(&order).await.expect(200);
    for tries in 1..=2 {
        till_tests::until("a delivery was tried", async || {
            let page = app.merchant.get("/v1/events").await.expect(200);
            if page["data"][0]["attempts"] == tries {
                Ok(())
            } else {
                Err(page)
            }
        })
        .await;
        // The schedule: 5 s, then 2 minutes, with a tenth of jitter.
        app.advance(if tries == 1 { 6 } else { 140 }).await;
    }
    let taken = app.receiver.event(&order, "order.closed").await;
    let all = app.receiver.deliveries();
    assert_eq!(
        all.iter()
            .map(|delivery| delivery.answered)
            .collect::<Vec<_>>(),
        [500, 302, 204]
    );
    assert!(
        all.iter()
            .all(|delivery| delivery.id == taken.id && delivery.body == taken.body)
    );
}

async fn a_delivered_event_is_delivered_again_on_demand(app: &App) {
    let order = app.merchant.order(json!({})).await;
    app.merchant.close(&order).await.expect(200);
    let first = app.receiver.event(&order, "order.closed").await;
    let path = format!("/v1/events/{}/redeliver", first.id);
    app.merchant.post(&path, &json!({})).await.expect(202);
    let taken = till_tests::until("it came twice", async || {
        let taken = app.receiver.taken(&order);
        if taken.len() == 2 {
            Ok(taken)
        } else {
            Err(taken)
        }
    })
    .await;
    assert_eq!(
        (&taken[0].id, &taken[0].body),
        (&taken[1].id, &taken[1].body)
    );
    let unknown = "/v1/events/evt_00000000000000000000000000001/redeliver";
    app.merchant
        .post(unknown, &json!({}))
        .await
        .problem(404, "not_found");
}

async fn a_page_is_asked_for_properly(app: &App) {
    for query in [
        "limit=0",
        "limit=101",
        "limit=x",
        "after=-1",
        "after=x",
        "after=",
        "page=2",
    ] {
        let answer = app.merchant.get(&format!("/v1/events?{query}")).await;
        answer.problem(400, "invalid_request");
    }
}

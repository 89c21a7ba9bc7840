//! Who is asking: API keys, tenants, and how much a key may ask for.

use reqwest::Method;
use serde_json::json;
use till_tests::{App, Database, Options};

till_tests::stories! {
    without_a_good_key_nothing_is_shown
    a_merchant_sees_and_changes_only_its_own
    a_stranger_learns_nothing_about_a_body
}

async fn without_a_good_key_nothing_is_shown(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    let good = app.merchant.key();
    let changed = format!(
        "{}{}",
        &good[..good.len() - 1],
        if good.ends_with('0') { '1' } else { '0' }
    );
    let headers = [
        None,
        Some(String::new()),
        Some("Bearer".to_owned()),
        Some(format!("Basic {good}")),
        Some(good.to_owned()),
        Some(format!("Bearer {changed}")),
        Some(format!("Bearer {}", &good[..20])),
        Some(format!("Bearer {}", good.to_uppercase())),
        Some("Bearer till_test_' OR '1'='1' -- aaaaaaaaaaaaaaaaaaaa".to_owned()),
    ];
    for header in headers {
        let mut request = app.merchant.stranger(Method::GET, &path);
        if let Some(header) = &header {
            request = request.header("authorization", header);
        }
        let answer = app.merchant.send(request).await;
        assert!(
            answer.header("www-authenticate").starts_with("Bearer"),
            "{header:?}"
        );
        answer.problem(401, "unauthorized");
    }
    assert_eq!(app.merchant.get(&path).await.status, 200);
}

async fn a_merchant_sees_and_changes_only_its_own(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let flow = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    app.payer.pay(&flow["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    let refund = app.merchant.refund(&order, "R-1", 100).await.expect(201);
    let event = app.receiver.event(&order, "order.paid").await;

    let id = order["id"].as_str().unwrap();
    let number = order["merchant_order_no"].as_str().unwrap();
    for path in [
        format!("/v1/orders/{id}"),
        format!("/v1/orders?merchant_order_no={number}"),
        format!("/v1/refunds/{}", refund["id"].as_str().unwrap()),
    ] {
        app.other.get(&path).await.problem(404, "not_found");
    }
    app.other
        .try_flow(&order, json!({ "way": "ALI_QR" }))
        .await
        .problem(404, "not_found");
    app.other.close(&order).await.problem(404, "not_found");
    app.other
        .refund(&order, "R-2", 100)
        .await
        .problem(404, "not_found");
    let path = format!("/v1/events/{}/redeliver", event.id);
    app.other
        .post(&path, &json!({}))
        .await
        .problem(404, "not_found");
    let events = app.other.get("/v1/events").await.expect(200);
    assert_eq!(events["data"], json!([]));

    // The same number is another order for another merchant.
    let theirs = app
        .other
        .order(json!({ "merchant_order_no": number }))
        .await;
    assert_ne!(theirs["id"], order["id"]);
    app.other.close(&theirs).await.expect(200);
    assert_eq!(app.merchant.look(&order).await["status"], "paid");
}

async fn a_stranger_learns_nothing_about_a_body(app: &App) {
    let request = app
        .merchant
        .stranger(Method::POST, "/v1/orders")
        .body("not json");
    app.merchant
        .send(request)
        .await
        .problem(401, "unauthorized");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_key_that_asks_too_much_is_told_to_wait() {
    let settings = "http.requests_per_second = 1\nhttp.request_burst = 5\n".to_owned();
    let app = App::start_with(
        Database::Sqlite,
        Options {
            settings,
            ..Options::default()
        },
    )
    .await;
    let mut refused = None;
    for _ in 0..10 {
        let answer = app.merchant.get("/v1/events").await;
        if answer.status != 200 {
            refused = Some(answer);
            break;
        }
    }
    let refused = refused.unwrap();
    assert_eq!(refused.header("retry-after"), "1");
    assert_eq!(refused.problem(429, "rate_limited")["retry_after"], 1);
    assert_eq!(
        app.other.get("/v1/events").await.status,
        200,
        "another key is not concerned"
    );
    app.finish().await;
}

//! What every answer has: an id, a problem document where something is wrong, and
//! a status that says what.

use reqwest::Method;
use serde_json::json;
use till_tests::{App, Database};

till_tests::stories! {
    unknown_addresses_and_methods_are_problems
    a_body_of_another_type_is_refused
    a_body_that_is_too_long_is_refused
    every_answer_has_an_id_of_our_own
    it_says_whether_it_lives_and_can_serve
}

async fn unknown_addresses_and_methods_are_problems(app: &App) {
    for path in [
        "/",
        "/v1",
        "/v1/order",
        "/v1/orders/a/b/c",
        "/v2/orders",
        "/notify",
        "/%2e%2e/",
    ] {
        app.merchant.get(path).await.problem(404, "not_found");
    }
    let cases = [
        (Method::DELETE, "/v1/orders", "GET, POST"),
        (Method::PUT, "/v1/orders/ord_1", "GET"),
        (Method::GET, "/v1/orders/ord_1/close", "POST"),
        (Method::GET, "/v1/orders/ord_1/flows", "POST"),
        (Method::GET, "/v1/orders/ord_1/refunds", "POST"),
        (Method::PATCH, "/v1/refunds/rfd_1", "GET"),
        (Method::POST, "/v1/events", "GET"),
        (Method::GET, "/v1/events/evt_1/redeliver", "POST"),
        (Method::GET, "/notify/shop_alipay", "POST"),
        (Method::POST, "/healthz", "GET"),
    ];
    for (method, path, allowed) in cases {
        let answer = app
            .merchant
            .send(app.merchant.request(method.clone(), path))
            .await;
        assert_eq!(answer.header("allow"), allowed, "{method} {path}");
        answer.problem(405, "invalid_request");
    }
}

async fn a_body_of_another_type_is_refused(app: &App) {
    let body = app.merchant.order_body(json!({})).to_string();
    let types = [
        "text/plain",
        "application/x-www-form-urlencoded",
        "application/json; charset=gbk",
        "",
        "x",
    ];
    for content_type in types {
        let request = app
            .merchant
            .request(Method::POST, "/v1/orders")
            .body(body.clone());
        let answer = app
            .merchant
            .send(request.header("content-type", content_type))
            .await;
        answer.problem(415, "invalid_request");
    }
    let request = app
        .merchant
        .request(Method::POST, "/v1/orders")
        .body(body.clone());
    let packed = request
        .header("content-type", "application/json")
        .header("content-encoding", "gzip");
    app.merchant
        .send(packed)
        .await
        .problem(415, "invalid_request");
    let request = app.merchant.request(Method::POST, "/v1/orders").body(body);
    let plain = request.header("content-type", "Application/JSON; charset=UTF-8");
    let order = app.merchant.send(plain).await.expect(201);
    app.merchant.remember(&order);
}

async fn a_body_that_is_too_long_is_refused(app: &App) {
    let long = json!({ "subject": "x".repeat(10 * 1024 * 1024) });
    app.merchant
        .post("/v1/orders", &long)
        .await
        .problem(413, "invalid_request");
    let request = app.merchant.stranger(Method::POST, "/notify/shop_alipay");
    let answer = app
        .merchant
        .send(request.body("x".repeat(300 * 1024)))
        .await;
    answer.problem(413, "invalid_request");
}

async fn every_answer_has_an_id_of_our_own(app: &App) {
    let mut ids = Vec::new();
    for path in [
        "/healthz",
        "/v1/events",
        "/v1/orders/ord_1",
        "/nowhere",
        "/openapi.json",
    ] {
        let request = app
            .merchant
            .request(Method::GET, path)
            .header("x-request-id", "theirs");
        let answer = app.merchant.send(request).await;
        let id = answer.header("x-request-id").to_owned();
        assert_eq!(id.len(), 36, "{path}: {id}");
        assert_eq!(&id[14..15], "7", "{path}: {id}");
        ids.push(id);
    }
    let sorted = {
        let mut sorted = ids.clone();
        sorted.sort();
        sorted.dedup();
        sorted
    };
    assert_eq!(sorted.len(), ids.len());
}

async fn it_says_whether_it_lives_and_can_serve(app: &App) {
    for path in ["/healthz", "/readyz"] {
        let request = app.merchant.stranger(Method::GET, path);
        assert_eq!(app.merchant.send(request).await.status, 200, "{path}");
    }
}

/// The database disappears under a running gateway.
/// Shows F47.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn without_its_database_it_says_so_and_no_more() {
    let Some(database) = Database::postgres() else {
        return;
    };
    let app = App::start(database).await;
    let order = app.merchant.order(json!({})).await;
    app.lose_database().await;
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    for (method, path) in [
        (Method::GET, "/readyz"),
        (Method::GET, &*path),
        (Method::GET, "/v1/events"),
    ] {
        let answer = app.merchant.send(app.merchant.request(method, path)).await;
        assert_eq!(answer.header("retry-after"), "2", "{path}");
        let problem = answer.problem(503, "unavailable");
        assert_eq!(
            problem["detail"],
            "the database does not answer; send the same request again, that is safe",
        );
    }
    let body = app.merchant.order_body(json!({}));
    app.merchant
        .post("/v1/orders", &body)
        .await
        .problem(503, "unavailable");
    app.merchant
        .post_once("/v1/orders", &body, "k")
        .await
        .problem(503, "unavailable");
    let alive = app
        .merchant
        .send(app.merchant.stranger(Method::GET, "/healthz"))
        .await;
    assert_eq!(alive.status, 200);
}

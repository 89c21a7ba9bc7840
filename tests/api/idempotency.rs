//! `Idempotency-Key`: the same request gets the same answer, another one none.

use reqwest::Method;
use serde_json::json;
use till_tests::App;

till_tests::stories! {
    the_same_request_gets_the_same_answer
    another_request_under_the_same_key_is_refused
    a_definite_refusal_is_kept_too
    what_may_pass_is_not_kept
    keys_of_two_merchants_are_two_keys
    a_key_is_visible_ascii_of_bounded_length
    twenty_at_once_make_one_order_and_get_one_answer
}

async fn the_same_request_gets_the_same_answer(app: &App) {
    let body = app.merchant.order_body(json!({ "way": "ALI_QR" }));
    let first = app.merchant.post_once("/v1/orders", &body, "k").await;
    assert_eq!(first.header("idempotent-replayed"), "");
    let again = app.merchant.post_once("/v1/orders", &body, "k").await;
    assert_eq!((again.status, &again.text), (first.status, &first.text));
    assert_eq!(again.header("idempotent-replayed"), "true");
    assert_eq!(again.header("content-type"), first.header("content-type"));
    assert_ne!(again.header("x-request-id"), first.header("x-request-id"));
    let order = first.expect(201);
    app.merchant.remember(&order);

    // The answer is the first one's even when the order has moved on.
    app.payer.pay(&order["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    let later = app.merchant.post_once("/v1/orders", &body, "k").await;
    assert_eq!(later.text, again.text);
    // Without the key it is the same order, as it is now.
    let now = app
        .merchant
        .post("/v1/orders", &body)
        .await
        .problem(409, "order_paid");
    assert_eq!(now["order_id"], order["id"]);
}

/// Shows F72.
async fn another_request_under_the_same_key_is_refused(app: &App) {
    let body = app.merchant.order_body(json!({}));
    let order = app
        .merchant
        .post_once("/v1/orders", &body, "k")
        .await
        .expect(201);
    app.merchant.remember(&order);
    let mut other = body.clone();
    other["merchant_order_no"] = json!("OTHER");
    let refused = app.merchant.post_once("/v1/orders", &other, "k").await;
    refused.problem(422, "idempotency_mismatch");
    app.merchant
        .get("/v1/orders?merchant_order_no=OTHER")
        .await
        .problem(404, "not_found");
    let path = format!("/v1/orders/{}/close", order["id"].as_str().unwrap());
    app.merchant
        .post_once(&path, &body, "k")
        .await
        .problem(400, "invalid_request");
    app.merchant
        .post_once(&path, &json!({}), "k")
        .await
        .problem(422, "idempotency_mismatch");
    assert_eq!(app.merchant.look(&order).await["status"], "open");
    let kept = app.merchant.post_once("/v1/orders", &body, "k").await;
    assert_eq!(kept.expect(201)["id"], order["id"]);
}

async fn a_definite_refusal_is_kept_too(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let mut other = app.merchant.order_body(json!({ "amount": 1 }));
    other["merchant_order_no"] = order["merchant_order_no"].clone();
    let first = app.merchant.post_once("/v1/orders", &other, "k").await;
    let again = app.merchant.post_once("/v1/orders", &other, "k").await;
    assert_eq!(first.text, again.text);
    assert_eq!(again.header("idempotent-replayed"), "true");
    first.problem(409, "order_conflict");
    again.problem(409, "order_conflict");
}

/// Shows F75.
async fn what_may_pass_is_not_kept(app: &App) {
    app.payer
        .break_it(json!({ "method": "wechat.native", "fault": "http_500" }))
        .await;
    let order = app.merchant.order(json!({})).await;
    let path = format!("/v1/orders/{}/flows", order["id"].as_str().unwrap());
    let wish = json!({ "way": "WX_NATIVE" });
    let failed = app.merchant.post_once(&path, &wish, "k").await;
    assert!(failed.header("retry-after").parse::<u32>().unwrap() >= 1);
    failed.problem(503, "channel_unavailable");
    app.payer.mend().await;
    let flow = till_tests::until("the channel answers again", async || {
        let answer = app.merchant.post_once(&path, &wish, "k").await;
        if answer.status == 201 {
            Ok(answer.json)
        } else {
            Err(answer.text)
        }
    })
    .await;
    app.payer.pay(&flow["action"]).await;
    let paid = app.merchant.until_status(&order, "paid").await;
    assert_eq!(
        paid["flows"].as_array().unwrap().len(),
        1,
        "the same flow was continued"
    );
}

async fn keys_of_two_merchants_are_two_keys(app: &App) {
    let body = app.merchant.order_body(json!({}));
    let ours = app
        .merchant
        .post_once("/v1/orders", &body, "k")
        .await
        .expect(201);
    let theirs = app
        .other
        .post_once("/v1/orders", &body, "k")
        .await
        .expect(201);
    assert_ne!(ours["id"], theirs["id"]);
    app.merchant.remember(&ours);
    app.other.remember(&theirs);
}

async fn a_key_is_visible_ascii_of_bounded_length(app: &App) {
    let body = app.merchant.order_body(json!({}));
    for key in ["", "a b", "ключ", &"k".repeat(256)] {
        let request = app.merchant.request(Method::POST, "/v1/orders").json(&body);
        let value = reqwest::header::HeaderValue::from_bytes(key.as_bytes()).unwrap();
        let answer = app
            .merchant
            .send(request.header("idempotency-key", value))
            .await;
        assert_eq!(
            answer.problem(400, "invalid_request")["field"],
            "Idempotency-Key",
            "{key:?}"
        );
    }
    let order = app
        .merchant
        .post_once("/v1/orders", &body, &"k".repeat(255))
        .await
        .expect(201);
    app.merchant.remember(&order);
}

/// Shows F73.
async fn twenty_at_once_make_one_order_and_get_one_answer(app: &App) {
    let body = app.merchant.order_body(json!({ "way": "ALI_QR" }));
    let asks = (0..20).map(|_| app.merchant.post_once("/v1/orders", &body, "k"));
    let answers = futures_util::future::join_all(asks).await;
    let first = (answers[0].status, &answers[0].text);
    assert!([200, 201].contains(&first.0), "{}", first.1);
    app.merchant.remember(&answers[0].json);
    for answer in &answers {
        assert_eq!((answer.status, &answer.text), first);
    }
    assert_eq!(answers[0].json["flows"].as_array().unwrap().len(), 1);
}

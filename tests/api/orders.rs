//! Orders: made once, found again, closed.

use serde_json::json;
use till_tests::App;

till_tests::stories! {
    an_order_is_made_once_under_its_number
    the_same_number_with_other_content_is_a_conflict
    an_order_is_found_by_its_id_and_by_its_number
    an_order_that_nobody_could_pay_is_not_made
    an_order_without_flows_is_closed_at_once
    a_closed_order_takes_no_payment
    closing_a_flow_that_can_be_paid_closes_it_at_the_channel
    a_paid_order_cannot_be_closed
    fifty_clicks_at_once_make_one_flow
}

/// Shows F15, F75.
async fn an_order_is_made_once_under_its_number(app: &App) {
    let body = app
        .merchant
        .order_body(json!({ "metadata": { "b": "2", "a": "1" } }));
    let first = app.merchant.post("/v1/orders", &body).await.expect(201);
    app.merchant.remember(&first);
    let again = app.merchant.post("/v1/orders", &body).await.expect(200);
    assert_eq!(first, again);
    let base = &app.gateway.shared.settings.public_url;
    let url = first["checkout_url"].as_str().unwrap();
    let token = url.strip_prefix(&format!("{base}/checkout/")).unwrap();
    assert!(
        token.len() == 32 && token.bytes().all(|b| b.is_ascii_hexdigit()),
        "{url}"
    );
    assert!(first["created_at"].as_str().unwrap().ends_with('Z'));
    assert!(first["expires_at"].as_str().unwrap() > first["created_at"].as_str().unwrap());

    app.merchant.close(&first).await.expect(200);
    let closed = app.merchant.post("/v1/orders", &body).await.expect(200);
    assert_eq!(
        (closed["id"].clone(), closed["status"].clone()),
        (first["id"].clone(), json!("closed"))
    );
}

/// Shows F16, F74.
async fn the_same_number_with_other_content_is_a_conflict(app: &App) {
    let body = app
        .merchant
        .order_body(json!({ "ways": ["ALI_QR"], "metadata": { "a": "1" } }));
    let order = app.merchant.post("/v1/orders", &body).await.expect(201);
    app.merchant.remember(&order);
    let changes = [
        ("amount", json!(1)),
        ("subject", json!("coffee")),
        ("body", json!("more")),
        ("ways", json!(["ALI_PC"])),
        ("return_url", json!("https://shop.example/")),
        ("notify_url", json!("https://shop.example/")),
        ("metadata", json!({})),
    ];
    for (field, value) in changes {
        let mut other = body.clone();
        other[field] = value;
        let problem = app
            .merchant
            .post("/v1/orders", &other)
            .await
            .problem(409, "order_conflict");
        assert_eq!(problem["field"], field, "{problem}");
    }
    assert_eq!(app.merchant.look(&order).await["amount"], 8800);

    // Nor when it has ended.
    app.merchant.close(&order).await.expect(200);
    let mut other = body.clone();
    other["amount"] = json!(1);
    let late = app.merchant.post("/v1/orders", &other).await;
    assert_eq!(late.problem(409, "order_conflict")["field"], "amount");
}

async fn an_order_is_found_by_its_id_and_by_its_number(app: &App) {
    let wish = json!({ "merchant_order_no": "A|b*C@d:E", "way": "ALI_QR" });
    let order = app.merchant.order(wish).await;
    let by_id = app.merchant.look(&order).await;
    let by_number = app
        .merchant
        .get("/v1/orders?merchant_order_no=A%7Cb*C%40d:E")
        .await
        .expect(200);
    assert_eq!(by_id, by_number);
    for path in [
        "/v1/orders/ord_00000000000000000000000000",
        "/v1/orders/nonsense",
        "/v1/orders/ord_%00",
        "/v1/orders/ord_%F0%9F%8D%B5",
        "/v1/orders?merchant_order_no=NONE",
        "/v1/refunds/rfd_00000000000000000000000000001",
        "/v1/refunds/%00",
    ] {
        app.merchant.get(path).await.problem(404, "not_found");
    }
    for path in [
        "/v1/orders",
        "/v1/orders?number=1",
        "/v1/orders?merchant_order_no=",
        "/v1/orders?merchant_order_no=%00",
        "/v1/orders?merchant_order_no=A&merchant_order_no=B",
    ] {
        app.merchant.get(path).await.problem(400, "invalid_request");
    }
}

async fn an_order_that_nobody_could_pay_is_not_made(app: &App) {
    let body = app.other.order_body(json!({ "ways": ["WX_NATIVE"] }));
    app.other
        .post("/v1/orders", &body)
        .await
        .problem(422, "way_unavailable");
    let body = app.other.order_body(json!({ "way": "WX_NATIVE" }));
    app.other
        .post("/v1/orders", &body)
        .await
        .problem(422, "way_unavailable");
    let body = app
        .other
        .order_body(json!({ "way": "ALI_QR", "ways": ["ALI_PC"] }));
    app.other
        .post("/v1/orders", &body)
        .await
        .problem(422, "way_unavailable");
    let order = app
        .other
        .order(json!({ "ways": ["ALI_PC", "WX_NATIVE"] }))
        .await;
    let other_way = app.other.try_flow(&order, json!({ "way": "ALI_QR" })).await;
    other_way.problem(422, "way_unavailable");
    assert_eq!(app.other.look(&order).await["flows"], json!([]));
}

async fn an_order_without_flows_is_closed_at_once(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let closed = app.merchant.close(&order).await.expect(200);
    assert_eq!(closed["status"], "closed");
    assert_eq!(closed["close_reason"], "requested");
    assert_eq!(closed["closing"], false);
    let again = app.merchant.close(&order).await.expect(200);
    assert_eq!(again["closed_at"], closed["closed_at"]);
    let told = app.receiver.event(&order, "order.closed").await;
    assert_eq!(told.event["data"]["order"]["status"], "closed");
}

async fn a_closed_order_takes_no_payment(app: &App) {
    let order = app.merchant.order(json!({})).await;
    app.merchant.close(&order).await.expect(200);
    let refused = app
        .merchant
        .try_flow(&order, json!({ "way": "ALI_QR" }))
        .await;
    refused.problem(409, "order_closed");
}

async fn closing_a_flow_that_can_be_paid_closes_it_at_the_channel(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let flow = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    let number = app.payer.open(&flow["action"]).await;
    let answer = app.merchant.close(&order).await;
    assert!([200, 202].contains(&answer.status), "{}", answer.text);
    let closed = app.merchant.until_status(&order, "closed").await;
    assert_eq!(closed["flows"][0]["status"], "closed");
    assert_eq!(app.payer.trade(&number).await.unwrap()["state"], "CLOSED");
    assert!(
        !app.payer.try_confirm(&number).await,
        "nothing can be paid any more"
    );
}

async fn a_paid_order_cannot_be_closed(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let flow = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    app.payer.pay(&flow["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    app.merchant.close(&order).await.problem(409, "order_paid");
    let again = app
        .merchant
        .try_flow(&order, json!({ "way": "ALI_QR" }))
        .await;
    again.problem(409, "order_paid");
}

/// A click that finds the machine too busy is told that it may click again, and does.
/// Shows F17.
async fn fifty_clicks_at_once_make_one_flow(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let click = async || {
        let answer = app
            .merchant
            .try_flow(&order, json!({ "way": "ALI_QR" }))
            .await;
        if answer.status == 503 {
            Err(answer.text)
        } else {
            Ok(answer)
        }
    };
    let clicks = (0..50).map(|_| till_tests::until("a click is answered", click));
    let answers = futures_util::future::join_all(clicks).await;
    let first = answers[0].json["action"].clone();
    assert_eq!(first["type"], "qr_code");
    for answer in answers {
        assert_eq!(answer.expect(201)["action"], first);
    }
    let shown = app.merchant.look(&order).await;
    assert_eq!(shown["flows"].as_array().unwrap().len(), 1);
}

//! Refunds: once under their number, never more than was taken.

use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    a_refund_reaches_the_payer_and_the_merchant_is_told
    the_same_number_is_the_same_refund
    refunds_never_exceed_what_was_taken
    the_sum_holds_however_many_ask_at_once
    an_order_that_is_not_paid_has_nothing_to_refund
}

async fn paid_order(app: &App, way: &str) -> Value {
    let order = app.merchant.order(json!({ "way": way })).await;
    app.payer.pay(&order["action"]).await;
    app.merchant.until_status(&order, "paid").await
}

async fn until_refunded(app: &App, order: &Value, amount: i64) -> Value {
    let what = format!("{amount} fen are refunded");
    app.merchant
        .until_order(order, &what, |now| now["amount_refunded"] == amount)
        .await
}

async fn a_refund_reaches_the_payer_and_the_merchant_is_told(app: &App) {
    for (way, number) in [("ALI_QR", "BACK-1"), ("WX_NATIVE", "BACK-2")] {
        let order = paid_order(app, way).await;
        let wish = json!({ "merchant_refund_no": number, "amount": 800, "reason": "包装破损" });
        let path = format!("/v1/orders/{}/refunds", order["id"].as_str().unwrap());
        let refund = app.merchant.post(&path, &wish).await.expect(201);
        assert_eq!(refund["object"], "refund");
        assert_eq!(refund["order_id"], order["id"]);
        assert_eq!(refund["merchant_refund_no"], number);
        assert_eq!(refund["amount"], 800);
        assert_eq!(refund["reason"], "包装破损");
        app.advance(60).await;
        let now = until_refunded(app, &order, 800).await;
        assert_eq!(now["status"], "paid");
        let path = format!("/v1/refunds/{}", refund["id"].as_str().unwrap());
        let shown = app.merchant.get(&path).await.expect(200);
        assert_eq!(shown["status"], "succeeded");
        assert!(shown["settled_at"].is_string());
        let told = app.receiver.event(&order, "refund.succeeded").await;
        assert_eq!(told.event["data"]["order"]["amount_refunded"], 800);
    }
}

/// Shows F76.
async fn the_same_number_is_the_same_refund(app: &App) {
    let order = paid_order(app, "ALI_QR").await;
    let first = app.merchant.refund(&order, "R", 800).await.expect(201);
    let again = app.merchant.refund(&order, "R", 800).await.expect(200);
    assert_eq!(first["id"], again["id"]);
    let other = app
        .merchant
        .refund(&order, "R", 801)
        .await
        .problem(409, "order_conflict");
    assert_eq!(other["field"], "amount");
    let second = paid_order(app, "ALI_QR").await;
    app.merchant
        .refund(&second, "R", 800)
        .await
        .problem(409, "order_conflict");
    until_refunded(app, &order, 800).await;
    let ledger = app.payer.ledger().await;
    assert_eq!(ledger["refunds"].as_array().unwrap().len(), 1);
}

async fn refunds_never_exceed_what_was_taken(app: &App) {
    let order = paid_order(app, "ALI_QR").await;
    let over = app.merchant.refund(&order, "R-0", 8801).await;
    assert_eq!(
        over.problem(409, "refund_exceeds_capture")["refundable"],
        8800
    );
    app.merchant.refund(&order, "R-1", 8000).await.expect(201);
    let over = app.merchant.refund(&order, "R-2", 801).await;
    assert_eq!(
        over.problem(409, "refund_exceeds_capture")["refundable"],
        800
    );
    app.merchant.refund(&order, "R-3", 800).await.expect(201);
    app.advance(60).await;
    until_refunded(app, &order, 8800).await;
}

/// Shows F77.
async fn the_sum_holds_however_many_ask_at_once(app: &App) {
    let order = paid_order(app, "ALI_QR").await;
    let numbers: Vec<String> = (0..20).map(|n| format!("R-{n}")).collect();
    let asks = numbers
        .iter()
        .map(|number| app.merchant.refund(&order, number, 1000));
    let answers = futures_util::future::join_all(asks).await;
    let granted = answers.iter().filter(|answer| answer.status == 201).count();
    assert_eq!(granted, 8, "8800 fen hold eight times 1000");
    for answer in answers.into_iter().filter(|answer| answer.status != 201) {
        answer.problem(409, "refund_exceeds_capture");
    }
    // Each has its turn a pause after the one before.
    app.advance(60).await;
    until_refunded(app, &order, 8000).await;
}

/// Shows F83.
async fn an_order_that_is_not_paid_has_nothing_to_refund(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let refused = app.merchant.refund(&order, "R", 1).await;
    assert_eq!(
        refused.problem(409, "refund_exceeds_capture")["refundable"],
        0
    );
    app.merchant.close(&order).await.expect(200);
    app.merchant
        .refund(&order, "R", 1)
        .await
        .problem(409, "refund_exceeds_capture");
}

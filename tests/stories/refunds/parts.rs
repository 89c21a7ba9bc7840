//! Refunds in parts: they add up to what was taken, and to no more.

use super::under_way::{at_the_channel, paid, state, until_refund};
use till_tests::App;

till_tests::stories! {
    the_parts_of_an_alipay_payment_add_up_to_all_of_it
    the_parts_of_a_wechat_payment_add_up_to_all_of_it
    the_fifty_first_part_is_refused
}

/// Shows F30, F86.
async fn the_parts_of_an_alipay_payment_add_up_to_all_of_it(app: &App) {
    all_of_it_in_parts(app, "ALI_PC").await;
}

/// Shows F86.
async fn the_parts_of_a_wechat_payment_add_up_to_all_of_it(app: &App) {
    all_of_it_in_parts(app, "WX_NATIVE").await;
}

async fn all_of_it_in_parts(app: &App, way: &str) {
    let order = paid(app, way, 100).await;
    // All three at once: the channels want a pause between them, and get it.
    let mut refunds = Vec::new();
    for (part, amount) in [("1", 30), ("2", 30), ("3", 40)] {
        refunds.push(app.merchant.refund(&order, part, amount).await.expect(201));
    }
    let over = app.merchant.refund(&order, "4", 1).await;
    assert_eq!(over.problem(409, "refund_exceeds_capture")["refundable"], 0);
    for refund in &refunds {
        until_refund(app, &order, refund, "succeeded").await;
    }
    let now = app.merchant.explained(&order).await;
    assert_eq!(
        (&now["status"], &now["amount_refunded"]),
        (&"paid".into(), &100.into())
    );
    let books = at_the_channel(app, &order).await;
    // Nor was any of them sent too early: each was answered the first time.
    let lines = now["timeline"].as_array().unwrap();
    let repeated =
        |line: &serde_json::Value| line["text"].as_str().unwrap().contains("no usable answer");
    assert!(!lines.iter().any(repeated), "{now}");
    let amounts: Vec<i64> = books
        .iter()
        .map(|refund| refund["amount"].as_i64().unwrap())
        .collect();
    assert_eq!(amounts, [30, 30, 40], "{books:?}");
    till_tests::until("the merchant is told of each part", async || {
        let times = app.receiver.told(&order, "refund.succeeded");
        if times == 3 { Ok(()) } else { Err(times) }
    })
    .await;
    let over = app.merchant.refund(&order, "4", 1).await;
    assert_eq!(over.problem(409, "refund_exceeds_capture")["refundable"], 0);
    // Alipay says TRADE_CLOSED now; a payment that was given back was a payment.
    assert_eq!(app.receiver.told(&order, "order.closed"), 0);
    assert!(state(app, &order).await.exceptions.is_empty());
}

/// Shows F86.
async fn the_fifty_first_part_is_refused(app: &App) {
    let order = paid(app, "ALI_QR", 8800).await;
    let mut refunds = Vec::new();
    for part in 1..=50 {
        let asked = app.merchant.refund(&order, &format!("P-{part}"), 1).await;
        refunds.push(asked.expect(201));
    }
    app.merchant
        .refund(&order, "P-51", 1)
        .await
        .problem(422, "channel_refused");
    app.merchant.refund(&order, "P-50", 1).await.expect(200);
    for refund in &refunds {
        until_refund(app, &order, refund, "succeeded").await;
    }
    assert_eq!(app.merchant.look(&order).await["amount_refunded"], 50);
    assert_eq!(at_the_channel(app, &order).await.len(), 50);
}

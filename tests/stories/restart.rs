//! The gateway is stopped in the middle of its work and starts again on the same
//! database: what was begun is finished, once.

use crate::truth::{Truth, come_to_rest};
use cashier::time::Span;
use serde_json::{Value, json};
use till_tests::{App, Payer, Receiver, until};

till_tests::stories! {
    moving;
    a_close_that_was_begun_is_finished
    a_payment_made_while_nobody_listened_is_found
    a_payment_that_came_too_much_is_given_back
    an_event_that_was_not_taken_yet_is_delivered_with_the_same_id
    a_creation_that_was_not_answered_goes_on_as_the_same_flow
    an_order_expires_though_nobody_was_there_at_its_end
}

async fn a_close_that_was_begun_is_finished(app: App) -> App {
    let order = app.merchant.order(json!({})).await;
    let payable = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    let number = app.payer.open(&payable["action"]).await;
    app.payer
        .break_it(json!({ "method": "wechat.close", "fault": "http_500" }))
        .await;
    app.merchant.close(&order).await.expect(202);
    let app = app.restart(async |payer, _| payer.mend().await).await;
    come_to_rest(&app, &[&order]).await;
    app.receiver.event(&order, "order.closed").await;
    assert_eq!(app.payer.trade(&number).await.unwrap()["state"], "CLOSED");
    Truth::of(&app, &order).await.is_closed("requested");
    app
}

async fn a_payment_made_while_nobody_listened_is_found(app: App) -> App {
    app.payer
        .break_it(json!({ "method": "notice.*", "fault": "drop", "times": 2 }))
        .await;
    let mut orders = Vec::new();
    let mut numbers = Vec::new();
    for way in ["ALI_PC", "WX_NATIVE"] {
        let order = app.merchant.order(json!({})).await;
        let payable = app.merchant.flow(&order, json!({ "way": way })).await;
        numbers.push(app.payer.open(&payable["action"]).await);
        orders.push(order);
    }
    let pay = async |payer: &Payer, _: &Receiver| {
        for number in &numbers {
            payer.confirm(number).await;
        }
    };
    let app = app.restart(pay).await;
    for order in &orders {
        come_to_rest(&app, &[order]).await;
        app.receiver.event(order, "order.paid").await;
        Truth::of(&app, order).await.is_paid_once();
    }
    app
}

async fn a_payment_that_came_too_much_is_given_back(app: App) -> App {
    let order = app.merchant.order(json!({})).await;
    let alipay = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    let wechat = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    app.payer.pay(&wechat["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    // Nobody knows whether the refund arrives.
    let silent =
        json!({ "method": "alipay.trade.refund", "fault": "timeout_before", "delay_ms": 50 });
    app.payer.break_it(silent).await;
    app.payer.pay(&alipay["action"]).await;
    let begun = |now: &Value| now["refunds"][0]["status"] == "unknown";
    app.merchant
        .until_order(&order, "the refund was sent", begun)
        .await;
    let app = app.restart(async |payer, _| payer.mend().await).await;
    come_to_rest(&app, &[&order]).await;
    app.receiver.event(&order, "order.surplus_refunded").await;
    Truth::of(&app, &order).await.is_paid_once();
    app
}

/// Shows F43.
async fn an_event_that_was_not_taken_yet_is_delivered_with_the_same_id(app: App) -> App {
    app.receiver.refuse(&[500]);
    let order = app.merchant.order(json!({})).await;
    let payable = app.merchant.flow(&order, json!({ "way": "ALI_PC" })).await;
    app.payer.pay(&payable["action"]).await;
    let refused = until("a delivery is refused", async || {
        app.receiver
            .deliveries()
            .first()
            .cloned()
            .ok_or("nothing came")
    })
    .await;
    let app = app.restart(async |_, _| ()).await;
    come_to_rest(&app, &[&order]).await;
    let taken = until("it is delivered again", async || {
        app.advance(5).await;
        app.receiver
            .taken(&order)
            .first()
            .cloned()
            .ok_or("nothing was taken")
    })
    .await;
    assert_eq!((taken.id, taken.body), (refused.id, refused.body));
    Truth::of(&app, &order).await.is_paid_once();
    app
}

async fn a_creation_that_was_not_answered_goes_on_as_the_same_flow(app: App) -> App {
    app.payer
        .break_it(json!({ "method": "wechat.native", "fault": "garbage" }))
        .await;
    let order = app.merchant.order(json!({})).await;
    let wish = json!({ "way": "WX_NATIVE" });
    let refused = app.merchant.try_flow(&order, wish.clone()).await;
    refused.problem(503, "channel_unavailable");
    let before = app.merchant.look(&order).await;
    let app = app.restart(async |payer, _| payer.mend().await).await;
    let payable = app.merchant.flow(&order, wish).await;
    assert_eq!(payable["flow"]["flow_no"], before["flows"][0]["flow_no"]);
    app.payer.pay(&payable["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    let truth = Truth::of(&app, &order).await;
    truth.is_paid_once();
    assert_eq!(
        truth.order["flows"].as_array().unwrap().len(),
        1,
        "{truth:#?}"
    );
    app
}

async fn an_order_expires_though_nobody_was_there_at_its_end(app: App) -> App {
    let order = app.merchant.order(json!({ "expires_in": 120 })).await;
    app.merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    let clock = app.clock.clone();
    let app = app
        .restart(async |_, _| clock.advance(Span::seconds(3600)))
        .await;
    app.merchant.until_status(&order, "closed").await;
    Truth::of(&app, &order).await.is_closed("expired");
    app
}

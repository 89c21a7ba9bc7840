//! Money that comes when the order is over: it goes back by itself.

use crate::truth::{Truth, come_to_rest};
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    money_for_an_order_that_the_merchant_closed_goes_back
    money_for_an_order_whose_time_is_over_goes_back
    money_on_both_flows_of_a_closed_order_goes_back
    money_found_by_asking_just_before_the_end_is_not_late
}

const WAYS: [&str; 4] = ["ALI_PC", "ALI_QR", "WX_NATIVE", "WX_H5"];

/// Shows F09.
async fn money_for_an_order_that_the_merchant_closed_goes_back(app: &App) {
    for way in WAYS {
        let order = app
            .merchant
            .order(json!({ "client_ip": "203.0.113.7" }))
            .await;
        let payable = app.merchant.flow(&order, json!({ "way": way })).await;
        let number = app.payer.open(&payable["action"]).await;
        app.merchant.close(&order).await.expect(200);
        app.receiver.event(&order, "order.closed").await;
        app.payer.force(&number).await;
        goes_back(app, &order, "requested").await;
    }
}

/// Shows F09.
async fn money_for_an_order_whose_time_is_over_goes_back(app: &App) {
    for way in WAYS {
        let life = json!({ "expires_in": 120, "client_ip": "203.0.113.7" });
        let order = app.merchant.order(life).await;
        let payable = app.merchant.flow(&order, json!({ "way": way })).await;
        let number = app.payer.open(&payable["action"]).await;
        come_to_rest(app, &[&order]).await;
        app.payer.force(&number).await;
        goes_back(app, &order, "expired").await;
    }
}

/// The merchant hears of the money, and that it is back; the order stays closed.
async fn goes_back(app: &App, order: &Value, reason: &str) {
    let late = app.receiver.event(order, "order.late_payment").await;
    assert_eq!(late.event["data"]["order"]["captures"][0]["kind"], "late");
    assert_eq!(late.event["data"]["order"]["status"], "closed");
    come_to_rest(app, &[order]).await;
    let back = app.receiver.event(order, "order.surplus_refunded").await;
    assert_eq!(
        back.event["data"]["order"]["refunds"][0]["status"],
        "succeeded"
    );
    let truth = Truth::of(app, order).await;
    truth.is_closed(reason);
    assert_eq!(truth.paid.len(), 1, "{truth:#?}");
    assert_eq!(
        truth.events,
        [
            "order.closed",
            "order.late_payment",
            "order.surplus_refunded"
        ]
    );
    truth.tells("exception late_payment");
}

async fn money_on_both_flows_of_a_closed_order_goes_back(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let alipay = app.merchant.flow(&order, json!({ "way": "ALI_PC" })).await;
    let old = app.payer.open(&alipay["action"]).await;
    let wechat = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    app.merchant.close(&order).await.expect(200);
    app.payer.force(&old).await;
    app.payer
        .force(wechat["flow"]["flow_no"].as_str().unwrap())
        .await;
    app.merchant
        .until_order(&order, "both came", |now| now["captures"][1].is_object())
        .await;
    come_to_rest(app, &[&order]).await;
    let truth = Truth::of(app, &order).await;
    truth.is_closed("requested");
    assert_eq!(truth.paid.len(), 2, "{truth:#?}");
}

/// Shows F10.
async fn money_found_by_asking_just_before_the_end_is_not_late(app: &App) {
    app.payer
        .break_it(json!({ "method": "notice.*", "fault": "drop" }))
        .await;
    for way in WAYS {
        let life = json!({ "expires_in": 120, "client_ip": "203.0.113.7" });
        let order = app.merchant.order(life).await;
        let payable = app.merchant.flow(&order, json!({ "way": way })).await;
        let number = app.payer.open(&payable["action"]).await;
        app.advance(115).await;
        app.payer.confirm(&number).await;
        come_to_rest(app, &[&order]).await;
        Truth::of(app, &order).await.is_paid_once();
    }
}

//! The policy `late_payment = "accept"`: money that comes when the order is over
//! pays it after all.

use crate::truth::{Truth, come_to_rest};
use serde_json::json;
use till_tests::{App, Options};

till_tests::stories! {
    with super::accept();
    money_for_an_order_that_the_merchant_closed_pays_it
    money_for_an_order_whose_time_is_over_pays_it
    a_second_late_payment_goes_back
}

fn accept() -> Options {
    Options {
        policy: r#"late_payment = "accept""#.to_owned(),
        ..Options::default()
    }
}

/// Shows F09.
async fn money_for_an_order_that_the_merchant_closed_pays_it(app: &App) {
    for way in ["ALI_PC", "ALI_QR", "WX_NATIVE", "WX_H5"] {
        let order = app
            .merchant
            .order(json!({ "client_ip": "203.0.113.7" }))
            .await;
        let payable = app.merchant.flow(&order, json!({ "way": way })).await;
        let number = app.payer.open(&payable["action"]).await;
        app.merchant.close(&order).await.expect(200);
        app.payer.force(&number).await;
        app.receiver.event(&order, "order.paid").await;
        let truth = Truth::of(app, &order).await;
        assert_eq!(truth.order["status"], "paid", "{truth:#?}");
        assert_eq!(truth.order["paid_way"], way);
        assert_eq!(truth.events, ["order.closed", "order.paid"], "{truth:#?}");
        assert!(
            truth.refunds.is_empty() && truth.exceptions.is_empty(),
            "{truth:#?}"
        );
        truth.tells("it comes late and is accepted (policy)");
    }
}

async fn money_for_an_order_whose_time_is_over_pays_it(app: &App) {
    let order = app.merchant.order(json!({ "expires_in": 120 })).await;
    let payable = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    come_to_rest(app, &[&order]).await;
    assert_eq!(Truth::of(app, &order).await.events, ["order.closed"]);
    app.payer
        .force(payable["flow"]["flow_no"].as_str().unwrap())
        .await;
    app.merchant.until_status(&order, "paid").await;
    let truth = Truth::of(app, &order).await;
    assert_eq!(truth.events, ["order.closed", "order.paid"], "{truth:#?}");
    assert!(
        truth.refunds.is_empty() && truth.exceptions.is_empty(),
        "{truth:#?}"
    );
}

async fn a_second_late_payment_goes_back(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let alipay = app.merchant.flow(&order, json!({ "way": "ALI_PC" })).await;
    let old = app.payer.open(&alipay["action"]).await;
    let wechat = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    app.merchant.close(&order).await.expect(200);
    app.payer
        .force(wechat["flow"]["flow_no"].as_str().unwrap())
        .await;
    app.merchant.until_status(&order, "paid").await;
    app.payer.force(&old).await;
    app.merchant
        .until_order(&order, "both came", |now| now["captures"][1].is_object())
        .await;
    come_to_rest(app, &[&order]).await;
    let truth = Truth::of(app, &order).await;
    assert_eq!(truth.order["paid_way"], "WX_NATIVE");
    assert_eq!(
        truth.events,
        ["order.closed", "order.paid", "order.surplus_refunded"]
    );
    assert_eq!(truth.exceptions, ["duplicate_payment"]);
    assert_eq!(truth.refunds.len(), 1, "{truth:#?}");
    assert_eq!(
        truth.refunds[0]["trade_no"],
        app.payer.trade(&old).await.unwrap()["trade_no"]
    );
}

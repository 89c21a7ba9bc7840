//! A channel that takes longer than a call may take: whatever was sent may have
//! been done.

use crate::truth::{Truth, come_to_rest, flow};
use serde_json::{Value, json};
use till_tests::{App, Options};

till_tests::stories! {
    with super::impatient();
    a_creation_that_nobody_answers_in_time_goes_on_as_the_same_flow
    a_close_that_nobody_answers_in_time_goes_on_by_itself
}

fn impatient() -> Options {
    Options {
        settings: "channels.deadline_seconds = 1".to_owned(),
        ..Options::default()
    }
}

/// Arms one call that is not answered for a minute.
async fn silence(app: &App, method: &str, fault: &str) {
    app.payer
        .break_it(json!({ "method": method, "fault": fault, "times": 1 }))
        .await;
}

async fn a_creation_that_nobody_answers_in_time_goes_on_as_the_same_flow(app: &App) {
    for (way, method) in [
        ("ALI_QR", "alipay.trade.precreate"),
        ("WX_NATIVE", "wechat.native"),
    ] {
        for fault in ["timeout_before", "timeout_after"] {
            let order = app.merchant.order(json!({})).await;
            silence(app, method, fault).await;
            let wish = json!({ "way": way });
            let refused = app.merchant.try_flow(&order, wish.clone()).await;
            refused.problem(503, "channel_unavailable");
            let now = app.merchant.look(&order).await;
            assert_eq!(now["flows"][0]["status"], "unknown", "{way} {fault}");
            let payable = app.merchant.flow(&order, wish).await;
            assert_eq!(payable["flow"]["flow_no"], now["flows"][0]["flow_no"]);
            app.payer.pay(&payable["action"]).await;
            app.merchant.until_status(&order, "paid").await;
            let truth = Truth::of(app, &order).await;
            truth.is_paid_once();
            truth.tells("no usable answer to the creation (Timeout");
        }
    }
}

async fn a_close_that_nobody_answers_in_time_goes_on_by_itself(app: &App) {
    let mut orders: Vec<Value> = Vec::new();
    for (way, method) in [
        ("ALI_QR", "alipay.trade.close"),
        ("WX_NATIVE", "wechat.close"),
    ] {
        for fault in ["timeout_before", "timeout_after"] {
            let order = app.merchant.order(json!({})).await;
            let payable = app.merchant.flow(&order, json!({ "way": way })).await;
            let number = app.payer.open(&payable["action"]).await;
            silence(app, method, fault).await;
            let closing = app.merchant.close(&order).await.expect(202);
            assert_eq!(
                flow(&closing, &number)["status"],
                "closing",
                "{way} {fault}"
            );
            orders.push(order);
        }
    }
    for order in &orders {
        come_to_rest(app, &[order]).await;
        let truth = Truth::of(app, order).await;
        truth.is_closed("requested");
        truth.tells("no usable answer to the close (Timeout");
    }
}

//! A channel that takes longer than a call may take: whatever was sent may have
//! been done.

use crate::truth::{Truth, come_to_rest, flow};
use serde_json::{Value, json};
use till_tests::{App, Options, until};
use tokio::time::Instant;

till_tests::stories! {
    with super::impatient();
    a_creation_that_nobody_answers_in_time_goes_on_as_the_same_flow
    a_close_that_nobody_answers_in_time_goes_on_by_itself
}

mod patient {
    use super::a_channel_that_hangs_does_not_hold_up_the_other;

    till_tests::stories! { a_channel_that_hangs_does_not_hold_up_the_other }
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

/// Shows F54.
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

/// Shows F06, F54.
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

/// Shows F54.
async fn a_channel_that_hangs_does_not_hold_up_the_other(app: &App) {
    let hang = json!({ "method": "wechat.native", "fault": "timeout_before", "delay_ms": 6000 });
    app.payer.break_it(hang).await;
    let mut waiting = Vec::new();
    // More than there are connections to the database.
    for _ in 0..10 {
        waiting.push(app.merchant.order(json!({})).await);
    }
    let wish = json!({ "way": "WX_NATIVE" });
    let hanging = async {
        let asked = waiting
            .iter()
            .map(|order| app.merchant.try_flow(order, wish.clone()));
        (futures_util::future::join_all(asked).await, Instant::now())
    };
    let paying = async {
        until("all of them hang", async || {
            match app.payer.strikes().await {
                10 => Ok(()),
                fewer => Err(fewer),
            }
        })
        .await;
        let order = app.merchant.order(json!({ "way": "ALI_QR" })).await;
        app.payer.pay(&order["action"]).await;
        app.merchant.until_status(&order, "paid").await;
        (order, Instant::now())
    };
    let ((answers, gave_up), (order, paid)) = tokio::join!(hanging, paying);
    for answer in answers {
        answer.problem(503, "channel_unavailable");
    }
    assert!(paid < gave_up, "it waited for the channel that hangs");
    Truth::of(app, &order).await.is_paid_once();
}

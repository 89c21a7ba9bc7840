//! A notice that is faster than the answer to the creation.

use crate::truth::{Truth, come_to_rest};
use serde_json::{Value, json};
use till_tests::{App, until};

till_tests::stories! {
    the_payment_is_told_of_before_the_creation_is_answered
    a_payment_whose_creation_was_never_answered_is_found_though_no_notice_comes
    a_creation_without_an_answer_goes_on_as_the_same_flow
}

/// The ways whose creation is a call to the channel, and that call.
const CALLS: [(&str, &str); 3] = [
    ("ALI_QR", "alipay.trade.precreate"),
    ("WX_NATIVE", "wechat.native"),
    ("WX_H5", "wechat.h5"),
];

/// The first number that an order's flow has.
fn first_number(order: &Value) -> String {
    format!(
        "{}001",
        order["id"].as_str().unwrap().trim_start_matches("ord_")
    )
}

/// Shows F20.
async fn the_payment_is_told_of_before_the_creation_is_answered(app: &App) {
    for (way, method) in CALLS {
        let order = app
            .merchant
            .order(json!({ "client_ip": "203.0.113.7" }))
            .await;
        let number = first_number(&order);
        // The channel carries it out and then says nothing for two seconds.
        hold(app, method, &number, 2000).await;
        let wish = app.merchant.try_flow(&order, json!({ "way": way }));
        let pays = async {
            until("the channel has got it", async || {
                if app.payer.strikes().await == 1 {
                    Ok(())
                } else {
                    Err(())
                }
            })
            .await;
            app.payer.force(&number).await;
            app.merchant.until_status(&order, "paid").await
        };
        let (answer, paid) = tokio::join!(wish, pays);
        answer.problem(409, "order_paid");
        assert_eq!(paid["flows"][0]["status"], "paid", "{way}");
        app.receiver.event(&order, "order.paid").await;
        come_to_rest(app, &[&order]).await;
        let truth = Truth::of(app, &order).await;
        truth.is_paid_once();
        assert_eq!(
            truth.order["flows"].as_array().unwrap().len(),
            1,
            "{truth:#?}"
        );
        app.payer.mend().await;
    }
}

async fn hold(app: &App, method: &str, number: &str, delay_ms: u32) {
    let fault = json!({
        "method": method, "fault": "timeout_after", "times": 1,
        "delay_ms": delay_ms, "out_trade_no": number
    });
    app.payer.break_it(fault).await;
}

async fn a_payment_whose_creation_was_never_answered_is_found_though_no_notice_comes(app: &App) {
    for (way, method) in CALLS {
        app.payer
            .break_it(json!({ "method": "notice.*", "fault": "drop" }))
            .await;
        let order = app
            .merchant
            .order(json!({ "client_ip": "203.0.113.7" }))
            .await;
        let number = first_number(&order);
        hold(app, method, &number, 100).await;
        let answer = app.merchant.try_flow(&order, json!({ "way": way })).await;
        answer.problem(503, "channel_unavailable");
        app.payer.force(&number).await;
        come_to_rest(app, &[&order]).await;
        let truth = Truth::of(app, &order).await;
        truth.is_paid_once();
        truth.tells("no usable answer to the creation");
        truth.tells("the channel says that it is paid: asking");
        app.payer.mend().await;
    }
}

/// Shows F55, F75.
async fn a_creation_without_an_answer_goes_on_as_the_same_flow(app: &App) {
    let faults = [
        "timeout_before",
        "timeout_after",
        "http_500",
        "garbage",
        "bad_signature",
        "system_error",
    ];
    for (way, method) in CALLS {
        for fault in faults {
            let order = app
                .merchant
                .order(json!({ "client_ip": "203.0.113.7" }))
                .await;
            let fault = json!({ "method": method, "fault": fault, "times": 1, "delay_ms": 100 });
            app.payer.break_it(fault.clone()).await;
            let wish = json!({ "way": way });
            let refused = app.merchant.try_flow(&order, wish.clone()).await;
            let refused = refused.problem(503, "channel_unavailable");
            assert!(refused["retry_after"].as_u64().unwrap() >= 1, "{refused}");
            let payable = app.merchant.flow(&order, wish).await;
            assert_eq!(
                payable["flow"]["flow_no"],
                json!(first_number(&order)),
                "{fault}"
            );
            app.payer.pay(&payable["action"]).await;
            app.merchant.until_status(&order, "paid").await;
            let truth = Truth::of(app, &order).await;
            truth.is_paid_once();
            assert_eq!(
                truth.order["flows"].as_array().unwrap().len(),
                1,
                "{fault} {truth:#?}"
            );
            app.payer.mend().await;
        }
    }
}

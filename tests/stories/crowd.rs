//! A crowd at one order: fifty clicks at once are one payment.

use crate::truth::{Truth, come_to_rest};
use futures_util::future::join_all;
use serde_json::{Value, json};
use till_tests::{Answer, App};

till_tests::stories! {
    fifty_clicks_on_one_way_are_one_flow
    fifty_clicks_while_the_channel_is_slow_are_one_flow
    the_same_order_made_fifty_times_at_once_is_one_order
    the_same_order_with_its_first_flow_made_fifty_times_at_once_is_one_flow
    half_a_crowd_wants_alipay_and_half_wechat
}

const CROWD: usize = 50;

/// The ways whose creation is a call to the channel, and that call.
const CALLS: [(&str, &str); 3] = [
    ("ALI_QR", "alipay.trade.precreate"),
    ("WX_NATIVE", "wechat.native"),
    ("WX_H5", "wechat.h5"),
];

/// Shows F17.
async fn fifty_clicks_on_one_way_are_one_flow(app: &App) {
    for (way, method) in CALLS {
        one_flow(app, way, method, 1).await;
    }
}

/// Shows F17.
async fn fifty_clicks_while_the_channel_is_slow_are_one_flow(app: &App) {
    for (way, method) in CALLS {
        one_flow(app, way, method, 700).await;
    }
}

async fn one_flow(app: &App, way: &str, method: &str, delay_ms: u32) {
    let order = app
        .merchant
        .order(json!({ "client_ip": "203.0.113.7" }))
        .await;
    count_calls(app, method, delay_ms).await;
    let wish = json!({ "way": way });
    let answers = join_all((0..CROWD).map(|_| app.merchant.try_flow(&order, wish.clone()))).await;
    let payable = all_equal(answers, 201);
    assert_eq!(
        app.payer.strikes().await,
        1,
        "{way}: the channel was called once"
    );
    app.payer.mend().await;

    let number = app.payer.pay(&payable["action"]).await;
    assert_eq!(payable["flow"]["flow_no"], json!(number));
    app.merchant.until_status(&order, "paid").await;
    let truth = Truth::of(app, &order).await;
    truth.is_paid_once();
    assert_eq!(
        truth.order["flows"].as_array().unwrap().len(),
        1,
        "{truth:#?}"
    );
}

/// Counts the calls of a method from now on: each is a little late.
async fn count_calls(app: &App, method: &str, delay_ms: u32) {
    let delay = json!({ "method": method, "fault": "delay", "delay_ms": delay_ms });
    app.payer.break_it(delay).await;
}

/// Every answer has that status, and they all say the same.
fn all_equal(answers: Vec<Answer>, status: u16) -> Value {
    let mut documents = answers.into_iter().map(|answer| answer.expect(status));
    let first = documents.next().unwrap();
    for document in documents {
        assert_eq!(document, first);
    }
    first
}

async fn the_same_order_made_fifty_times_at_once_is_one_order(app: &App) {
    let body = app.merchant.order_body(json!({}));
    let orders = make(app, &body).await;
    let order = &orders[0];
    let refused = app.merchant.flow(order, json!({ "way": "ALI_PC" })).await;
    app.payer.pay(&refused["action"]).await;
    app.merchant.until_status(order, "paid").await;
    Truth::of(app, order).await.is_paid_once();
}

async fn the_same_order_with_its_first_flow_made_fifty_times_at_once_is_one_flow(app: &App) {
    for (way, method) in CALLS {
        let wish = json!({ "way": way, "client_ip": "203.0.113.7" });
        count_calls(app, method, 50).await;
        let orders = make(app, &app.merchant.order_body(wish)).await;
        assert_eq!(
            app.payer.strikes().await,
            1,
            "{way}: the channel was called once"
        );
        app.payer.mend().await;
        for order in &orders {
            assert_eq!(order["action"], orders[0]["action"]);
            assert_eq!(order["flows"], orders[0]["flows"]);
            assert_eq!(order["flows"].as_array().unwrap().len(), 1, "{order}");
        }
        app.payer.pay(&orders[0]["action"]).await;
        app.merchant.until_status(&orders[0], "paid").await;
        Truth::of(app, &orders[0]).await.is_paid_once();
    }
}

/// Makes the same order fifty times at once: one call made it, the others found it.
async fn make(app: &App, body: &Value) -> Vec<Value> {
    let answers = join_all((0..CROWD).map(|_| app.merchant.post("/v1/orders", body))).await;
    let made = answers.iter().filter(|answer| answer.status == 201).count();
    let found = answers.iter().filter(|answer| answer.status == 200).count();
    assert_eq!((made, found), (1, CROWD - 1), "{answers:#?}");
    let orders: Vec<Value> = answers.into_iter().map(|answer| answer.json).collect();
    for order in &orders {
        assert_eq!(order["id"], orders[0]["id"]);
        app.merchant.remember(order);
    }
    orders
}

/// Shows F46.
async fn half_a_crowd_wants_alipay_and_half_wechat(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let ways = ["ALI_QR", "WX_NATIVE"].into_iter().cycle().take(CROWD);
    let wishes = ways.map(|way| app.merchant.try_flow(&order, json!({ "way": way })));
    let answers = join_all(wishes).await;
    let mut actions = Vec::new();
    for answer in answers {
        if answer.status == 201 {
            actions.push(answer.json["action"].clone());
        } else {
            answer.problem(409, "payment_in_progress");
        }
    }
    assert!(!actions.is_empty(), "somebody can pay");
    let now = app.merchant.look(&order).await;
    let flows = now["flows"].as_array().unwrap();
    let is_current = |flow: &&Value| {
        let open = ["created", "unknown", "live", "closing"];
        open.iter().any(|status| flow["status"] == *status) && flow["superseded"] == false
    };
    assert!(flows.iter().filter(is_current).count() <= 1, "{now:#}");

    // Whoever holds something tries to pay it, all at once.
    let paid = join_all(actions.iter().map(|action| app.payer.try_pay(action))).await;
    come_to_rest(app, &[&order]).await;
    let truth = Truth::of(app, &order).await;
    let mut paid: Vec<String> = paid.into_iter().flatten().collect();
    paid.sort();
    paid.dedup();
    assert_eq!(truth.paid.len(), paid.len(), "{truth:#?}");
    if paid.is_empty() {
        truth.is_closed("expired")
    } else {
        truth.is_paid_once()
    }
}

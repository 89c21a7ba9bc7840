//! No notice ever comes: the channels are asked, and a payment is found within a
//! minute. The background work is done by hand here, so that only the clock says
//! when something is found.

use crate::truth::Truth;
use serde_json::json;
use till_tests::{App, Options};

till_tests::stories! {
    with super::by_hand();
    a_payment_right_at_the_beginning_is_found_within_a_minute
    a_payment_in_the_third_minute_is_found_within_a_minute
    a_payment_in_the_last_minute_is_found_within_a_minute
}

fn by_hand() -> Options {
    Options {
        workers: false,
        ..Options::default()
    }
}

/// How long finding a payment may take, in seconds (UX promise to the payer).
const PROMISE: u32 = 60;
/// How far the clock goes between two rounds of work, in seconds.
const STEP: u32 = 5;

const WAYS: [&str; 8] = [
    "ALI_PC",
    "ALI_WAP",
    "ALI_APP",
    "ALI_QR",
    "WX_NATIVE",
    "WX_H5",
    "WX_JSAPI",
    "WX_APP",
];

/// Shows F23.
async fn a_payment_right_at_the_beginning_is_found_within_a_minute(app: &App) {
    found(app, 0).await;
}

/// Shows F23.
async fn a_payment_in_the_third_minute_is_found_within_a_minute(app: &App) {
    found(app, 2 * 60 + 37).await;
}

/// Shows F23.
async fn a_payment_in_the_last_minute_is_found_within_a_minute(app: &App) {
    found(app, 14 * 60 + 23).await;
}

/// In every way, a payment so many seconds after the flow was made is found.
async fn found(app: &App, age: u32) {
    app.payer
        .break_it(json!({ "method": "notice.*", "fault": "drop" }))
        .await;
    let mut orders = Vec::new();
    for way in WAYS {
        let order = app
            .merchant
            .order(json!({ "client_ip": "203.0.113.7" }))
            .await;
        let wish = match way {
            "WX_JSAPI" => json!({ "way": way, "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" }),
            _ => json!({ "way": way }),
        };
        let payable = app.merchant.flow(&order, wish).await;
        orders.push((way, order, app.payer.open(&payable["action"]).await));
    }
    pass(app, age).await;
    for (_, _, number) in &orders {
        app.payer.confirm(number).await;
    }
    pass(app, PROMISE).await;
    for (way, order, number) in &orders {
        let truth = Truth::of(app, order).await;
        assert_eq!(truth.order["status"], "paid", "{way}: {truth:#?}");
        truth.is_paid_once();
        truth.tells("paid: 88.00 CNY by");
        let lines = truth.order["timeline"].as_array().unwrap();
        let paid = lines
            .iter()
            .find(|line| line["text"].as_str().unwrap().starts_with("paid:"));
        assert_eq!(paid.unwrap()["source"], "query", "{way}: {truth:#?}");
        let notices = app.payer.notices(number).await;
        assert!(
            notices.iter().all(|notice| notice["status"].is_null()),
            "{way}: {notices:#?}"
        );
    }
}

/// Lets time pass, step by step, with all the work that falls due.
async fn pass(app: &App, seconds: u32) {
    let mut left = seconds;
    while left > 0 {
        let step = left.min(STEP);
        app.advance(step).await;
        while app.gateway.shared.cashier.run_due_tasks(100).await.unwrap() > 0 {}
        left -= step;
    }
}

//! What the timeline of a payment in two tabs says: all of it, in the order in which
//! it happened, and nothing twice.

use crate::truth::Truth;
use serde_json::json;
use till_tests::{App, Options};

till_tests::stories! {
    with super::by_hand();
    a_payment_in_two_tabs_is_told_from_beginning_to_end
}

/// The background work is done by hand, so that things happen one after the other.
fn by_hand() -> Options {
    Options {
        workers: false,
        ..Options::default()
    }
}

const TOLD: [(&str, &str); 18] = [
    ("merchant", "the order is made: 88.00 CNY"),
    ("merchant", "a flow is made to pay by ALI_QR"),
    ("pay", "ALI_QR can be paid until its end"),
    (
        "merchant",
        "another way is wanted: ALI_QR is to be closed first",
    ),
    ("close", "the channel does not know it"),
    ("till", "superseded: watched"),
    ("merchant", "a flow is made to pay by WX_NATIVE"),
    ("pay", "WX_NATIVE can be paid until its end"),
    ("notice", "a notice came in for shop_wechat"),
    ("notice", "paid: 88.00 CNY by WX_NATIVE"),
    ("event", "order.paid (version 1)"),
    ("notice", "a notice came in for shop_alipay"),
    (
        "notice",
        "88.00 CNY more were paid for an order that is paid",
    ),
    ("till", "exception duplicate_payment"),
    ("till", "88.00 CNY are given back"),
    ("refund", "88.00 CNY are back with the payer"),
    ("till", "exception duplicate_payment is resolved"),
    ("event", "order.surplus_refunded (version 2)"),
];

async fn a_payment_in_two_tabs_is_told_from_beginning_to_end(app: &App) {
    let order = app.merchant.order(json!({ "way": "ALI_QR" })).await;
    let second = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    app.payer.pay(&second["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    app.payer.pay(&order["action"]).await;
    app.merchant
        .until_order(&order, "both payments are known", |now| {
            now["captures"].as_array().unwrap().len() == 2
        })
        .await;
    // Alipay's notice of the refund may come before or after its answer.
    app.payer
        .break_it(json!({ "method": "notice.*", "fault": "drop" }))
        .await;
    till_tests::until("the surplus is given back", async || {
        app.gateway.shared.cashier.run_due_tasks(100).await.unwrap();
        let now = app.merchant.look(&order).await;
        match now["refunds"][0]["status"] == "succeeded" {
            true => Ok(()),
            false => Err(now),
        }
    })
    .await;
    let truth = Truth::of(app, &order).await;
    truth.is_paid_once();
    // How often the first flow was asked about meanwhile, only the clock knows.
    let told: Vec<(&str, &str)> = truth.order["timeline"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            (
                entry["source"].as_str().unwrap(),
                entry["text"].as_str().unwrap(),
            )
        })
        .filter(|(source, _)| *source != "query")
        .collect();
    assert_eq!(told.len(), TOLD.len(), "{told:#?}");
    for ((source, text), (wanted_source, wanted)) in told.iter().zip(TOLD) {
        assert_eq!(*source, wanted_source, "{text}: {told:#?}");
        assert!(text.starts_with(wanted), "{text}: {told:#?}");
    }
}

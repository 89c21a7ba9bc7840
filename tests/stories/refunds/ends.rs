//! Refunds that WeChat Pay cannot finish, or gives up: a person sees them, and what
//! was given up can be given back anew.

use super::under_way::{at_the_channel, paid, state, until_refund};
use cashier::exception::ExceptionKind;
use cashier::money::Money;
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    a_refund_that_cannot_finish_is_shown_to_a_person_and_still_counts
    a_refund_that_is_given_up_is_told_and_its_amount_is_free_again
    a_refund_that_is_given_up_in_silence_is_found_by_asking
}

/// Shows F81.
async fn a_refund_that_cannot_finish_is_shown_to_a_person_and_still_counts(app: &App) {
    let (order, refund) = taken(app).await;
    app.payer.settle_refund(number(&refund), "ABNORMAL").await;
    app.merchant
        .until_order(&order, "it is abnormal", |now| {
            now["refunds"][0]["status"] == "abnormal"
        })
        .await;
    shown(app, &order, ExceptionKind::RefundAbnormal).await;
    assert_eq!(
        app.receiver.told(&order, "refund.failed") + app.receiver.told(&order, "refund.succeeded"),
        0
    );
    let more = app.merchant.refund(&order, "ANOTHER", 8800).await;
    assert_eq!(more.problem(409, "refund_exceeds_capture")["refundable"], 0);
    // A person has dealt with it in the channel's back office.
    app.payer.settle_refund(number(&refund), "SUCCESS").await;
    let now = until_refund(app, &order, &refund, "succeeded").await;
    assert_eq!(now["amount_refunded"], 8800);
    app.receiver.event(&order, "refund.succeeded").await;
    shown(app, &order, ExceptionKind::RefundAbnormal).await;
}

/// Shows F82.
async fn a_refund_that_is_given_up_is_told_and_its_amount_is_free_again(app: &App) {
    let (order, refund) = taken(app).await;
    app.payer.settle_refund(number(&refund), "CLOSED").await;
    given_up(app, &order, &refund).await;
}

/// Shows F82.
async fn a_refund_that_is_given_up_in_silence_is_found_by_asking(app: &App) {
    let (order, refund) = taken(app).await;
    app.payer
        .break_it(json!({ "method": "notice.wechat", "fault": "drop" }))
        .await;
    app.payer.settle_refund(number(&refund), "CLOSED").await;
    given_up(app, &order, &refund).await;
}

/// A full refund of a WeChat payment that the channel has taken and not finished.
async fn taken(app: &App) -> (Value, Value) {
    let order = paid(app, "WX_NATIVE", 8800).await;
    let refund = app.merchant.refund(&order, "BACK", 8800).await.expect(201);
    assert_eq!(refund["status"], "processing");
    (order, refund)
}

fn number(refund: &Value) -> &str {
    refund["id"].as_str().unwrap()
}

async fn given_up(app: &App, order: &Value, refund: &Value) {
    let now = until_refund(app, order, refund, "failed").await;
    assert_eq!(now["amount_refunded"], 0);
    let event = app.receiver.event(order, "refund.failed").await;
    assert_eq!(
        event.event["data"]["order"]["refunds"][0]["status"],
        "failed"
    );
    assert_eq!(app.receiver.told(order, "refund.succeeded"), 0);
    shown(app, order, ExceptionKind::RefundFailed).await;
    // The number is used up; the amount is not.
    let same = app.merchant.refund(order, "BACK", 8800).await.expect(200);
    assert_eq!(
        (&same["id"], &same["status"]),
        (&refund["id"], &json!("failed"))
    );
    let anew = app.merchant.refund(order, "BACK-2", 8800).await.expect(201);
    assert_ne!(anew["id"], refund["id"]);
    let now = until_refund(app, order, &anew, "succeeded").await;
    assert_eq!(now["amount_refunded"], 8800);
    assert_eq!(at_the_channel(app, order).await.len(), 2);
}

async fn shown(app: &App, order: &Value, kind: ExceptionKind) {
    let exceptions = state(app, order).await.exceptions;
    assert_eq!(exceptions.len(), 1, "{exceptions:?}");
    assert_eq!(exceptions[0].kind, kind);
    assert_eq!(exceptions[0].amount.map(Money::fen), Some(8800));
}

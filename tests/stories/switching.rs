//! A payer changes the way of paying: the old flow is closed first, and where the
//! channel cannot close it, what still comes on it goes back.

use crate::truth::{Truth, come_to_rest, flow};
use serde_json::{Value, json};
use till_tests::{App, until};

till_tests::stories! {
    the_old_alipay_page_is_paid_after_wechat
    the_same_way_again_is_the_same_flow
    wechat_finds_it_too_early_to_close
    a_close_that_times_out_before_it_arrives
    a_close_that_times_out_after_it_was_done
    a_close_that_is_answered_with_500
    a_close_whose_answer_has_a_wrong_signature
    a_close_whose_answer_is_garbage
    a_close_that_is_a_system_error
}

/// How long a call without an answer is held, in milliseconds.
const HELD: u32 = 100;

async fn the_old_alipay_page_is_paid_after_wechat(app: &App) {
    for way in ["ALI_PC", "ALI_WAP", "ALI_QR", "ALI_APP"] {
        let order = app.merchant.order(json!({})).await;
        let alipay = app.merchant.flow(&order, json!({ "way": way })).await;
        let wechat = app
            .merchant
            .flow(&order, json!({ "way": "WX_NATIVE" }))
            .await;
        app.payer.pay(&wechat["action"]).await;
        app.merchant.until_status(&order, "paid").await;
        app.receiver.event(&order, "order.paid").await;

        let old = app.payer.pay(&alipay["action"]).await;
        let told = app.receiver.event(&order, "order.surplus_refunded").await;
        let truth = Truth::of(app, &order).await;
        truth.is_paid_once();
        assert_eq!(truth.order["paid_way"], "WX_NATIVE");
        assert_eq!(
            truth.order["amount_refunded"], 0,
            "the merchant gave nothing back"
        );
        assert_eq!(truth.events, ["order.paid", "order.surplus_refunded"]);
        assert_eq!(
            truth.refunds[0]["trade_no"],
            app.payer.trade(&old).await.unwrap()["trade_no"]
        );
        assert_eq!(
            told.event["data"]["order"]["refunds"][0]["status"],
            "succeeded"
        );
        assert_eq!(
            told.event["data"]["order"]["refunds"][0]["merchant_refund_no"],
            Value::Null
        );
        truth.tells("the channel does not know it (nobody has scanned or signed in yet)");
        truth.tells("superseded: watched until it cannot be paid any more");
        truth.tells("exception duplicate_payment");
    }
}

async fn the_same_way_again_is_the_same_flow(app: &App) {
    for way in ["ALI_PC", "ALI_QR", "WX_NATIVE", "WX_H5"] {
        let order = app
            .merchant
            .order(json!({ "client_ip": "203.0.113.7" }))
            .await;
        let once = app.merchant.flow(&order, json!({ "way": way })).await;
        let again = app.merchant.flow(&order, json!({ "way": way })).await;
        assert_eq!(once, again);
        app.payer.pay(&once["action"]).await;
        app.merchant.until_status(&order, "paid").await;
        let refused = app.merchant.try_flow(&order, json!({ "way": way })).await;
        refused.problem(409, "order_paid");
        Truth::of(app, &order).await.is_paid_once();
    }
}

async fn wechat_finds_it_too_early_to_close(app: &App) {
    for (pays_old, pays_new) in [(false, false), (false, true), (true, false), (true, true)] {
        let order = app.merchant.order(json!({})).await;
        let old = app
            .merchant
            .flow(&order, json!({ "way": "WX_NATIVE" }))
            .await;
        let number = old["flow"]["flow_no"].as_str().unwrap();
        app.payer.open(&old["action"]).await;
        app.payer
            .break_it(fault("wechat.close", "too_early", number))
            .await;

        let new = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
        let now = app.merchant.look(&order).await;
        assert_eq!(flow(&now, number)["status"], "closing");
        assert_eq!(flow(&now, number)["superseded"], true);
        if pays_new {
            app.payer.pay(&new["action"]).await;
            app.merchant.until_status(&order, "paid").await;
        }
        if pays_old {
            app.payer.confirm(number).await;
        }
        come_to_rest(app, &[&order]).await;
        let truth = Truth::of(app, &order).await;
        truth.tells("the channel says that it is too early to close");
        truth.tells("superseded");
        if pays_old || pays_new {
            truth.is_paid_once()
        } else {
            truth.is_closed("expired")
        }
        let end = if pays_old { "paid" } else { "closed" };
        assert_eq!(truth.flow(number)["status"], end, "{truth:#?}");
        let trade = app.payer.trade(number).await.unwrap();
        assert_eq!(
            trade["state"] == "CLOSED",
            !pays_old,
            "closed at WeChat Pay as well: {trade}"
        );
    }
}

fn fault(method: &str, fault: &str, number: &str) -> Value {
    json!({
        "method": method, "fault": fault, "times": 1, "delay_ms": HELD, "out_trade_no": number
    })
}

async fn a_close_that_times_out_before_it_arrives(app: &App) {
    every_close(app, "timeout_before").await;
}

async fn a_close_that_times_out_after_it_was_done(app: &App) {
    every_close(app, "timeout_after").await;
}

async fn a_close_that_is_answered_with_500(app: &App) {
    every_close(app, "http_500").await;
}

async fn a_close_whose_answer_has_a_wrong_signature(app: &App) {
    every_close(app, "bad_signature").await;
}

async fn a_close_whose_answer_is_garbage(app: &App) {
    every_close(app, "garbage").await;
}

async fn a_close_that_is_a_system_error(app: &App) {
    every_close(app, "system_error").await;
}

/// The payer after a close without a usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    Away,
    /// Pays in the old tab while it is being closed, if the channel lets them.
    Back,
    /// Waits, and pays in the new way.
    On,
    /// Tries the old tab, then goes on all the same.
    BackAndOn,
}

async fn every_close(app: &App, broken: &str) {
    let ways = [
        ("ALI_PC", "WX_H5"),
        ("ALI_QR", "WX_NATIVE"),
        ("WX_NATIVE", "ALI_QR"),
        ("WX_H5", "ALI_PC"),
    ];
    for (old, new) in ways {
        for goes in [Goes::Away, Goes::Back, Goes::On, Goes::BackAndOn] {
            switch(app, broken, (old, new), goes).await;
        }
    }
}

async fn switch(app: &App, broken: &str, (old, new): (&str, &str), goes: Goes) {
    let order = app
        .merchant
        .order(json!({ "client_ip": "203.0.113.7" }))
        .await;
    let opened = app.merchant.flow(&order, json!({ "way": old })).await;
    let number = app.payer.open(&opened["action"]).await;
    let method = if old.starts_with("ALI") {
        "alipay.trade.close"
    } else {
        "wechat.close"
    };
    app.payer.break_it(fault(method, broken, &number)).await;

    let refused = app.merchant.try_flow(&order, json!({ "way": new })).await;
    let refused = refused.problem(409, "payment_in_progress");
    assert!(refused["retry_after"].as_u64().unwrap() >= 1, "{refused}");
    let now = app.merchant.look(&order).await;
    assert_eq!(
        now["flows"].as_array().unwrap().len(),
        1,
        "nothing was opened beside it: {now}"
    );
    assert_eq!(flow(&now, &number)["status"], "closing");

    let back = matches!(goes, Goes::Back | Goes::BackAndOn);
    let old_paid = back && app.payer.try_confirm(&number).await;
    let new_paid = matches!(goes, Goes::On | Goes::BackAndOn) && go_on(app, &order, new).await;
    come_to_rest(app, &[&order]).await;
    let truth = Truth::of(app, &order).await;
    truth.tells("no usable answer to the close (");
    let end = if old_paid { "paid" } else { "closed" };
    assert_eq!(
        truth.flow(&number)["status"],
        end,
        "{broken} {old} {goes:?} {truth:#?}"
    );
    assert_eq!(
        truth.paid.len(),
        usize::from(old_paid || new_paid),
        "{broken} {goes:?} {truth:#?}"
    );
    if truth.paid.is_empty() {
        truth.is_closed("expired")
    } else {
        truth.is_paid_once()
    }
    app.payer.mend().await;
}

/// Asks for the new way until it is there, and pays in it. `false`: the order was
/// paid in the old one.
async fn go_on(app: &App, order: &Value, way: &str) -> bool {
    let answer = until("the new way is there, or none is needed", async || {
        let answer = app.merchant.try_flow(order, json!({ "way": way })).await;
        if answer.status == 201 || answer.json["code"] == "order_paid" {
            return Ok(answer);
        }
        assert_eq!(
            answer.json["code"], "payment_in_progress",
            "{}",
            answer.text
        );
        app.advance(1).await;
        Err(answer)
    })
    .await;
    if answer.status != 201 {
        return false;
    }
    app.payer.pay(&answer.json["action"]).await;
    true
}

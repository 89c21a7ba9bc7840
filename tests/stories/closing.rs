//! Closing: what a merchant's wish leads to, and who is faster.

use crate::truth::{Truth, come_to_rest, flow};
use cashier::time::{Clock as _, Span};
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    an_order_that_nobody_began_to_pay_is_closed_at_once
    what_the_channels_confirm_is_closed_at_once
    what_alipay_does_not_know_yet_is_closing_until_it_has_expired
    the_payer_is_faster_while_the_order_is_closing
    a_payment_that_no_notice_told_of_wins_against_the_close
    a_paid_order_is_not_closed
    a_close_without_an_answer_goes_on_by_itself
    a_closing_order_takes_no_new_payment
    closing_again_changes_nothing
}

/// The order has a flow of that way; whether the payer has entered it.
async fn begun(app: &App, way: &str, entered: bool) -> (Value, Value) {
    let order = app
        .merchant
        .order(json!({ "client_ip": "203.0.113.7" }))
        .await;
    let payable = app.merchant.flow(&order, json!({ "way": way })).await;
    if entered {
        app.payer.open(&payable["action"]).await;
    }
    (order, payable)
}

async fn an_order_that_nobody_began_to_pay_is_closed_at_once(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let closed = app.merchant.close(&order).await.expect(200);
    assert_eq!(
        (&closed["status"], &closed["closing"]),
        (&json!("closed"), &json!(false))
    );
    app.receiver.event(&order, "order.closed").await;
    let truth = Truth::of(app, &order).await;
    truth.is_closed("requested");
    truth.tells("the merchant asks to close the order");
}

async fn what_the_channels_confirm_is_closed_at_once(app: &App) {
    for way in ["ALI_PC", "ALI_QR", "WX_NATIVE", "WX_H5"] {
        let (order, payable) = begun(app, way, true).await;
        let closed = app.merchant.close(&order).await.expect(200);
        assert_eq!(closed["status"], "closed", "{way}");
        assert_eq!(closed["flows"][0]["status"], "closed", "{way}");
        let number = payable["flow"]["flow_no"].as_str().unwrap();
        assert_eq!(
            app.payer.trade(number).await.unwrap()["state"]
                .as_str()
                .map(is_closed),
            Some(true)
        );
        assert!(!app.payer.try_confirm(number).await, "{way}");
        app.receiver.event(&order, "order.closed").await;
        let truth = Truth::of(app, &order).await;
        truth.is_closed("requested");
        truth.tells("the channel confirms: closed, unpaid");
    }
}

/// The channels' own words for a closed trade: Alipay's, then WeChat Pay's.
fn is_closed(state: &str) -> bool {
    matches!(state, "TRADE_CLOSED" | "CLOSED")
}

/// Shows F08.
async fn what_alipay_does_not_know_yet_is_closing_until_it_has_expired(app: &App) {
    let mut begun_orders = Vec::new();
    for way in ["ALI_PC", "ALI_WAP", "ALI_APP", "ALI_QR"] {
        let (order, payable) = begun(app, way, false).await;
        let closing = app.merchant.close(&order).await.expect(202);
        assert_eq!(
            (&closing["status"], &closing["closing"]),
            (&json!("open"), &json!(true))
        );
        begun_orders.push((order, payable));
    }
    // What was handed out can be paid for 15 minutes: no close before that.
    let almost = app.clock.now().plus(Span::minutes(15));
    while app.clock.now().plus(Span::seconds(10)) < almost {
        for (order, _) in &begun_orders {
            assert_eq!(app.merchant.look(order).await["status"], "open");
        }
        app.advance(10).await;
    }
    for (order, payable) in &begun_orders {
        come_to_rest(app, &[order]).await;
        assert!(app.payer.try_pay(&payable["action"]).await.is_none());
        let truth = Truth::of(app, order).await;
        truth.is_closed("requested");
        assert_eq!(truth.order["flows"][0]["status"], "expired", "{truth:#?}");
        truth.tells("the channel does not know it (nobody has scanned or signed in yet)");
        truth.tells("its time is over and the channel knows nothing of it: expired");
    }
}

/// Shows F14.
async fn the_payer_is_faster_while_the_order_is_closing(app: &App) {
    for way in ["ALI_PC", "ALI_WAP", "ALI_APP", "ALI_QR"] {
        let (order, payable) = begun(app, way, false).await;
        app.merchant.close(&order).await.expect(202);
        app.payer.pay(&payable["action"]).await;
        let paid = app.merchant.until_status(&order, "paid").await;
        assert_eq!(paid["closing"], false);
        app.receiver.event(&order, "order.paid").await;
        app.merchant.close(&order).await.problem(409, "order_paid");
        come_to_rest(app, &[&order]).await;
        Truth::of(app, &order).await.is_paid_once();
    }
}

/// Shows F05.
async fn a_payment_that_no_notice_told_of_wins_against_the_close(app: &App) {
    app.payer
        .break_it(json!({ "method": "notice.*", "fault": "drop" }))
        .await;
    for way in ["ALI_PC", "ALI_QR", "WX_NATIVE", "WX_H5"] {
        let (order, payable) = begun(app, way, true).await;
        app.payer
            .confirm(payable["flow"]["flow_no"].as_str().unwrap())
            .await;
        app.merchant.close(&order).await.problem(409, "order_paid");
        let truth = Truth::of(app, &order).await;
        truth.is_paid_once();
        truth.tells("its state does not allow a close (it may be paid): asking");
    }
}

async fn a_paid_order_is_not_closed(app: &App) {
    let (order, payable) = begun(app, "WX_NATIVE", true).await;
    app.payer.pay(&payable["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    app.merchant.close(&order).await.problem(409, "order_paid");
    let truth = Truth::of(app, &order).await;
    truth.is_paid_once();
    assert_eq!(truth.lines("the merchant asks to close"), 0);
}

/// Shows F06, F55.
async fn a_close_without_an_answer_goes_on_by_itself(app: &App) {
    let faults = [
        "timeout_before",
        "timeout_after",
        "http_500",
        "bad_signature",
        "system_error",
    ];
    let mut orders = Vec::new();
    for (way, method) in [
        ("ALI_QR", "alipay.trade.close"),
        ("WX_NATIVE", "wechat.close"),
    ] {
        for fault in faults {
            let (order, payable) = begun(app, way, true).await;
            let number = payable["flow"]["flow_no"].as_str().unwrap();
            let broken = json!({
                "method": method, "fault": fault, "times": 2, "delay_ms": 50, "out_trade_no": number
            });
            app.payer.break_it(broken).await;
            let closing = app.merchant.close(&order).await.expect(202);
            assert_eq!(flow(&closing, number)["status"], "closing", "{way} {fault}");
            orders.push(order);
        }
    }
    for order in &orders {
        come_to_rest(app, &[order]).await;
        app.receiver.event(order, "order.closed").await;
        let truth = Truth::of(app, order).await;
        truth.is_closed("requested");
        truth.tells("no usable answer to the close");
    }
}

async fn a_closing_order_takes_no_new_payment(app: &App) {
    let (order, payable) = begun(app, "ALI_QR", false).await;
    app.merchant.close(&order).await.expect(202);
    for way in ["ALI_QR", "WX_NATIVE"] {
        let refused = app.merchant.try_flow(&order, json!({ "way": way })).await;
        refused.problem(409, "order_closed");
    }
    let now = app.merchant.look(&order).await;
    assert_eq!(now["flows"].as_array().unwrap().len(), 1);
    app.payer.pay(&payable["action"]).await;
    app.merchant.until_status(&order, "paid").await;
}

async fn closing_again_changes_nothing(app: &App) {
    let (order, _) = begun(app, "WX_NATIVE", true).await;
    let once = app.merchant.close(&order).await.expect(200);
    let again = app.merchant.close(&order).await.expect(200);
    assert_eq!(once, again);
    assert_eq!(Truth::of(app, &order).await.events, ["order.closed"]);
}

//! A payer changes the way of paying: the old flow is closed first, and where the
//! channel cannot close it, what still comes on it goes back.

use crate::truth::{Truth, come_to_rest, flow};
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    the_old_alipay_page_is_paid_after_wechat
    the_same_way_again_is_the_same_flow
    wechat_finds_it_too_early_to_close
}

/// Shows F08, F11.
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
        let lines = truth.order["timeline"].as_array().unwrap();
        let wanted = lines
            .iter()
            .find(|line| line["text"].as_str().unwrap().contains("another way"));
        assert_eq!(wanted.unwrap()["source"], "merchant", "whose wish it was");
    }
}

/// Shows F02.
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

/// Shows F07.
async fn wechat_finds_it_too_early_to_close(app: &App) {
    let mut played = Vec::new();
    for (pays_old, pays_new) in [(false, false), (false, true), (true, false), (true, true)] {
        let order = app.merchant.order(json!({ "expires_in": 1200 })).await;
        let old = app
            .merchant
            .flow(&order, json!({ "way": "WX_NATIVE" }))
            .await;
        let number = app.payer.open(&old["action"]).await;
        let early = json!({
            "method": "wechat.close", "fault": "too_early", "times": 1, "out_trade_no": number
        });
        app.payer.break_it(early).await;

        let new = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
        let now = app.merchant.look(&order).await;
        assert_eq!(flow(&now, &number)["status"], "closing");
        assert_eq!(flow(&now, &number)["superseded"], true);
        if pays_new {
            app.payer.pay(&new["action"]).await;
            app.merchant.until_status(&order, "paid").await;
        }
        if pays_old {
            app.payer.confirm(&number).await;
        }
        played.push((order, number, pays_old, pays_old || pays_new));
    }
    let orders: Vec<&Value> = played.iter().map(|(order, ..)| order).collect();
    come_to_rest(app, &orders).await;
    for (order, number, old_paid, paid) in &played {
        let truth = Truth::of(app, order).await;
        truth.tells("the channel says that it is too early to close");
        truth.tells("superseded");
        if *paid {
            truth.is_paid_once()
        } else {
            truth.is_closed("expired")
        }
        let end = if *old_paid { "paid" } else { "closed" };
        assert_eq!(truth.flow(number)["status"], end, "{truth:#?}");
        let trade = app.payer.trade(number).await.unwrap();
        assert_eq!(
            trade["state"] == "CLOSED",
            !old_paid,
            "closed at WeChat Pay as well: {trade}"
        );
    }
}

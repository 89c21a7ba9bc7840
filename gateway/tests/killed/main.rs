//! `kill -9` while a channel is being called: whether the channel carried the call
//! out or not, after a restart it is finished, once, under the same number.
#![cfg(test)]

mod process;

use process::Stage;
use serde_json::{Value, json};

async fn order(stage: &Stage) -> String {
    let order = json!({ "merchant_order_no": "K-1", "amount": 8888, "subject": "tea" });
    stage.post("/v1/orders", &order).await["id"]
        .as_str()
        .unwrap()
        .to_owned()
}

async fn until_order(stage: &Stage, id: &str, what: &str, holds: impl Fn(&Value) -> bool) -> Value {
    stage
        .until(what, async || {
            let order = stage.get(&format!("/v1/orders/{id}")).await;
            holds(&order).then_some(order)
        })
        .await
}

/// Kills the process while the flow is being made at the channel, starts it again,
/// and waits for the flow that can be paid.
async fn killed_while_a_flow_is_made(way: &str, method: &str, fault: &str) {
    let mut stage = Stage::new().await;
    let id = order(&stage).await;
    stage.break_next(method, fault).await;
    stage.post_into_the_void(&format!("/v1/orders/{id}/flows"), json!({ "way": way }));
    stage.until_struck().await;
    stage.kill();
    stage.start().await;
    let order = until_order(&stage, &id, "the flow is live", |order| {
        order["flows"][0]["status"] == "live"
    })
    .await;
    let made = stage
        .post(&format!("/v1/orders/{id}/flows"), &json!({ "way": way }))
        .await;
    assert_eq!(made["flow"]["flow_no"], order["flows"][0]["flow_no"]);
    stage.pay(&made["action"]["text"]).await;
    let paid = until_order(&stage, &id, "it is paid", |order| order["status"] == "paid").await;
    assert_eq!(paid["flows"].as_array().unwrap().len(), 1);
    let ledger = stage.ledger().await;
    assert_eq!(ledger["trades"].as_array().unwrap().len(), 1, "{ledger}");
}

/// Shows F41.
#[tokio::test]
async fn before_wechat_has_carried_out_the_creation() {
    killed_while_a_flow_is_made("WX_NATIVE", "wechat.native", "timeout_before").await;
}

/// Shows F42.
#[tokio::test]
async fn after_wechat_has_carried_out_the_creation() {
    killed_while_a_flow_is_made("WX_NATIVE", "wechat.native", "timeout_after").await;
}

/// Shows F41.
#[tokio::test]
async fn before_alipay_has_carried_out_the_creation() {
    killed_while_a_flow_is_made("ALI_QR", "alipay.trade.precreate", "timeout_before").await;
}

/// Shows F42.
#[tokio::test]
async fn after_alipay_has_carried_out_the_creation() {
    killed_while_a_flow_is_made("ALI_QR", "alipay.trade.precreate", "timeout_after").await;
}

/// Kills the process while a refund is being sent, starts it again, and waits for
/// the one refund.
async fn killed_while_a_refund_is_sent(way: &str, method: &str, fault: &str) {
    let mut stage = Stage::new().await;
    let id = order(&stage).await;
    let made = stage
        .post(&format!("/v1/orders/{id}/flows"), &json!({ "way": way }))
        .await;
    stage.pay(&made["action"]["text"]).await;
    until_order(&stage, &id, "it is paid", |order| order["status"] == "paid").await;
    stage.break_next(method, fault).await;
    let refund = json!({ "merchant_refund_no": "R-1", "amount": 100 });
    stage.post_into_the_void(&format!("/v1/orders/{id}/refunds"), refund);
    stage.until_struck().await;
    stage.kill();
    stage.start().await;
    let refunded = until_order(&stage, &id, "the refund has succeeded", |order| {
        order["refunds"][0]["status"] == "succeeded"
    })
    .await;
    assert_eq!(refunded["refunds"].as_array().unwrap().len(), 1);
    let ledger = stage.ledger().await;
    let refunds = ledger["refunds"].as_array().unwrap();
    assert_eq!(refunds.len(), 1, "{ledger}");
    assert_eq!(refunds[0]["out_refund_no"], refunded["refunds"][0]["id"]);
}

/// Shows F44.
#[tokio::test]
async fn before_alipay_has_carried_out_a_refund() {
    killed_while_a_refund_is_sent("ALI_QR", "alipay.trade.refund", "timeout_before").await;
}

/// Shows F44, F79.
#[tokio::test]
async fn after_wechat_has_carried_out_a_refund() {
    killed_while_a_refund_is_sent("WX_NATIVE", "wechat.refund", "timeout_after").await;
}

/// A switch whose close never got its answer: the old flow is closed, the new one
/// made on asking again.
/// Shows F42.
#[tokio::test]
async fn after_wechat_has_carried_out_a_close() {
    let mut stage = Stage::new().await;
    let id = order(&stage).await;
    let flows = format!("/v1/orders/{id}/flows");
    stage.post(&flows, &json!({ "way": "WX_NATIVE" })).await;
    stage.break_next("wechat.close", "timeout_after").await;
    stage.post_into_the_void(&flows, json!({ "way": "ALI_QR" }));
    stage.until_struck().await;
    stage.kill();
    stage.start().await;
    until_order(&stage, &id, "the old flow is closed", |order| {
        order["flows"][0]["status"] == "closed"
    })
    .await;
    let made = stage.post(&flows, &json!({ "way": "ALI_QR" })).await;
    stage.pay(&made["action"]["text"]).await;
    let paid = until_order(&stage, &id, "it is paid", |order| order["status"] == "paid").await;
    assert_eq!(
        (&paid["paid_way"], paid["flows"].as_array().unwrap().len()),
        (&json!("ALI_QR"), 2)
    );
}

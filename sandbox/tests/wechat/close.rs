//! Closing: what each state answers.

use serde_json::json;

use crate::merchant::{MCHID, Merchant};

#[tokio::test]
async fn closing_an_unpaid_order_is_a_signed_204_and_closing_it_again_too() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    for _ in 0..2 {
        // The merchant of these tests verifies the signature over the empty body.
        let answer = merchant.close("order_000001").await;
        assert_eq!((answer.status, answer.body), (204, json!(null)));
    }
    assert_eq!(merchant.state("order_000001").await, "CLOSED");
    let (trades, _) = merchant.ledger().await;
    assert_eq!(trades[0]["channel"], "wechat");
    assert_eq!(trades[0]["account"], MCHID);
    assert!(trades[0]["closed_at"].is_string(), "{trades:?}");
}

#[tokio::test]
async fn closing_a_paid_order_says_orderpaid_and_changes_nothing() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    merchant.pay(&code, "order_000001").await;
    let answer = merchant.close("order_000001").await;
    assert_eq!(answer.code(), (400, "ORDERPAID"));
    assert_eq!(answer.body["message"], "该订单已支付");
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
}

#[tokio::test]
async fn closing_what_was_never_made_says_that_it_does_not_exist() {
    let merchant = Merchant::start().await;
    assert_eq!(
        merchant.close("order_000001").await.code(),
        (404, "ORDER_NOT_EXIST")
    );
    // Closing it did not use the number up.
    merchant.native("order_000001").await;
}

#[tokio::test]
async fn a_close_says_nothing_but_its_mchid() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    let target = "/v3/pay/transactions/out-trade-no/order_000001/close";
    for body in [
        "{}".to_owned(),
        json!({ "mchid": MCHID, "appid": "x" }).to_string(),
    ] {
        assert_eq!(
            merchant.call("POST", target, &body).await.code(),
            (400, "PARAM_ERROR")
        );
    }
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
}

#[tokio::test]
async fn a_close_can_be_refused_as_too_early_on_demand() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    merchant
        .fault(json!({ "method": "wechat.close", "fault": "too_early", "times": 1 }))
        .await;
    let answer = merchant.close("order_000001").await;
    assert_eq!(answer.code(), (400, "INVALID_REQUEST"), "{answer:?}");
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
    assert_eq!(merchant.close("order_000001").await.status, 204);
}

#[tokio::test]
async fn money_may_still_arrive_after_a_close_when_the_channel_contradicts_itself() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    assert_eq!(merchant.close("order_000001").await.status, 204);
    let (status, body) = merchant
        .control("POST", "/trades/order_000001/force_pay", json!({}))
        .await;
    assert_eq!(status, 200, "{body}");
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
    let (_, paid) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(paid["out_trade_no"], "order_000001");
}

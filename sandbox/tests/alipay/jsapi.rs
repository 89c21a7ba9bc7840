//! `alipay.trade.create`: a trade for a payer who is known, paid inside the wallet.

use serde_json::{Value, json};

use crate::merchant::{APP_ID, Merchant, SELLER_ID, act, order};

const CREATE: &str = "alipay.trade.create";
const BUYER: &str = "2088000000000009";

fn for_buyer(number: &str) -> Value {
    let mut biz = order(number);
    biz["buyer_id"] = json!(BUYER);
    biz
}

#[tokio::test]
async fn the_trade_exists_at_once_and_the_wallet_opens_it_by_its_number() {
    let merchant = Merchant::start().await;
    let node = merchant.call(CREATE, for_buyer("J1")).await;
    assert_eq!(node["code"], "10000", "{node}");
    let found = merchant.query("J1").await;
    assert_eq!(found["trade_status"], "WAIT_BUYER_PAY");
    assert_eq!(
        (&found["trade_no"], found["buyer_user_id"].as_str()),
        (&node["trade_no"], Some(BUYER))
    );
    let (status, opened) = merchant.open(json!({ "tradeNO": node["trade_no"] })).await;
    assert_eq!(
        (status, opened),
        (
            200,
            json!({ "channel": "alipay", "account": APP_ID, "out_trade_no": "J1" })
        )
    );
    let (status, _) = merchant
        .control("POST", &act("J1", "pay"), Value::Null)
        .await;
    assert_eq!(status, 200);
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert_eq!(
        (told["buyer_id"].as_str(), told["trade_status"].as_str()),
        (BUYER, "TRADE_SUCCESS")
    );
    let (status, refusal) = merchant.open(json!({ "tradeNO": node["trade_no"] })).await;
    assert_eq!(
        (status, refusal["code"].as_str()),
        (409, Some("artefact_over"))
    );
}

#[tokio::test]
async fn an_order_for_an_open_id_answers_with_the_open_id_only() {
    let merchant = Merchant::start().await;
    let mut biz = order("J1");
    biz["buyer_open_id"] = json!("074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5");
    biz["product_code"] = json!("JSAPI_PAY");
    assert_eq!(
        merchant.call(CREATE, biz.clone()).await["sub_code"],
        "ACQ.INVALID_PARAMETER"
    );
    biz["op_app_id"] = json!(APP_ID);
    assert_eq!(merchant.call(CREATE, biz).await["code"], "10000");
    merchant
        .control("POST", &act("J1", "pay"), Value::Null)
        .await;
    let found = merchant.query("J1").await;
    assert_eq!(
        found["buyer_open_id"],
        "074a1CcTG1LelxKe4xQC0zgNdId0nxi95b5lsNpazWYoCo5"
    );
    assert!(found.get("buyer_user_id").is_none());
    let told = merchant.notices.wait(1).await.remove(0).params;
    assert!(told.contains_key("buyer_open_id") && !told.contains_key("buyer_id"));
}

#[tokio::test]
async fn the_same_order_again_is_the_same_trade_and_another_one_is_refused() {
    let merchant = Merchant::start().await;
    let first = merchant.call(CREATE, for_buyer("J1")).await;
    let second = merchant.call(CREATE, for_buyer("J1")).await;
    assert_eq!(first, second);
    let mut other = for_buyer("J1");
    other["buyer_id"] = json!("2088000000000008");
    assert_eq!(
        merchant.call(CREATE, other).await["sub_code"],
        "ACQ.TRADE_BUYER_NOT_MATCH"
    );
    let mut other = for_buyer("J1");
    other["total_amount"] = json!("88.89");
    assert_eq!(
        merchant.call(CREATE, other).await["sub_code"],
        "ACQ.CONTEXT_INCONSISTENT"
    );
    merchant
        .control("POST", &act("J1", "pay"), Value::Null)
        .await;
    assert_eq!(
        merchant.call(CREATE, for_buyer("J1")).await["sub_code"],
        "ACQ.TRADE_HAS_SUCCESS"
    );
    merchant.call(CREATE, for_buyer("J2")).await;
    assert_eq!(merchant.close("J2").await["code"], "10000");
    assert_eq!(
        merchant.call(CREATE, for_buyer("J2")).await["sub_code"],
        "ACQ.TRADE_HAS_CLOSE"
    );
}

#[tokio::test]
async fn a_payer_must_be_named_and_cannot_be_the_seller() {
    let merchant = Merchant::start().await;
    assert_eq!(
        merchant.call(CREATE, order("J1")).await["sub_code"],
        "ACQ.INVALID_PARAMETER"
    );
    for (buyer, sub_code) in [
        (SELLER_ID, "ACQ.BUYER_SELLER_EQUAL"),
        ("1234", "ACQ.INVALID_PARAMETER"),
    ] {
        let mut biz = order("J1");
        biz["buyer_id"] = json!(buyer);
        assert_eq!(merchant.call(CREATE, biz).await["sub_code"], sub_code);
    }
    assert_eq!(merchant.in_ledger("J1").await, None);
}

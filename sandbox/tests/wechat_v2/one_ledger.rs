//! A merchant has one ledger, in whichever version it is spoken to: the same number is the same
//! trade.

use sandbox::WechatMerchant;
use serde_json::{Value, json};

use crate::merchant::{APPID, MCH_ID, Merchant};
use crate::message::{fields, read, unseal};
use crate::v3::V3;

#[tokio::test]
async fn apiv3_sees_closes_and_refunds_what_v2_made_and_the_other_way_round() {
    let merchant = Merchant::start().await;
    let v3 = V3::register(&merchant);
    // Made through v2, told by v2, refunded and told through APIv3.
    merchant.paid("order_000001").await;
    let notice = read("xml", &merchant.notices.next().await.body);
    assert!(merchant.verifies(&notice));
    let seen = v3.query(&merchant, "order_000001").await;
    assert_eq!(
        (&seen["trade_state"], &seen["amount"]["total"]),
        (&json!("SUCCESS"), &json!(100))
    );
    assert_eq!(seen["transaction_id"], json!(notice["transaction_id"]));
    let refund = json!({
        "out_trade_no": "order_000001", "out_refund_no": "R3", "notify_url": merchant.notices.url(),
        "amount": { "refund": 30, "total": 100, "currency": "CNY" },
    });
    let (status, _) = v3
        .call(&merchant, "POST", "/v3/refund/domestic/refunds", &refund)
        .await;
    assert_eq!(status, 200);
    assert_eq!(
        merchant.refund_query("out_refund_no", "R3").await["refund_fee_0"],
        "30"
    );
    merchant.advance(11).await;
    let told: Value = serde_json::from_str(&merchant.notices.next().await.body).unwrap();
    assert_eq!(told["event_type"], "REFUND.SUCCESS");
    // Made through APIv3, refunded and told through v2.
    let order = json!({
        "appid": APPID, "mchid": MCH_ID, "description": "tea", "out_trade_no": "order_000002",
        "notify_url": merchant.notices.url(), "amount": { "total": 100, "currency": "CNY" },
    });
    let (_, made) = v3
        .call(&merchant, "POST", "/v3/pay/transactions/native", &order)
        .await;
    assert_eq!(merchant.state("order_000002").await, "NOTPAY");
    let same = merchant.order("NATIVE", "order_000002");
    assert_eq!(
        merchant.refused("/pay/unifiedorder", &same).await,
        "INVALID_REQUEST"
    );
    merchant.pay(made["code_url"].clone(), "order_000002").await;
    let told: Value = serde_json::from_str(&merchant.notices.next().await.body).unwrap();
    assert_eq!(told["event_type"], "TRANSACTION.SUCCESS");
    assert_eq!(
        merchant.close("order_000002").await["err_code"],
        "ORDERPAID"
    );
    let refund = merchant.refund("order_000002", "R2", 40);
    merchant.done("/secapi/pay/refund", &refund).await;
    merchant.advance(11).await;
    let told = read("xml", &merchant.notices.next().await.body);
    let told = unseal(&told["req_info"], crate::merchant::KEY).unwrap();
    assert_eq!(told["out_refund_no"], "R2");
    let (trades, refunds) = merchant.ledger().await;
    assert_eq!((trades.len(), refunds.len()), (2, 2));
}

#[tokio::test]
async fn a_payment_by_code_is_one_in_both_versions() {
    let merchant = Merchant::start().await;
    let v3 = V3::register(&merchant);
    let code = merchant.code("ask_password").await;
    merchant
        .call("/pay/micropay", &merchant.scan("order_000001", &code))
        .await;
    let seen = v3.query(&merchant, "order_000001").await;
    assert_eq!(seen["trade_state"], "USERPAYING");
    let reversed = fields([("out_trade_no", "order_000001")]);
    merchant.done("/secapi/pay/reverse", &reversed).await;
    let seen = v3.query(&merchant, "order_000001").await;
    assert_eq!(seen["trade_state"], "REVOKED");
}

/// The merchant's APIv3 side, as the sandbox registers it.
pub fn v3_merchant(public_key_pem: String) -> WechatMerchant {
    WechatMerchant {
        mchid: MCH_ID.to_owned(),
        appid: APPID.to_owned(),
        serial_no: "4A5B6C7D8E9F0A1B2C3D4E5F60718293A4B5C6D7".to_owned(),
        merchant_public_key_pem: public_key_pem,
        apiv3_key: "0123456789abcdef0123456789ABCDEF".to_owned().into(),
    }
}

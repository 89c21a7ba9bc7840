//! A service provider (服务商) calls for its sub-merchants.

use sandbox::{Settings, WechatV2Merchant, WechatV2SubMerchant};
use serde_json::json;

use crate::merchant::{APPID, KEY, MCH_ID, Merchant, direct};
use crate::message::{fields, read, sign, unseal};

const SUB: &str = "1900000109";
const SUB_APPID: &str = "wx8888888888888888";

async fn provider() -> Merchant {
    let sub = |sub_mch_id: &str, sub_appid: Option<&str>| WechatV2SubMerchant {
        sub_mch_id: sub_mch_id.to_owned(),
        sub_appid: sub_appid.map(str::to_owned),
    };
    let merchant = WechatV2Merchant {
        sub_merchants: vec![sub(SUB, Some(SUB_APPID)), sub("1900000110", None)],
        ..direct()
    };
    let mut merchant = Merchant::with(Settings::default(), merchant).await;
    merchant
        .identity
        .insert("sub_mch_id".to_owned(), SUB.to_owned());
    merchant
}

#[tokio::test]
async fn an_order_is_paid_queried_refunded_and_told_for_the_sub_merchant() {
    let merchant = provider().await;
    let mut order = merchant.order("JSAPI", "order_000001");
    order.remove("openid");
    order.extend(fields([
        ("sub_appid", SUB_APPID),
        ("sub_openid", "oSubPayer000000000000000001"),
    ]));
    let made = merchant.done("/pay/unifiedorder", &order).await;
    assert_eq!(
        (&*made["sub_mch_id"], &*made["sub_appid"]),
        (SUB, SUB_APPID)
    );
    // The page calls under the appid that the order used.
    let mut params = fields([
        ("appId", SUB_APPID),
        ("timeStamp", "1414561699"),
        ("nonceStr", "n1"),
        ("package", &format!("prepay_id={}", made["prepay_id"])),
        ("signType", "MD5"),
    ]);
    let signature = sign(&params, "MD5", "", KEY);
    params.insert("paySign".to_owned(), signature);
    merchant.pay(json!(params), "order_000001").await;
    let notice = read("xml", &merchant.notices.next().await.body);
    assert!(merchant.verifies(&notice));
    assert_eq!((&*notice["mch_id"], &*notice["appid"]), (MCH_ID, APPID));
    assert_eq!(
        (&*notice["sub_mch_id"], &*notice["sub_appid"]),
        (SUB, SUB_APPID)
    );
    assert_eq!(notice["sub_openid"], "oSubPayer000000000000000001");
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
    let refund = merchant.refund("order_000001", "R1", 30);
    merchant.done("/secapi/pay/refund", &refund).await;
    merchant.advance(11).await;
    let notice = read("xml", &merchant.notices.next().await.body);
    assert_eq!(
        unseal(&notice["req_info"], KEY).unwrap()["out_refund_no"],
        "R1"
    );
    let (trades, _) = merchant.ledger().await;
    assert_eq!(trades[0]["account"], MCH_ID);
}

#[tokio::test]
async fn a_payment_by_code_is_taken_and_reversed_for_the_sub_merchant() {
    let merchant = provider().await;
    let code = merchant.code("pay").await;
    merchant
        .done("/pay/micropay", &merchant.scan("order_000001", &code))
        .await;
    merchant
        .done(
            "/secapi/pay/reverse",
            &fields([("out_trade_no", "order_000001")]),
        )
        .await;
    assert_eq!(merchant.only_trade().await, ("REVOKED".to_owned(), true));
}

#[tokio::test]
async fn another_sub_merchant_does_not_see_the_order() {
    let mut merchant = provider().await;
    merchant.paid("order_000001").await;
    merchant
        .identity
        .insert("sub_mch_id".to_owned(), "1900000110".to_owned());
    assert_eq!(
        merchant.query("order_000001").await["err_code"],
        "ORDERNOTEXIST"
    );
    assert_eq!(
        merchant.close("order_000001").await["err_code"],
        "ORDERNOTEXIST"
    );
    let refund = merchant.refund("order_000001", "R1", 30);
    assert_eq!(
        merchant.refused("/secapi/pay/refund", &refund).await,
        "ORDERNOTEXIST"
    );
    // A number is unique over the provider with all its sub-merchants.
    let order = merchant.order("NATIVE", "order_000001");
    assert_eq!(
        merchant.refused("/pay/unifiedorder", &order).await,
        "ORDERPAID"
    );
}

#[tokio::test]
async fn a_sub_merchant_that_is_not_linked_or_not_named_is_refused() {
    let mut merchant = provider().await;
    let number = fields([("out_trade_no", "order_000001")]);
    let mut foreign = number.clone();
    foreign.insert("sub_mch_id".to_owned(), "1900000999".to_owned());
    assert_eq!(
        merchant.refused("/pay/orderquery", &foreign).await,
        "NOAUTH"
    );
    let mut appid = number.clone();
    appid.insert("sub_appid".to_owned(), APPID.to_owned());
    assert_eq!(
        merchant.refused("/pay/orderquery", &appid).await,
        "APPID_MCHID_NOT_MATCH"
    );
    let mut order = merchant.order("JSAPI", "order_000001");
    order.extend(fields([("sub_openid", "oSubPayer000000000000000001")]));
    assert_eq!(
        merchant.refused("/pay/unifiedorder", &order).await,
        "PARAM_ERROR"
    );
    merchant.identity.remove("sub_mch_id");
    for path in [
        "/pay/unifiedorder",
        "/pay/micropay",
        "/pay/orderquery",
        "/pay/closeorder",
        "/secapi/pay/reverse",
        "/secapi/pay/refund",
        "/pay/refundquery",
    ] {
        let refused = merchant.call(path, &number).await;
        let why = ["err_code", "err_code_des"].map(|name| refused[name].as_str());
        assert_eq!(why, ["LACK_PARAMS", "缺少参数sub_mch_id"], "{path}");
    }
    let direct = Merchant::start().await;
    let mut named = number;
    named.insert("sub_mch_id".to_owned(), SUB.to_owned());
    assert_eq!(direct.refused("/pay/orderquery", &named).await, "NOAUTH");
}

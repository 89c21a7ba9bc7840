//! Orders of every trade type: made, opened by the payer's wallet, repeated, queried, closed.

use serde_json::{Value, json};

use crate::merchant::{APPID, KEY, MCH_ID, Merchant};
use crate::message::{Fields, fields, sign};

/// The parameters of a page, signed by the merchant's own reading.
fn jsapi(prepay_id: &str, sign_type: &str) -> Fields {
    let mut params = fields([
        ("appId", APPID),
        ("timeStamp", "1414561699"),
        ("nonceStr", "n1"),
        ("package", &format!("prepay_id={prepay_id}")),
        ("signType", sign_type),
    ]);
    let signature = sign(&params, sign_type, "", KEY);
    params.insert("paySign".to_owned(), signature);
    params
}

fn app(prepay_id: &str, sign_type: &str) -> Fields {
    let mut params = fields([
        ("appid", APPID),
        ("partnerid", MCH_ID),
        ("prepayid", prepay_id),
        ("package", "Sign=WXPay"),
        ("noncestr", "n1"),
        ("timestamp", "1414561699"),
    ]);
    let signature = sign(&params, sign_type, "", KEY);
    params.insert("sign".to_owned(), signature);
    params
}

async fn not_opened(merchant: &Merchant, artefact: impl Into<Value>) {
    let (status, body) = merchant.open(artefact).await;
    assert!((400..500).contains(&status), "{status} {body}");
}

#[tokio::test]
async fn each_trade_type_is_opened_by_what_it_handed_out_and_paid() {
    let mut merchant = Merchant::start().await;
    for sign_type in ["MD5", "HMAC-SHA256"] {
        merchant.sign_type = sign_type;
        let number = |product: &str| format!("order_{product}_{}", sign_type.len());
        for product in ["NATIVE", "MWEB", "JSAPI", "APP"] {
            let number = number(product);
            let order = merchant.order(product, &number);
            let made = merchant.done("/pay/unifiedorder", &order).await;
            assert!(made["prepay_id"].starts_with("wx"), "{made:?}");
            let artefact = match product {
                "NATIVE" => json!(made["code_url"]),
                "MWEB" => json!(format!(
                    "{}&redirect_url=https%3A%2F%2Fa.example",
                    made["mweb_url"]
                )),
                "JSAPI" => json!(jsapi(&made["prepay_id"], sign_type)),
                _ => json!(app(&made["prepay_id"], sign_type)),
            };
            merchant.pay(artefact, &number).await;
            let paid = merchant.query(&number).await;
            assert_eq!(paid["trade_state"], "SUCCESS");
            assert_eq!(paid["trade_type"], product);
            assert_eq!((&*paid["total_fee"], &*paid["cash_fee"]), ("100", "100"));
            assert_eq!(paid["attach"], "桌号7");
            let by_id = fields([("transaction_id", &*paid["transaction_id"])]);
            let by_id = merchant.done("/pay/orderquery", &by_id).await;
            assert_eq!(by_id["out_trade_no"], number);
        }
    }
    let (trades, _) = merchant.ledger().await;
    assert_eq!(trades.len(), 8);
    assert!(
        trades
            .iter()
            .all(|trade| trade["state"] == "SUCCESS" && trade["account"] == MCH_ID)
    );
}

#[tokio::test]
async fn tampered_or_mixed_up_parameters_open_nothing() {
    let merchant = Merchant::start().await;
    let page = merchant.prepaid("JSAPI", "order_jsapi").await;
    let other = merchant.prepaid("APP", "order_app01").await;
    let mut swapped = jsapi(&page, "MD5");
    swapped.insert("package".to_owned(), format!("prepay_id={other}"));
    not_opened(&merchant, json!(swapped)).await;
    // Signed, but by another sign type than the order, or for another product.
    not_opened(&merchant, json!(jsapi(&page, "HMAC-SHA256"))).await;
    not_opened(&merchant, json!(jsapi(&other, "MD5"))).await;
    not_opened(&merchant, json!(app(&page, "MD5"))).await;
    not_opened(&merchant, json!(app("wx000000000000000000", "MD5"))).await;
    let mut other_payee = app(&other, "MD5");
    other_payee.insert("partnerid".to_owned(), "1900000000".to_owned());
    let signature = sign(&other_payee, "MD5", "sign", KEY);
    other_payee.insert("sign".to_owned(), signature);
    not_opened(&merchant, json!(other_payee)).await;
}

#[tokio::test]
async fn a_link_lives_for_five_minutes_and_other_handles_for_two_hours() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_native").await;
    let page = merchant.prepaid("JSAPI", "order_jsapi").await;
    let link = merchant.order("MWEB", "order_mweb0");
    let link = merchant.done("/pay/unifiedorder", &link).await["mweb_url"].clone();
    merchant.advance(295).await;
    assert_eq!(merchant.open(&*link).await.0, 200);
    merchant.advance(10).await;
    not_opened(&merchant, link).await;
    merchant.advance(2 * 3600 - 310).await;
    assert_eq!(merchant.open(&*code).await.0, 200);
    merchant.advance(10).await;
    not_opened(&merchant, code).await;
    not_opened(&merchant, json!(jsapi(&page, "MD5"))).await;
}

#[tokio::test]
async fn only_the_same_parameters_may_repeat_an_unpaid_number() {
    let merchant = Merchant::start().await;
    let first = merchant.native("order_000001").await;
    let second = merchant.native("order_000001").await;
    assert_ne!(first, second);
    not_opened(&merchant, first).await;
    let mut other = merchant.order("NATIVE", "order_000001");
    other.insert("spbill_create_ip".to_owned(), "10.0.0.1".to_owned());
    let answer = merchant.call("/pay/unifiedorder", &other).await;
    assert_eq!(answer["err_code"], "INVALID_REQUEST");
    assert_eq!(answer["err_code_des"], "201 商户订单号重复");
    merchant.pay(second, "order_000001").await;
    let same = merchant.order("NATIVE", "order_000001");
    assert_eq!(
        merchant.refused("/pay/unifiedorder", &same).await,
        "ORDERPAID"
    );
    merchant.native("order_000002").await;
    merchant.close("order_000002").await;
    let same = merchant.order("NATIVE", "order_000002");
    assert_eq!(
        merchant.refused("/pay/unifiedorder", &same).await,
        "ORDERCLOSED"
    );
}

#[tokio::test]
async fn an_order_with_a_mistake_does_not_come_to_be() {
    let merchant = Merchant::start().await;
    for (trade_type, name, value, code) in [
        ("NATIVE", "out_trade_no", "short", "PARAM_ERROR"),
        ("NATIVE", "out_trade_no", "", "LACK_PARAMS"),
        ("NATIVE", "total_fee", "0", "PARAM_ERROR"),
        ("NATIVE", "total_fee", "1.00", "PARAM_ERROR"),
        ("NATIVE", "total_fee", "+1", "PARAM_ERROR"),
        ("NATIVE", "total_fee", "", "LACK_PARAMS"),
        ("NATIVE", "body", "", "LACK_PARAMS"),
        ("NATIVE", "product_id", "", "LACK_PARAMS"),
        ("NATIVE", "spbill_create_ip", "here", "PARAM_ERROR"),
        ("NATIVE", "fee_type", "USD", "PARAM_ERROR"),
        ("NATIVE", "notify_url", "", "LACK_PARAMS"),
        (
            "NATIVE",
            "notify_url",
            "http://shop.example.com/n",
            "PARAM_ERROR",
        ),
        (
            "NATIVE",
            "notify_url",
            "https://shop.example.com/n?a=1",
            "PARAM_ERROR",
        ),
        ("NATIVE", "time_expire", "2030-01-01", "PARAM_ERROR"),
        ("NATIVE", "time_expire", "20200101000000", "PARAM_ERROR"),
        ("NATIVE", "trade_type", "WAP", "PARAM_ERROR"),
        ("JSAPI", "openid", "", "PARAM_ERROR"),
        ("MWEB", "scene_info", "", "LACK_PARAMS"),
        ("MWEB", "scene_info", "{}", "PARAM_ERROR"),
    ] {
        let mut order = merchant.order(trade_type, "order_000001");
        order.insert(name.to_owned(), value.to_owned());
        let got = merchant.refused("/pay/unifiedorder", &order).await;
        assert_eq!(got, code, "{trade_type} {name}={value}");
    }
    assert!(merchant.ledger().await.0.is_empty());
}

#[tokio::test]
async fn an_unpaid_order_has_few_fields_and_an_unknown_one_does_not_exist() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    let answer = merchant.query("order_000001").await;
    assert_eq!(answer["trade_state"], "NOTPAY");
    assert_eq!(answer["device_info"], "");
    for absent in ["transaction_id", "openid", "time_end", "bank_type"] {
        assert!(!answer.contains_key(absent), "{absent}");
    }
    assert_eq!(
        merchant.query("order_000009").await["err_code"],
        "ORDERNOTEXIST"
    );
    let nothing = Fields::new();
    assert_eq!(
        merchant.refused("/pay/orderquery", &nothing).await,
        "LACK_PARAMS"
    );
}

#[tokio::test]
async fn a_close_says_what_the_order_is() {
    let merchant = Merchant::start().await;
    assert_eq!(
        merchant.close("order_000001").await["err_code"],
        "ORDERNOTEXIST"
    );
    let code = merchant.native("order_000001").await;
    let closed = merchant.close("order_000001").await;
    assert_eq!(
        (&*closed["result_code"], &*closed["result_msg"]),
        ("SUCCESS", "OK")
    );
    assert_eq!(merchant.state("order_000001").await, "CLOSED");
    not_opened(&merchant, code).await;
    assert_eq!(
        merchant.close("order_000001").await["err_code"],
        "ORDERCLOSED"
    );
    merchant.paid("order_000002").await;
    assert_eq!(
        merchant.close("order_000002").await["err_code"],
        "ORDERPAID"
    );
    let refund = merchant.refund("order_000002", "R1", 1);
    merchant.done("/secapi/pay/refund", &refund).await;
    assert_eq!(
        merchant.close("order_000002").await["err_code"],
        "TRADE_STATE_ERROR"
    );
}

#[tokio::test]
async fn the_five_minute_rule_is_a_switch_that_is_off() {
    let merchant = Merchant::start().await;
    merchant
        .controlled("/wechat", json!({ "close_after_seconds": 300 }))
        .await;
    merchant.native("order_000001").await;
    assert_eq!(
        merchant.close("order_000001").await["err_code"],
        "SYSTEMERROR"
    );
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
    merchant.advance(301).await;
    assert_eq!(
        merchant.close("order_000001").await["result_code"],
        "SUCCESS"
    );
}

#[tokio::test]
async fn money_may_still_arrive_after_a_close_when_the_channel_contradicts_itself() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    merchant.close("order_000001").await;
    merchant
        .controlled("/trades/order_000001/force_pay", json!({}))
        .await;
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
    assert_eq!(merchant.only_trade().await, ("SUCCESS".to_owned(), true));
}

#[tokio::test]
async fn an_order_that_is_past_its_time_cannot_be_paid_and_stays_open() {
    let merchant = Merchant::start().await;
    let (_, now) = merchant.control("GET", "/clock", json!({})).await;
    let now = now["now"].as_str().unwrap();
    let now = chrono::DateTime::parse_from_rfc3339(now).unwrap();
    let expire = now + chrono::TimeDelta::hours(8) + chrono::TimeDelta::minutes(5);
    let mut order = merchant.order("NATIVE", "order_000001");
    let text = expire.naive_utc().format("%Y%m%d%H%M%S").to_string();
    order.insert("time_expire".to_owned(), text);
    let made = merchant.done("/pay/unifiedorder", &order).await;
    merchant.advance(301).await;
    not_opened(&merchant, &*made["code_url"]).await;
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
}

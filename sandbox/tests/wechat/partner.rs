//! Service-provider mode: a provider orders, queries, closes, reverses and refunds for its
//! sub-merchants, under paths and names of their own.

use serde_json::{Value, json};

use crate::merchant::{APPID, Answer, Departure, MCHID, Merchant, wall_seconds};

const SUB_MCHID: &str = "1900000109";
const SUB_APPID: &str = "wxd678efh567hg6999";

/// A provider with one linked sub-merchant.
async fn provider() -> Merchant {
    let merchant = Merchant::start().await;
    let sub = json!({ "sub_mchid": SUB_MCHID, "sub_appid": SUB_APPID });
    let path = format!("/wechat/{MCHID}/sub_merchants");
    assert_eq!(merchant.control("POST", &path, sub).await.0, 200);
    merchant
}

fn order(merchant: &Merchant, number: &str) -> Value {
    json!({
        "sp_appid": APPID, "sp_mchid": MCHID, "sub_mchid": SUB_MCHID, "description": "一杯茶",
        "out_trade_no": number, "notify_url": merchant.notices.url(), "attach": "桌号7",
        "amount": { "total": 100, "currency": "CNY" },
    })
}

async fn place(merchant: &Merchant, product: &str, body: &Value) -> Answer {
    let target = format!("/v3/pay/partner/transactions/{product}");
    merchant.call("POST", &target, &body.to_string()).await
}

async fn query(merchant: &Merchant, path: &str, sub_mchid: &str) -> Answer {
    let target =
        format!("/v3/pay/partner/transactions/{path}?sp_mchid={MCHID}&sub_mchid={sub_mchid}");
    merchant.call("GET", &target, "").await
}

async fn end(merchant: &Merchant, number: &str, verb: &str, body: Value) -> Answer {
    let target = format!("/v3/pay/partner/transactions/out-trade-no/{number}/{verb}");
    merchant.call("POST", &target, &body.to_string()).await
}

fn ids() -> Value {
    json!({ "sp_mchid": MCHID, "sub_mchid": SUB_MCHID })
}

#[tokio::test]
async fn a_native_order_is_queried_paid_told_and_refunded_in_the_providers_names() {
    let merchant = provider().await;
    let placed = place(&merchant, "native", &order(&merchant, "order_000001")).await;
    assert_eq!(placed.status, 200, "{placed:?}");
    let unpaid = query(&merchant, "out-trade-no/order_000001", SUB_MCHID).await;
    assert_eq!(unpaid.body["trade_state"], "NOTPAY");
    merchant
        .pay(placed.body["code_url"].as_str().unwrap(), "order_000001")
        .await;
    let paid = query(&merchant, "out-trade-no/order_000001", SUB_MCHID)
        .await
        .body;
    let names = ["sp_appid", "sp_mchid", "sub_mchid"].map(|name| paid[name].clone());
    assert_eq!(names, [json!(APPID), json!(MCHID), json!(SUB_MCHID)]);
    for name in ["appid", "mchid", "sub_appid"] {
        assert!(paid.get(name).is_none(), "{name}");
    }
    assert!(paid["payer"]["sp_openid"].is_string());
    let id = paid["transaction_id"].as_str().unwrap();
    let by_id = query(&merchant, &format!("id/{id}"), SUB_MCHID).await;
    assert_eq!(by_id.body, paid);
    let (_, told) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(told, paid);
    // The ledger's trade is the provider's: its numbers are unique over all sub-merchants.
    let (trades, _) = merchant.ledger().await;
    assert_eq!((trades.len(), &trades[0]["account"]), (1, &json!(MCHID)));

    let mut body = merchant.refund_body("order_000001", "refund_1", 40);
    let target = "/v3/refund/domestic/refunds";
    let direct = merchant.call("POST", target, &body.to_string()).await;
    assert_eq!(direct.code(), (404, "RESOURCE_NOT_EXISTS"));
    body["sub_mchid"] = json!(SUB_MCHID);
    let accepted = merchant.call("POST", target, &body.to_string()).await;
    assert_eq!(accepted.status, 200, "{accepted:?}");
    let found = format!("{target}/refund_1?sub_mchid={SUB_MCHID}");
    let found = merchant.call("GET", &found, "").await;
    assert_eq!(found.body["refund_id"], accepted.body["refund_id"]);
    let direct = merchant
        .call("GET", &format!("{target}/refund_1"), "")
        .await;
    assert_eq!(direct.status, 404);
    merchant
        .control("POST", "/refunds/refund_1", json!({ "state": "SUCCESS" }))
        .await;
    let (event, told) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(event["event_type"], "REFUND.SUCCESS");
    assert_eq!(
        (&told["sp_mchid"], &told["sub_mchid"]),
        (&json!(MCHID), &json!(SUB_MCHID))
    );
    assert!(told.get("mchid").is_none() && told.get("sp_appid").is_none());
    let (_, refunds) = merchant.ledger().await;
    assert_eq!((refunds.len(), &refunds[0]["amount"]), (1, &json!(40)));
}

#[tokio::test]
async fn every_product_is_ordered_for_a_sub_merchant() {
    let merchant = provider().await;
    let app = place(&merchant, "app", &order(&merchant, "order_app")).await;
    assert!(app.body["prepay_id"].is_string(), "{app:?}");
    let mut body = order(&merchant, "order_h5");
    body["scene_info"] = json!({ "payer_client_ip": "127.0.0.1", "h5_info": { "type": "Wap" } });
    let h5 = place(&merchant, "h5", &body).await;
    assert!(h5.body["h5_url"].is_string(), "{h5:?}");
    let mut body = order(&merchant, "order_sp");
    body["payer"] = json!({ "sp_openid": "oProvider" });
    assert_eq!(place(&merchant, "jsapi", &body).await.status, 200);
    // An openid of the sub-merchant's needs its appid.
    let mut body = order(&merchant, "order_sub");
    body["payer"] = json!({ "sub_openid": "oSub" });
    let refused = place(&merchant, "jsapi", &body).await;
    assert_eq!(refused.body["detail"]["field"], "/payer/sub_openid");
    body["sub_appid"] = json!(SUB_APPID);
    let placed = place(&merchant, "jsapi", &body).await;
    assert_eq!(placed.status, 200, "{placed:?}");

    // The page calls the wallet under the sub-merchant's appid, signed by the provider.
    let (time, id) = (wall_seconds(), placed.body["prepay_id"].as_str().unwrap());
    let sign = |appid: &str| {
        let signed = merchant.sign(&format!("{appid}\n{time}\nn1\nprepay_id={id}\n"));
        json!({
            "appId": appid, "timeStamp": time.to_string(), "nonceStr": "n1",
            "package": format!("prepay_id={id}"), "signType": "RSA", "paySign": signed,
        })
    };
    assert_eq!(merchant.open(sign(APPID)).await.0, 422);
    assert_eq!(merchant.open(sign(SUB_APPID)).await.0, 200);
    merchant
        .control("POST", "/trades/order_sub/pay", json!({}))
        .await;
    let paid = query(&merchant, "out-trade-no/order_sub", SUB_MCHID)
        .await
        .body;
    assert_eq!(paid["sub_appid"], SUB_APPID);
    assert_eq!(paid["payer"]["sub_openid"], "oSub");
}

#[tokio::test]
async fn closing_and_reversing_name_provider_and_sub_merchant() {
    let merchant = provider().await;
    place(&merchant, "native", &order(&merchant, "order_000001")).await;
    let direct = json!({ "mchid": MCHID });
    let refused = end(&merchant, "order_000001", "close", direct).await;
    assert_eq!(refused.code(), (400, "PARAM_ERROR"));
    // The direct path does not see a sub-merchant's order.
    assert_eq!(merchant.close("order_000001").await.status, 404);
    assert_eq!(merchant.query("order_000001").await.status, 404);
    assert_eq!(
        end(&merchant, "order_000001", "close", ids()).await.status,
        204
    );

    let show = json!({ "channel": "wechat", "behaviour": "pay" });
    let (_, code) = merchant.control("POST", "/payer/barcode", show).await;
    let body = json!({
        "sp_appid": APPID, "sp_mchid": MCHID, "sub_mchid": SUB_MCHID, "description": "一杯茶",
        "out_trade_no": "order_000002", "payer": { "auth_code": code["auth_code"] },
        "amount": { "total": 100 }, "scene_info": { "store_info": { "id": "0001" } },
    });
    let paid = place(&merchant, "codepay", &body).await;
    assert_eq!(
        (paid.status, &paid.body["sub_mchid"]),
        (200, &json!(SUB_MCHID)),
        "{paid:?}"
    );
    let mut body = ids();
    body["sp_appid"] = json!(APPID);
    let reversed = end(&merchant, "order_000002", "reverse", body.clone()).await;
    body["out_trade_no"] = json!("order_000002");
    assert_eq!((reversed.status, reversed.body), (200, body));
    let (trades, refunds) = merchant.ledger().await;
    let states: Vec<_> = trades.iter().map(|trade| trade["state"].clone()).collect();
    assert_eq!(states, ["CLOSED", "REVOKED"]);
    assert_eq!(refunds[0]["amount"], 100);
}

#[tokio::test]
async fn a_sub_merchant_that_is_not_linked_or_has_another_appid_is_refused() {
    let merchant = provider().await;
    let mut body = order(&merchant, "order_000001");
    body["sub_mchid"] = json!("1900000110");
    let refused = place(&merchant, "native", &body).await;
    assert_eq!(refused.code(), (403, "NO_AUTH"));
    assert!(
        refused.headers["Request-ID"]
            .to_str()
            .unwrap()
            .ends_with("-268443701")
    );
    let mut body = order(&merchant, "order_000001");
    body["sub_appid"] = json!(APPID);
    let refused = place(&merchant, "native", &body).await;
    assert_eq!(refused.code(), (400, "APPID_MCHID_NOT_MATCH"));
    let refused = query(&merchant, "out-trade-no/order_000001", "1900000110").await;
    assert_eq!(refused.code(), (403, "NO_AUTH"));
    // A direct merchant's names have no place here.
    let refused = place(&merchant, "native", &merchant.order("order_000001")).await;
    assert_eq!(refused.body["detail"]["field"], "/sp_appid");
    assert!(merchant.ledger().await.0.is_empty());
}

#[tokio::test]
async fn a_call_for_nobody_is_refused_whatever_it_is() {
    let merchant = provider().await;
    let transactions = "/v3/pay/partner/transactions";
    let mut nobodys = order(&merchant, "order_000001");
    nobodys.as_object_mut().unwrap().remove("sub_mchid");
    let ids = json!({ "sp_mchid": MCHID });
    for (method, path, body) in [
        ("POST", "native", &nobodys),
        ("POST", "jsapi", &nobodys),
        ("POST", "app", &nobodys),
        ("POST", "h5", &nobodys),
        ("POST", "codepay", &nobodys),
        ("POST", "out-trade-no/order_000001/close", &ids),
        ("POST", "out-trade-no/order_000001/reverse", &ids),
    ] {
        let target = format!("{transactions}/{path}");
        let refused = merchant.call(method, &target, &body.to_string()).await;
        assert_eq!(refused.code(), (400, "PARAM_ERROR"), "{path}");
        assert_eq!(refused.body["detail"]["field"], "/sub_mchid", "{path}");
    }
    for path in [
        "out-trade-no/order_000001",
        "id/4200000000000000000000000001",
    ] {
        let target = format!("{transactions}/{path}?sp_mchid={MCHID}");
        let refused = merchant.call("GET", &target, "").await;
        assert_eq!(refused.code(), (400, "PARAM_ERROR"), "{path}");
    }
    assert!(merchant.ledger().await.0.is_empty());
}

#[tokio::test]
async fn one_sub_merchants_bill_has_its_own_rows_only() {
    let merchant = provider().await;
    let code = place(&merchant, "native", &order(&merchant, "order_sub")).await;
    merchant
        .pay(code.body["code_url"].as_str().unwrap(), "order_sub")
        .await;
    let own = merchant.native("order_own").await;
    merchant.pay(&own, "order_own").await;
    let (trades, _) = merchant.ledger().await;
    let paid_at = trades[0]["paid_at"].as_str().unwrap();
    let paid_at = chrono::DateTime::parse_from_rfc3339(paid_at).unwrap();
    let day = (paid_at.naive_utc() + chrono::Duration::hours(8)).date();
    merchant.advance(2 * 86_400).await;
    let rows = async |query: &str| {
        let target = format!("/v3/bill/tradebill?bill_date={day}{query}");
        let answer = merchant.call("GET", &target, "").await;
        let url = answer.body["download_url"].as_str().unwrap();
        let target = url.strip_prefix(&merchant.running.url()).unwrap();
        let plain = Departure::default();
        let (_, _, csv) = merchant.send("GET", target, "", &plain).await.unwrap();
        csv.lines().filter(|line| line.contains("`order_")).count()
    };
    assert_eq!(rows("").await, 2);
    assert_eq!(rows(&format!("&sub_mchid={SUB_MCHID}")).await, 1);
}

#[tokio::test]
async fn faults_falsify_a_partners_notice_in_its_own_names() {
    let merchant = provider().await;
    for (fault, name) in [("wrong_app_id", "sp_appid"), ("wrong_seller", "sub_mchid")] {
        let number = format!("o_{fault}");
        merchant
            .fault(json!({ "method": "notice.wechat", "fault": fault, "times": 1, "out_trade_no": number }))
            .await;
        let code = place(&merchant, "native", &order(&merchant, &number)).await;
        merchant
            .pay(code.body["code_url"].as_str().unwrap(), &number)
            .await;
        let (_, told) = merchant.open_notice(&merchant.notices.next().await);
        let truth = query(&merchant, &format!("out-trade-no/{number}"), SUB_MCHID).await;
        assert_ne!(told[name], truth.body[name], "{fault}");
    }
}

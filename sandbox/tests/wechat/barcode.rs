//! Payment codes: what charging one answers, what the ledger believes, and how a reverse ends it.

use serde_json::{Value, json};

use crate::merchant::{APPID, Answer, MCHID, Merchant};

/// The wallet shows a payment code.
async fn code(merchant: &Merchant, behaviour: &str) -> String {
    let show = json!({ "channel": "wechat", "behaviour": behaviour });
    let (status, body) = merchant.control("POST", "/payer/barcode", show).await;
    assert_eq!(status, 200, "{body}");
    body["auth_code"].as_str().unwrap().to_owned()
}

fn body(out_trade_no: &str, auth_code: &str) -> Value {
    json!({
        "appid": APPID, "mchid": MCHID, "description": "一杯茶", "out_trade_no": out_trade_no,
        "attach": "桌号7", "payer": { "auth_code": auth_code },
        "amount": { "total": 100, "currency": "CNY" },
        "scene_info": { "store_info": { "id": "0001" } },
    })
}

async fn charge(merchant: &Merchant, body: &Value) -> Answer {
    merchant
        .call("POST", "/v3/pay/transactions/codepay", &body.to_string())
        .await
}

async fn charged(merchant: &Merchant, out_trade_no: &str, behaviour: &str) -> Answer {
    let auth_code = code(merchant, behaviour).await;
    charge(merchant, &body(out_trade_no, &auth_code)).await
}

async fn reverse(merchant: &Merchant, out_trade_no: &str) -> Answer {
    let target = format!("/v3/pay/transactions/out-trade-no/{out_trade_no}/reverse");
    let body = json!({ "appid": APPID, "mchid": MCHID });
    merchant.call("POST", &target, &body.to_string()).await
}

/// The one trade of the ledger: its state, and whether money was taken.
async fn trade(merchant: &Merchant) -> (String, bool) {
    let (trades, _) = merchant.ledger().await;
    assert_eq!(trades.len(), 1, "{trades:?}");
    let state = trades[0]["state"].as_str().unwrap().to_owned();
    (state, trades[0]["paid_at"].is_string())
}

/// What was given back, as the ledger believes it.
async fn given_back(merchant: &Merchant) -> Vec<(i64, String)> {
    let (_, refunds) = merchant.ledger().await;
    let of = |refund: &Value| {
        (
            refund["amount"].as_i64().unwrap(),
            refund["state"].as_str().unwrap().to_owned(),
        )
    };
    refunds.iter().map(of).collect()
}

#[tokio::test]
async fn a_code_that_pays_is_answered_with_the_paid_transaction_and_no_notice_comes() {
    let merchant = Merchant::start().await;
    let paid = charged(&merchant, "order_000001", "pay").await;
    assert_eq!(paid.status, 200, "{paid:?}");
    assert_eq!(paid.body["trade_state"], "SUCCESS");
    assert_eq!(paid.body["trade_type"], "MICROPAY");
    assert_eq!(paid.body["amount"]["total"], 100);
    assert_eq!(paid.body["attach"], "桌号7");
    assert!(paid.body["transaction_id"].is_string());
    assert_eq!(paid.body, merchant.query("order_000001").await.body);
    assert_eq!(trade(&merchant).await, ("SUCCESS".to_owned(), true));
    // The first notice is of the next order, which waits for its payer.
    let native = merchant.native("order_000002").await;
    merchant.pay(&native, "order_000002").await;
    let (_, told) = merchant.open_notice(&merchant.notices.next().await);
    assert_eq!(told["out_trade_no"], "order_000002");
}

#[tokio::test]
async fn a_code_that_asks_for_the_password_waits_until_the_payer_decides() {
    let merchant = Merchant::start().await;
    let auth_code = code(&merchant, "ask_password").await;
    let asked = charge(&merchant, &body("order_000001", &auth_code)).await;
    assert_eq!(asked.code(), (202, "USERPAYING"));
    assert_eq!(merchant.state("order_000001").await, "USERPAYING");
    assert_eq!(trade(&merchant).await, ("USERPAYING".to_owned(), false));
    // The same request again changes nothing.
    let again = charge(&merchant, &body("order_000001", &auth_code)).await;
    assert_eq!(again.code(), (202, "USERPAYING"));
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
    let late = charge(&merchant, &body("order_000001", &auth_code)).await;
    assert_eq!(late.code(), (400, "ORDERPAID"));
}

#[tokio::test]
async fn a_payer_who_gives_no_password_leaves_a_payerror_that_only_a_reverse_ends() {
    let merchant = Merchant::start().await;
    charged(&merchant, "order_000001", "ask_password").await;
    merchant
        .control("POST", "/trades/order_000001/cancel", json!({}))
        .await;
    assert_eq!(merchant.state("order_000001").await, "PAYERROR");
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert_eq!(status, 409);
    let close = merchant.close("order_000001").await;
    assert_eq!(close.code(), (400, "INVALID_REQUEST"), "{close:?}");
    assert_eq!(reverse(&merchant, "order_000001").await.status, 200);
    assert_eq!(trade(&merchant).await, ("REVOKED".to_owned(), false));
}

#[tokio::test]
async fn a_refused_code_takes_no_money() {
    let merchant = Merchant::start().await;
    let refused = charged(&merchant, "order_000001", "refuse").await;
    assert_eq!(refused.code(), (403, "NOTENOUGH"));
    assert_eq!(trade(&merchant).await, ("PAYERROR".to_owned(), false));
}

#[tokio::test]
async fn a_system_error_leaves_a_trade_that_may_still_be_paid() {
    let merchant = Merchant::start().await;
    let unknown = charged(&merchant, "order_000001", "silent").await;
    assert_eq!(unknown.code(), (500, "SYSTEM_ERROR"));
    assert_eq!(trade(&merchant).await, ("USERPAYING".to_owned(), false));
    merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert_eq!(trade(&merchant).await, ("SUCCESS".to_owned(), true));
}

#[tokio::test]
async fn a_code_is_good_for_one_minute_and_one_payment_and_must_be_wechats() {
    let merchant = Merchant::start().await;
    let used = code(&merchant, "pay").await;
    charge(&merchant, &body("order_000001", &used)).await;
    let late = code(&merchant, "pay").await;
    merchant.advance(60).await;
    for (auth_code, error) in [
        (used.as_str(), "AUTH_CODE_INVALID"),
        (late.as_str(), "AUTHCODEEXPIRE"),
        ("130000000000000000", "AUTH_CODE_INVALID"),
        ("280000000000000000", "AUTH_CODE_INVALID"),
        ("1300000000000000", "AUTH_CODE_ERROR"),
        ("13000000000000000x", "AUTH_CODE_ERROR"),
    ] {
        let refused = charge(&merchant, &body("order_000002", auth_code)).await;
        assert_eq!(refused.code(), (400, error), "{auth_code}");
    }
    // A code that cannot be used leaves no order behind.
    assert_eq!(trade(&merchant).await, ("SUCCESS".to_owned(), true));
    let good = code(&merchant, "pay").await;
    let paid = charge(&merchant, &body("order_000002", &good)).await;
    assert_eq!(paid.status, 200);
}

#[tokio::test]
async fn a_number_that_is_in_use_is_not_charged_again() {
    let merchant = Merchant::start().await;
    charged(&merchant, "order_000001", "pay").await;
    let other = charged(&merchant, "order_000001", "pay").await;
    assert_eq!(other.code(), (400, "INVALID_REQUEST"), "{other:?}");
    merchant.native("order_000002").await;
    let other = charged(&merchant, "order_000002", "pay").await;
    assert_eq!(other.code(), (400, "INVALID_REQUEST"), "{other:?}");
    assert_eq!(merchant.state("order_000002").await, "NOTPAY");
}

#[tokio::test]
async fn reversing_a_paid_order_gives_all_of_it_back_once() {
    let merchant = Merchant::start().await;
    charged(&merchant, "order_000001", "pay").await;
    for _ in 0..2 {
        let reversed = reverse(&merchant, "order_000001").await;
        assert_eq!(reversed.status, 200);
        let expected = json!({ "appid": APPID, "mchid": MCHID, "out_trade_no": "order_000001" });
        assert_eq!(reversed.body, expected);
    }
    assert_eq!(merchant.state("order_000001").await, "REVOKED");
    assert_eq!(trade(&merchant).await, ("REVOKED".to_owned(), true));
    let back = given_back(&merchant).await;
    assert_eq!(back, [(100, "SUCCESS".to_owned())]);
    let refund = merchant.refund("order_000001", "refund_1", 1).await;
    assert_eq!(refund.code(), (400, "INVALID_REQUEST"));
    // It is the ledger's, and no refund of the merchant's.
    let (_, refunds) = merchant.ledger().await;
    let number = refunds[0]["out_refund_no"].as_str().unwrap();
    let target = format!("/v3/refund/domestic/refunds/{number}");
    let asked = merchant.call("GET", &target, "").await;
    assert_eq!(asked.code(), (404, "RESOURCE_NOT_EXISTS"));
}

#[tokio::test]
async fn reversing_gives_back_what_is_left_after_a_part_was_refunded() {
    let merchant = Merchant::start().await;
    charged(&merchant, "order_000001", "pay").await;
    assert_eq!(
        merchant.refund("order_000001", "refund_1", 30).await.status,
        200
    );
    assert_eq!(reverse(&merchant, "order_000001").await.status, 200);
    let total: i64 = given_back(&merchant).await.iter().map(|(fen, _)| fen).sum();
    assert_eq!(total, 100);
}

#[tokio::test]
async fn reversing_while_the_password_is_asked_for_makes_it_unpayable() {
    let merchant = Merchant::start().await;
    charged(&merchant, "order_000001", "ask_password").await;
    assert_eq!(reverse(&merchant, "order_000001").await.status, 200);
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/pay", json!({}))
        .await;
    assert_eq!(status, 409);
    assert_eq!(trade(&merchant).await, ("REVOKED".to_owned(), false));
    assert_eq!(given_back(&merchant).await, []);
}

#[tokio::test]
async fn money_may_still_arrive_after_a_reverse_when_the_channel_contradicts_itself() {
    let merchant = Merchant::start().await;
    charged(&merchant, "order_000001", "ask_password").await;
    assert_eq!(reverse(&merchant, "order_000001").await.status, 200);
    let (status, _) = merchant
        .control("POST", "/trades/order_000001/force_pay", json!({}))
        .await;
    assert_eq!(status, 200);
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
    assert_eq!(trade(&merchant).await, ("SUCCESS".to_owned(), true));
}

#[tokio::test]
async fn only_barcode_orders_of_the_last_seven_days_can_be_reversed() {
    let merchant = Merchant::start().await;
    assert_eq!(
        reverse(&merchant, "order_000001").await.code(),
        (404, "ORDER_NOT_EXIST")
    );
    merchant.native("order_000001").await;
    assert_eq!(
        reverse(&merchant, "order_000001").await.code(),
        (400, "INVALID_REQUEST")
    );
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
    charged(&merchant, "order_000002", "pay").await;
    merchant.advance(7 * 86_400).await;
    assert_eq!(
        reverse(&merchant, "order_000002").await.code(),
        (400, "REVERSE_EXPIRE")
    );
    assert_eq!(merchant.state("order_000002").await, "SUCCESS");
}

#[tokio::test]
async fn a_reverse_can_be_refused_while_the_payer_is_paying() {
    let merchant = Merchant::start().await;
    charged(&merchant, "order_000001", "ask_password").await;
    merchant
        .fault(json!({ "method": "wechat.reverse", "fault": "too_early", "times": 1 }))
        .await;
    let refused = reverse(&merchant, "order_000001").await;
    assert_eq!(refused.code(), (202, "USERPAYING"));
    assert_eq!(merchant.state("order_000001").await, "USERPAYING");
    assert_eq!(reverse(&merchant, "order_000001").await.status, 200);
}

#[tokio::test]
async fn what_a_scan_must_say_is_missed_by_its_name_and_more_is_refused() {
    let merchant = Merchant::start().await;
    let auth_code = code(&merchant, "pay").await;
    let good = body("order_000001", &auth_code);
    for name in ["payer", "scene_info", "amount", "description", "appid"] {
        let mut body = good.clone();
        body.as_object_mut().unwrap().remove(name);
        let refused = charge(&merchant, &body).await;
        assert_eq!(refused.code(), (400, "PARAM_ERROR"));
        assert_eq!(refused.body["detail"]["field"], format!("/{name}"));
    }
    for name in ["notify_url", "time_expire", "limit_pay", "openid"] {
        let mut body = good.clone();
        body[name] = json!("x");
        let refused = charge(&merchant, &body).await;
        assert_eq!(refused.code(), (400, "PARAM_ERROR"), "{name}");
    }
    // None of them used the code up.
    assert_eq!(charge(&merchant, &good).await.status, 200);
}

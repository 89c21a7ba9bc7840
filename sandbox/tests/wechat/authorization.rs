//! Who may call: every departure from the signing rules is a 401, and everything else is signed.

use serde_json::json;

use crate::merchant::{Departure, MCHID, Merchant};

const TARGET: &str = "/v3/pay/transactions/out-trade-no/never_made?mchid=1900009191";

async fn refused(merchant: &Merchant, departure: Departure, says: &str) {
    let answer = merchant.call_as("GET", TARGET, "", &departure).await;
    assert_eq!(answer.code(), (401, "SIGN_ERROR"));
    let message = answer.body["message"].as_str().unwrap();
    assert!(message.contains(says), "{message}");
}

#[tokio::test]
async fn a_wrong_authorization_is_told_what_is_wrong_with_it() {
    let merchant = Merchant::start().await;
    let whole = |text: &str| Departure {
        authorization: Some(text.to_owned()),
        ..Departure::default()
    };
    refused(&merchant, whole("Basic abc"), "认证类型不正确").await;
    refused(
        &merchant,
        whole("WECHATPAY2-SHA256-RSA2048 mchid='1900009191'"),
        "格式错误",
    )
    .await;
    let skew = |seconds| Departure {
        skew: seconds,
        ..Departure::default()
    };
    refused(&merchant, skew(-310), "不得超过5分钟").await;
    refused(&merchant, skew(310), "不得超过5分钟").await;
    let serial = Some("0000000000000000000000000000000000000000".to_owned());
    refused(
        &merchant,
        Departure {
            serial,
            ..Departure::default()
        },
        "证书序列号",
    )
    .await;
    let mchid = Some("1900000000".to_owned());
    refused(
        &merchant,
        Departure {
            mchid,
            ..Departure::default()
        },
        "1900000000",
    )
    .await;
}

#[tokio::test]
async fn a_request_without_an_authorization_header_is_refused() {
    let merchant = Merchant::start().await;
    let url = format!("{}{TARGET}", merchant.running.url());
    let client = reqwest::Client::builder()
        .tls_certs_only(std::iter::empty())
        .user_agent("nobody")
        .build()
        .unwrap();
    let answer = client
        .get(url)
        .header("Accept", "application/json")
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status().as_u16(), 401);
    assert!(!answer.headers().contains_key("Wechatpay-Signature"));
}

#[tokio::test]
async fn a_signature_over_another_body_shows_what_was_verified() {
    let merchant = Merchant::start().await;
    let body = merchant.order("order_000001").to_string();
    let departure = Departure {
        signed_body: Some(body.replace("100", "1")),
        ..Departure::default()
    };
    let answer = merchant
        .call_as("POST", "/v3/pay/transactions/native", &body, &departure)
        .await;
    assert_eq!(answer.code(), (401, "SIGN_ERROR"));
    let shown = &answer.body["detail"]["sign_information"];
    assert_eq!(shown["method"], "POST");
    assert_eq!(shown["url"], "/v3/pay/transactions/native");
    let message = shown["truncated_sign_message"].as_str().unwrap();
    assert!(
        message.starts_with("POST\n/v3/pay/transactions/native\n"),
        "{message}"
    );
    assert_eq!(answer.body["detail"]["detail"]["issue"], "sign not match");
    assert_eq!(
        merchant.query("order_000001").await.code(),
        (404, "ORDER_NOT_EXIST")
    );
}

#[tokio::test]
async fn the_percent_encoding_of_the_request_line_is_what_is_signed() {
    let merchant = Merchant::start().await;
    merchant.native("AB*_-12").await;
    let target = format!("/v3/pay/transactions/out-trade-no/AB%2A_-12?mchid={MCHID}");
    let answer = merchant.call("GET", &target, "").await;
    assert_eq!(answer.status, 200);
    assert_eq!(answer.body["out_trade_no"], "AB*_-12");
}

#[tokio::test]
async fn a_body_with_spaces_and_escapes_is_verified_as_its_raw_bytes() {
    let merchant = Merchant::start().await;
    let body = format!(
        "{{\"mchid\": \"{MCHID}\", \"appid\": \"{}\", \"description\": \"\\u8336\", \
         \"out_trade_no\": \"escaped_1\", \"notify_url\": \"{}\", \"amount\": {{\"total\": 1}}}}\n",
        crate::merchant::APPID,
        merchant.notices.url(),
    );
    let answer = merchant
        .call("POST", "/v3/pay/transactions/native", &body)
        .await;
    assert_eq!(answer.status, 200, "{answer:?}");
}

#[tokio::test]
async fn the_reply_key_is_the_one_that_the_request_names() {
    let merchant = Merchant::start().await;
    let named = Departure {
        reply_serial: Some(merchant.platform_id.clone()),
        ..Departure::default()
    };
    let answer = merchant.call_as("GET", TARGET, "", &named).await;
    assert_eq!(answer.code(), (404, "ORDER_NOT_EXIST"));
    let unknown = Departure {
        reply_serial: Some("PUB_KEY_ID_0000".to_owned()),
        ..Departure::default()
    };
    let answer = merchant.call_as("GET", TARGET, "", &unknown).await;
    assert_eq!(answer.code(), (400, "PARAM_ERROR"));
}

#[tokio::test]
async fn another_merchants_number_in_the_query_or_body_is_refused() {
    let merchant = Merchant::start().await;
    merchant.native("order_000001").await;
    let other = "/v3/pay/transactions/out-trade-no/order_000001?mchid=1900000000";
    assert_eq!(
        merchant.call("GET", other, "").await.code(),
        (400, "PARAM_ERROR")
    );
    let none = "/v3/pay/transactions/out-trade-no/order_000001";
    assert_eq!(
        merchant.call("GET", none, "").await.code(),
        (400, "PARAM_ERROR")
    );
    let close = "/v3/pay/transactions/out-trade-no/order_000001/close";
    let body = json!({ "mchid": "1900000000" }).to_string();
    assert_eq!(
        merchant.call("POST", close, &body).await.code(),
        (400, "PARAM_ERROR")
    );
    assert_eq!(merchant.state("order_000001").await, "NOTPAY");
}

#[tokio::test]
async fn one_merchant_cannot_see_close_or_refund_the_orders_of_another() {
    let merchant = Merchant::start().await;
    let code = merchant.native("order_000001").await;
    let other = "1900000109";
    merchant.register(other);
    let as_other = Departure {
        mchid: Some(other.to_owned()),
        ..Departure::default()
    };
    let order = "/v3/pay/transactions/out-trade-no/order_000001";
    let body = json!({ "mchid": other }).to_string();
    let (query, close) = (format!("{order}?mchid={other}"), format!("{order}/close"));
    for (method, target, body) in [("GET", &query, ""), ("POST", &close, body.as_str())] {
        let (status, _, text) = merchant
            .send(method, target, body, &as_other)
            .await
            .unwrap();
        assert_eq!(status, 404, "{target}: {text}");
    }
    merchant.pay(&code, "order_000001").await;
    let refund = merchant
        .refund_body("order_000001", "refund_1", 1)
        .to_string();
    let target = "/v3/refund/domestic/refunds";
    let (status, _, text) = merchant
        .send("POST", target, &refund, &as_other)
        .await
        .unwrap();
    assert_eq!(status, 404, "{text}");
    assert_eq!(merchant.state("order_000001").await, "SUCCESS");
}

#[tokio::test]
async fn a_path_that_the_sandbox_does_not_serve_says_so() {
    let merchant = Merchant::start().await;
    for (method, target) in [
        ("GET", "/v3/bill/fundflowbill?bill_date=2026-01-01"),
        ("GET", "/v3/pay/transactions/native"),
        ("POST", "/v3/combine-transactions/native"),
    ] {
        let sent = merchant
            .send(method, target, "", &Departure::default())
            .await
            .unwrap();
        assert_eq!(sent.0, 404, "{target}");
        assert!(sent.2.contains("does not serve"), "{}", sent.2);
    }
}

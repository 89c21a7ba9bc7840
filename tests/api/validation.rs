//! What the interface takes, and what it says about everything else.

use reqwest::Method;
use serde_json::{Value, json};
use till_tests::{Answer, App};

till_tests::stories! {
    amounts_are_whole_positive_fen
    a_field_that_breaks_its_rule_is_named
    what_keeps_the_rules_is_taken_as_it_is
    unknown_and_doubled_fields_are_refused
    a_body_that_is_not_json_is_told_where
    refunds_and_flows_keep_the_same_rules
    nothing_is_written_by_a_refused_request
}

async fn post_text(app: &App, path: &str, body: String) -> Answer {
    let request = app.merchant.request(Method::POST, path);
    app.merchant
        .send(
            request
                .header("content-type", "application/json")
                .body(body),
        )
        .await
}

async fn amounts_are_whole_positive_fen(app: &App) {
    let cases = [
        "0",
        "-1",
        "1.5",
        "1.0",
        "\"100\"",
        "1e3",
        "9223372036854775807",
        "9223372036854775808",
        "18446744073709551616",
        "1000000000001",
        "true",
        "null",
        "[1]",
        "{}",
    ];
    for amount in cases {
        let body = format!(r#"{{"merchant_order_no":"A","amount":{amount},"subject":"tea"}}"#);
        let problem = post_text(app, "/v1/orders", body)
            .await
            .problem(400, "amount_invalid");
        let detail = problem["detail"].as_str().unwrap();
        assert!(
            detail.contains("whole number of fen from 1 to 1000000000000"),
            "{detail}"
        );
        assert_eq!(problem["field"], "amount");
    }
    for amount in [1, 1_000_000_000_000_i64] {
        let order = app.merchant.order(json!({ "amount": amount })).await;
        assert_eq!(order["amount"], amount);
    }
}

/// Changes to a good order, and the field that the refusal must name.
fn bad_fields() -> Vec<(Value, &'static str)> {
    let long = |length: usize| "x".repeat(length);
    let many: serde_json::Map<String, Value> =
        (0..21).map(|key| (format!("k{key}"), json!("v"))).collect();
    vec![
        (json!({ "merchant_order_no": "" }), "merchant_order_no"),
        (json!({ "merchant_order_no": "a b" }), "merchant_order_no"),
        (
            json!({ "merchant_order_no": "a\u{0}" }),
            "merchant_order_no",
        ),
        (json!({ "merchant_order_no": "🍵" }), "merchant_order_no"),
        (json!({ "merchant_order_no": "订单1" }), "merchant_order_no"),
        (json!({ "merchant_order_no": "a/b" }), "merchant_order_no"),
        (
            json!({ "merchant_order_no": long(65) }),
            "merchant_order_no",
        ),
        (json!({ "merchant_order_no": 5 }), "merchant_order_no"),
        (json!({ "subject": "" }), "subject"),
        (json!({ "subject": "  " }), "subject"),
        (json!({ "subject": "a\nb" }), "subject"),
        (json!({ "subject": "a\u{0}b" }), "subject"),
        (json!({ "subject": "茶".repeat(128) }), "subject"),
        (json!({ "subject": null }), "subject"),
        (json!({ "body": long(513) }), "body"),
        (json!({ "body": "\u{7}" }), "body"),
        (json!({ "currency": "USD" }), "currency"),
        (json!({ "currency": "cny" }), "currency"),
        (json!({ "client_ip": "localhost" }), "client_ip"),
        (json!({ "client_ip": "203.0.113.256" }), "client_ip"),
        (json!({ "client_ip": "203.0.113.7:80" }), "client_ip"),
        (json!({ "ways": [] }), "ways"),
        (json!({ "ways": ["ALI_QR", "ALI_QR"] }), "ways"),
        (json!({ "ways": ["CASH"] }), "ways"),
        (json!({ "ways": "ALI_QR" }), "ways"),
        (json!({ "way": "ali_qr" }), "way"),
        (json!({ "openid": "o1" }), "openid"),
        (json!({ "way": "WX_JSAPI" }), "openid"),
        (json!({ "way": "WX_JSAPI", "openid": "o 1" }), "openid"),
        (json!({ "buyer_id": "2088000000000001" }), "buyer_id"),
        (
            json!({ "way": "ALI_QR", "buyer_id": "2088000000000001" }),
            "buyer_id",
        ),
        (json!({ "way": "AUTO_BAR" }), "auth_code"),
        (
            json!({ "way": "AUTO_BAR", "auth_code": "311234567890123456" }),
            "auth_code",
        ),
        (
            json!({ "way": "WX_NATIVE", "auth_code": "101234567890123456" }),
            "auth_code",
        ),
        (json!({ "way": "WX_H5" }), "client_ip"),
        (json!({ "notify_url": "ftp://shop.example/" }), "notify_url"),
        (
            json!({ "notify_url": "https://user:secret@shop.example/" }),
            "notify_url",
        ),
        (json!({ "return_url": "/paid" }), "return_url"),
        (json!({ "return_url": "javascript:alert(1)" }), "return_url"),
        (
            json!({ "return_url": format!("https://shop.example/{}", long(480)) }),
            "return_url",
        ),
        (json!({ "expires_in": 119 }), "expires_in"),
        (json!({ "expires_in": 604_801 }), "expires_in"),
        (json!({ "expires_in": -1 }), "expires_in"),
        (json!({ "expires_in": "7200" }), "expires_in"),
        (json!({ "metadata": many }), "metadata"),
        (json!({ "metadata": { long(41): "v" } }), "metadata"),
        (json!({ "metadata": { "": "v" } }), "metadata"),
        (json!({ "metadata": { "k": long(501) } }), "metadata.k"),
        (json!({ "metadata": { "k": "\u{0}" } }), "metadata.k"),
        (json!({ "metadata": { "k": 1 } }), "metadata.k"),
        (
            json!({ "metadata": { "k": { "deep": "v" } } }),
            "metadata.k",
        ),
        (json!({ "metadata": ["k"] }), "metadata"),
    ]
}

async fn a_field_that_breaks_its_rule_is_named(app: &App) {
    for (changes, field) in bad_fields() {
        let body = app.merchant.order_body(changes.clone());
        let problem = app
            .merchant
            .post("/v1/orders", &body)
            .await
            .problem(400, "invalid_request");
        assert_eq!(problem["field"], field, "{changes}: {problem}");
        assert!(
            problem["detail"].as_str().unwrap().contains(field),
            "{changes}: {problem}"
        );
    }
}

async fn what_keeps_the_rules_is_taken_as_it_is(app: &App) {
    let metadata: serde_json::Map<String, Value> = (0..20)
        .map(|n| (format!("{n:040}"), json!("值".repeat(500))))
        .collect();
    let wish = json!({
        "merchant_order_no": "Az09_-.|*@:".to_owned() + &"x".repeat(53),
        "amount": 8800,
        "currency": "CNY",
        "subject": "茶🍵".to_owned() + &"茶".repeat(125),
        "body": "好".repeat(512),
        "client_ip": "2001:0db8::0001",
        "ways": ["WX_NATIVE", "ALI_QR"],
        "notify_url": "https://shop.example/events?x=1",
        "return_url": "https://shop.example/%E6%94%AF%E4%BB%98/ok",
        "expires_in": 604_800,
        "metadata": metadata,
    });
    let order = app.merchant.post("/v1/orders", &wish).await.expect(201);
    app.merchant.remember(&order);
    let shown = app.merchant.look(&order).await;
    for field in [
        "merchant_order_no",
        "amount",
        "currency",
        "subject",
        "body",
        "ways",
        "notify_url",
        "return_url",
        "metadata",
    ] {
        assert_eq!(shown[field], wish[field], "{field}");
    }
    assert_eq!(shown["status"], "open");
    assert_eq!(shown["object"], "order");
}

async fn unknown_and_doubled_fields_are_refused(app: &App) {
    let good = r#""merchant_order_no":"A","amount":1,"subject":"tea""#;
    let cases = [
        (
            format!(r#"{{{good},"ammount":2}}"#),
            "unknown field `ammount`",
        ),
        (
            format!(r#"{{{good},"amount":2}}"#),
            "duplicate field `amount`",
        ),
        (
            format!(r#"{{{good},"metadata":{{"a":"1","a":"2"}}}}"#),
            "duplicate key `a`",
        ),
        (
            r#"{"amount":1,"subject":"tea"}"#.to_owned(),
            "missing field `merchant_order_no`",
        ),
    ];
    for (body, expected) in cases {
        let answer = post_text(app, "/v1/orders", body.clone()).await;
        let problem = answer.problem(400, "invalid_request");
        assert!(
            problem["detail"].as_str().unwrap().contains(expected),
            "{body}: {problem}"
        );
    }
}

async fn a_body_that_is_not_json_is_told_where(app: &App) {
    let cases = [
        ("{\"amount\": 1,\n  oops}", "line 2 column 3"),
        ("{\"amount\": 1", "line 1 column 12"),
        ("{\"subject\": \"\\ud800\"}", "line 1"),
        ("[]", "one JSON object"),
        ("null", "one JSON object"),
        ("amount=1", "one JSON object"),
        ("{} {}", "line 1"),
    ];
    for (body, expected) in cases {
        let answer = post_text(app, "/v1/orders", body.to_owned()).await;
        let problem = answer.problem(400, "invalid_request");
        assert!(
            problem["detail"].as_str().unwrap().contains(expected),
            "{body}: {problem}"
        );
    }
    let deep = format!("{{\"metadata\":{}", "[".repeat(50_000));
    post_text(app, "/v1/orders", deep)
        .await
        .problem(400, "invalid_request");
}

async fn refunds_and_flows_keep_the_same_rules(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let flows = [
        (json!({}), "missing field `way`"),
        (json!({ "way": "CASH" }), "way"),
        (json!({ "way": "WX_JSAPI" }), "openid"),
        (json!({ "way": "WX_H5" }), "client_ip"),
        (
            json!({ "way": "ALI_QR", "amount": 1 }),
            "unknown field `amount`",
        ),
    ];
    for (wish, expected) in flows {
        let problem = app
            .merchant
            .try_flow(&order, wish)
            .await
            .problem(400, "invalid_request");
        assert!(
            problem["detail"].as_str().unwrap().contains(expected),
            "{problem}"
        );
    }
    for number in ["", "a b", "🍵", &"x".repeat(65)] {
        let problem = app
            .merchant
            .refund(&order, number, 1)
            .await
            .problem(400, "invalid_request");
        assert_eq!(problem["field"], "merchant_refund_no");
    }
    app.merchant
        .refund(&order, "R", 0)
        .await
        .problem(400, "amount_invalid");
}

async fn nothing_is_written_by_a_refused_request(app: &App) {
    let body = app.merchant.order_body(json!({ "amount": 0 }));
    app.merchant
        .post_once("/v1/orders", &body, "key-1")
        .await
        .problem(400, "amount_invalid");
    let number = body["merchant_order_no"].as_str().unwrap();
    let path = format!("/v1/orders?merchant_order_no={number}");
    app.merchant.get(&path).await.problem(404, "not_found");
    let mut mended = body.clone();
    mended["amount"] = json!(100);
    let order = app
        .merchant
        .post_once("/v1/orders", &mended, "key-1")
        .await
        .expect(201);
    app.merchant.remember(&order);
}

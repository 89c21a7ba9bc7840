//! The timeline: only for whoever asks, whole, in order, and without what nobody
//! needs to know.

use reqwest::Method;
use serde_json::{Value, json};
use till_tests::App;

till_tests::stories! {
    it_comes_only_when_it_is_asked_for
    a_notice_that_comes_ten_times_at_once_is_told_once
    each_try_to_tell_the_merchant_is_told_with_what_comes_next
    nobody_learns_who_has_paid
}

fn entries(order: &Value) -> &Vec<Value> {
    order["timeline"].as_array().unwrap()
}

/// The texts of the entries from a source, oldest first.
fn texts<'a>(order: &'a Value, source: &str) -> Vec<&'a str> {
    let of_source = entries(order)
        .iter()
        .filter(|entry| entry["source"] == source);
    of_source
        .map(|entry| entry["text"].as_str().unwrap())
        .collect()
}

async fn it_comes_only_when_it_is_asked_for(app: &App) {
    let order = app
        .merchant
        .order(json!({ "merchant_order_no": "T-1", "way": "ALI_QR" }))
        .await;
    let plain = app.merchant.look(&order).await;
    assert_eq!(plain.get("timeline"), None, "{plain}");
    let by_id = app.merchant.explained(&order).await;
    let path = "/v1/orders?merchant_order_no=T-1&expand=timeline";
    assert_eq!(app.merchant.get(path).await.expect(200), by_id);
    assert_eq!(
        texts(&by_id, "merchant"),
        [
            "the order is made: 88.00 CNY",
            "a flow is made to pay by ALI_QR"
        ]
    );
    assert_eq!(texts(&by_id, "pay"), ["ALI_QR can be paid until its end"]);
    let id = order["id"].as_str().unwrap();
    for expand in ["", "flows", "timeline,flows", "Timeline", "timeline%00"] {
        for path in [
            format!("/v1/orders/{id}?expand={expand}"),
            format!("/v1/orders?merchant_order_no=T-1&expand={expand}"),
        ] {
            let problem = app
                .merchant
                .get(&path)
                .await
                .problem(400, "invalid_request");
            assert_eq!(problem["field"], "expand", "{problem}");
        }
    }
    for path in [
        format!("/v1/orders/{id}?expand=timeline&expand=timeline"),
        format!("/v1/orders/{id}?timeline=true"),
    ] {
        app.merchant
            .get(&path)
            .await
            .problem(400, "invalid_request");
    }
}

async fn a_notice_that_comes_ten_times_at_once_is_told_once(app: &App) {
    app.payer
        .break_it(json!({ "method": "notice.*", "fault": "drop" }))
        .await;
    for (way, account) in [("ALI_QR", "shop_alipay"), ("WX_NATIVE", "shop_wechat")] {
        let order = app.merchant.order(json!({ "way": way })).await;
        let number = app.payer.pay(&order["action"]).await;
        let notice = till_tests::until("a notice was dropped on the way", async || {
            let notices = app.payer.notices(&number).await;
            notices.first().cloned().ok_or(notices)
        })
        .await;
        let sent = (0..10).map(|_| {
            let path = format!("/notify/{account}");
            let mut request = app.merchant.stranger(Method::POST, &path);
            for pair in notice["headers"].as_array().unwrap() {
                request = request.header(pair[0].as_str().unwrap(), pair[1].as_str().unwrap());
            }
            let body = notice["body"].as_str().unwrap().to_owned();
            app.merchant.send(request.body(body))
        });
        for answer in futures_util::future::join_all(sent).await {
            assert!((200..300).contains(&answer.status), "{}", answer.text);
            assert_ne!(answer.text, "fail");
        }
        let now = app.merchant.explained(&order).await;
        assert_eq!(now["status"], "paid", "{now}");
        let told = texts(&now, "notice");
        assert_eq!(told[0], format!("a notice came in for {account}"));
        assert!(told[1].starts_with("paid: 88.00 CNY"), "{told:?}");
        assert_eq!(told.len(), 2, "{told:?}");
    }
    app.payer.mend().await;
}

async fn each_try_to_tell_the_merchant_is_told_with_what_comes_next(app: &App) {
    app.receiver.refuse(&[503]);
    let order = app.merchant.order(json!({ "way": "WX_NATIVE" })).await;
    app.payer.pay(&order["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    till_tests::until("the first try has failed", async || {
        let now = app.merchant.explained(&order).await;
        match texts(&now, "delivery").is_empty() {
            true => Err(now),
            false => Ok(()),
        }
    })
    .await;
    app.advance(60).await;
    app.receiver.event(&order, "order.paid").await;
    let now = till_tests::until("the second try is on record", async || {
        let now = app.merchant.explained(&order).await;
        match texts(&now, "delivery").len() {
            2 => Ok(now),
            _ => Err(now),
        }
    })
    .await;
    let tries = texts(&now, "delivery");
    let first = tries[0];
    assert!(
        first.starts_with("not delivered (HTTP 503): the server answered 503; tried again after 2"),
        "{first}"
    );
    assert_eq!(tries[1], "delivered (HTTP 204)");
    assert_eq!(
        texts(&now, "event"),
        ["order.paid (version 1): the merchant is to be told"]
    );
    let at: Vec<&str> = entries(&now)
        .iter()
        .map(|entry| entry["at"].as_str().unwrap())
        .collect();
    assert!(at.is_sorted(), "{at:?}");
    let about: Vec<&Value> = entries(&now)
        .iter()
        .filter(|entry| entry["source"] == "delivery" || entry["source"] == "event")
        .map(|entry| &entry["subject"])
        .collect();
    let id = order["id"].as_str().unwrap().replacen("ord_", "evt_", 1);
    assert!(
        about.iter().all(|subject| **subject == format!("{id}001")),
        "{about:?}"
    );
}

async fn nobody_learns_who_has_paid(app: &App) {
    let openid = "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o";
    let order = app
        .merchant
        .order(json!({ "way": "WX_JSAPI", "openid": openid, "client_ip": "203.0.113.7" }))
        .await;
    app.payer.pay(&order["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    let id = cashier::id::OrderId::new(order["id"].as_str().unwrap());
    let state = app.gateway.shared.store.load(&id).await.unwrap().unwrap();
    let payer = state.captures[0].payer.clone().unwrap();
    let now = app.merchant.explained(&order).await;
    let told = now["timeline"].to_string();
    let token = state.order.token.as_str();
    for secret in [openid, payer.as_str(), "203.0.113.7", token, "ciphertext"] {
        assert!(!told.contains(secret), "{secret} is in {told}");
    }
}

//! The `till` binary as people run it: the demo started, driven, stopped and
//! started again, and what its log must never hold.
#![cfg(test)]

mod audit;
mod bills;
mod place;
mod process;

use process::Demo;
use serde_json::{Value, json};

/// A payer's identity that no log may hold.
const OPENID: &str = "oCANARYoUpF8uMuAJO_M2pxb1Q9zNjWeS6o";

async fn paid(demo: &Demo, way: Value, number: &str) -> Value {
    let mut order = json!({ "merchant_order_no": number, "amount": 1999, "subject": "tea" });
    order
        .as_object_mut()
        .unwrap()
        .extend(way.as_object().unwrap().clone());
    let made = demo.post("/v1/orders", &order).await;
    assert_eq!(made["status"], "open", "{made}");
    demo.pay(&made["action"]).await;
    let id = made["id"].as_str().unwrap().to_owned();
    demo.until("the order is paid", async || {
        let order = demo.get(&format!("/v1/orders/{id}")).await;
        (order["status"] == "paid").then_some(order)
    })
    .await
}

#[tokio::test]
async fn the_demo_takes_payments_by_both_channels_and_goes_on_after_a_stop() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[]).await;
    let first = paid(&demo, json!({ "way": "ALI_QR" }), "A1").await;
    let second = paid(&demo, json!({ "way": "WX_NATIVE" }), "A2").await;
    assert_eq!(
        (&first["paid_way"], &second["paid_way"]),
        (&json!("ALI_QR"), &json!("WX_NATIVE"))
    );
    let key = demo.ready["api_key"].clone();
    let (status, log) = demo.stop().await;
    assert_eq!(status, Some(0), "{log}");
    assert!(log.contains("the gateway has stopped"), "{log}");

    let again = Demo::start(folder.path(), &[]).await;
    assert_eq!(again.ready["api_key"], key);
    let kept = again.get("/v1/orders?merchant_order_no=A1").await;
    assert_eq!(
        (&kept["id"], &kept["status"]),
        (&first["id"], &json!("paid"))
    );
    paid(&again, json!({ "way": "ALI_PC" }), "A3").await;
    again.stop().await;
}

#[tokio::test]
async fn secrets_and_payers_are_in_no_log_however_much_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let environment = [
        ("TILL__LOG__FILTER", "debug"),
        ("TILL__LOG__FORMAT", "json"),
    ];
    let demo = Demo::start(folder.path(), &environment).await;
    let order = paid(&demo, json!({ "way": "WX_JSAPI", "openid": OPENID }), "C1").await;
    let page = order["checkout_url"].as_str().unwrap().to_owned();
    demo.http.get(&page).send().await.unwrap();
    demo.http
        .get(format!("{page}/status"))
        .send()
        .await
        .unwrap();
    paid(&demo, json!({ "way": "ALI_PC" }), "C2").await;
    let secrets = demo.secrets(&page);
    let (_, log) = demo.stop().await;
    let order = order["id"].as_str().unwrap();
    assert!(log.contains(order), "the log tells nothing of the order");
    for line in log.lines() {
        serde_json::from_str::<Value>(line).unwrap_or_else(|_| panic!("not JSON: {line}"));
    }
    for secret in secrets.iter().map(String::as_str).chain([OPENID]) {
        let leak = log.lines().find(|line| line.contains(secret));
        assert_eq!(leak, None, "{}…", &secret[..8]);
    }
}

#[tokio::test]
async fn every_request_is_counted_and_logged_under_its_id() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[("TILL__LOG__FORMAT", "json")]).await;
    let url = format!("{}/v1/orders/nothing", demo.url("gateway"));
    let answer = demo
        .http
        .get(url)
        .bearer_auth(demo.key())
        .send()
        .await
        .unwrap();
    assert_eq!(answer.status(), 404);
    let id = answer.headers()["x-request-id"]
        .to_str()
        .unwrap()
        .to_owned();
    let metrics = demo
        .http
        .get(format!("{}/metrics", demo.url("metrics")))
        .send()
        .await
        .unwrap();
    let metrics = metrics.text().await.unwrap();
    let counted =
        r#"till_http_requests_total{method="GET",route="/v1/orders/{id}",status="404"} 1"#;
    assert!(metrics.contains(counted), "{metrics}");
    let (_, log) = demo.stop().await;
    let line = log
        .lines()
        .find(|line| line.contains(&id))
        .unwrap_or_else(|| panic!("{log}"));
    let line: Value = serde_json::from_str(line).unwrap();
    assert_eq!(line["http.route"], "/v1/orders/{id}");
    assert_eq!(line["http.status"], 404);
    assert_eq!(line["span"]["request.id"], id);
}

#[tokio::test]
async fn a_second_signal_ends_the_program_at_once() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[]).await;
    // A page that listens keeps a plain stop waiting; here a request that never ends does.
    let open = demo.open_request().await;
    demo.signal("TERM");
    demo.told("stopping").await;
    // Signals that follow at once are the same wish; a later one is another.
    let (status, _) = demo.ended_by("TERM").await;
    assert_eq!(status, Some(130));
    drop(open);
}

#[tokio::test]
async fn when_the_demos_time_is_pushed_ahead_orders_expire_and_the_shop_still_believes_us() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[]).await;
    let order = json!({ "merchant_order_no": "T1", "amount": 100, "subject": "tea" });
    let made = demo.post("/v1/orders", &order).await;
    demo.control("clock", &json!({ "advance_seconds": 7300 }))
        .await;
    let path = format!("/v1/orders/{}", made["id"].as_str().unwrap());
    demo.until("the order has expired", async || {
        let order = demo.get(&path).await;
        (order["close_reason"] == "expired").then_some(())
    })
    .await;
    demo.told("event delivered").await;
}

#[tokio::test]
async fn an_order_is_shown_at_the_terminal_by_its_id_and_by_its_number() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[]).await;
    let order = paid(
        &demo,
        json!({ "way": "WX_JSAPI", "openid": OPENID }),
        "SHOW-1",
    )
    .await;
    let id = order["id"].as_str().unwrap();
    let (status, by_id, complaint) = demo.till(&["order", "show", id]);
    assert_eq!(status, Some(0), "{complaint}");
    let flow = order["flows"][0]["flow_no"].as_str().unwrap();
    for words in [
        id,
        "SHOW-1",
        "19.99 CNY (1999 fen)",
        "a flow is made to pay by WX_JSAPI",
        "order.paid (version 1)",
        &format!("{flow} WX_JSAPI paid"),
        "winner 19.99 CNY (1999 fen)",
        "refunds\n  none",
        "exceptions\n  none",
    ] {
        assert!(by_id.contains(words), "{words} is not in\n{by_id}");
    }
    let token = order["checkout_url"].as_str().unwrap();
    let token = token.rsplit('/').next().unwrap();
    assert!(!by_id.contains(OPENID) && !by_id.contains(token), "{by_id}");
    let (status, by_number, _) = demo.till(&["order", "show", "SHOW-1"]);
    assert_eq!(status, Some(0));
    assert!(by_number.contains(id), "{by_number}");

    let (status, out, complaint) = demo.till(&["order", "show", "SHOW-2"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(
        complaint.contains("there is no order \"SHOW-2\""),
        "{complaint}"
    );

    // Another application's order may have the same number.
    demo.sql(
        "INSERT INTO apps SELECT 'other', merchant_id, name, policy, NULL FROM apps LIMIT 1; \
         CREATE TEMP TABLE twin AS SELECT * FROM orders WHERE merchant_order_no = 'SHOW-1'; \
         UPDATE twin SET id = 'ord_TWIN', token = 'twin', app_id = 'other'; \
         INSERT INTO orders SELECT * FROM twin",
    )
    .await;
    let (status, out, complaint) = demo.till(&["order", "show", "SHOW-1"]);
    assert_eq!((status, out.as_str()), (Some(1), ""));
    assert!(
        complaint.contains("several orders") && complaint.contains("ord_TWIN of --app other"),
        "{complaint}"
    );
    let (status, one, _) = demo.till(&["order", "show", "SHOW-1", "--app", "other"]);
    assert_eq!(status, Some(0));
    assert!(one.contains("ord_TWIN"), "{one}");
    let (status, _, complaint) = demo.till(&["order", "show", "SHOW-1", "--app", "nobody"]);
    assert_eq!(status, Some(1), "{complaint}");
    demo.stop().await;
}

#[tokio::test]
async fn a_database_that_is_not_there_is_not_made_by_looking_at_it() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("nothing.db");
    let url = format!("sqlite://{}?mode=rwc", file.display());
    let (status, _, complaint) = process::till_in(folder.path(), &url, &["order", "show", "A1"]);
    assert_eq!(status, Some(1));
    assert!(complaint.contains("cannot be reached"), "{complaint}");
    assert!(!file.exists());
}

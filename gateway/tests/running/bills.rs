//! `till bill take` beside a running demo: what nobody told of is found in the bill, and
//! a bill that is damaged changes nothing.

use crate::process::Demo;
use cashier::time::{Day, Span, Timestamp};
use serde_json::{Value, json};

/// What could tell of a payment, but for the bill.
const TELLERS: [(&str, &str); 5] = [
    ("notice.*", "drop"),
    ("alipay.trade.query", "http_500"),
    ("alipay.trade.close", "http_500"),
    ("wechat.query", "http_500"),
    ("wechat.close", "http_500"),
];

fn moment(text: &Value) -> Timestamp {
    let moment = chrono::DateTime::parse_from_rfc3339(text.as_str().unwrap()).unwrap();
    Timestamp::from_millis(moment.timestamp_millis())
}

/// An order that is paid, and nobody is told; when that was, by the channel's books.
async fn lost(demo: &Demo, way: &str) -> (Value, Timestamp) {
    let wish = json!({ "merchant_order_no": way, "amount": 1999, "subject": "tea", "way": way });
    let order = demo.post("/v1/orders", &wish).await;
    demo.pay(&order["action"]).await;
    let url = format!("{}/sandbox/ledger", demo.url("sandbox"));
    let ledger: Value = demo
        .http
        .get(url)
        .send()
        .await
        .unwrap()
        .json()
        .await
        .unwrap();
    let trades = ledger["trades"].as_array().unwrap();
    let ours = |trade: &&Value| trade["out_trade_no"] == order["flows"][0]["flow_no"];
    let paid_at = moment(&trades.iter().find(ours).unwrap()["paid_at"]);
    (order, paid_at)
}

/// Lets it be the morning on which the bill of that moment's day is there.
async fn morning_after(demo: &Demo, paid_at: Timestamp) -> Day {
    let day = Day::of(paid_at).unwrap();
    let ready = day.begins().plus(Span::minutes(34 * 60 + 20));
    let clock = demo
        .control("clock", &json!({ "advance_seconds": 0 }))
        .await;
    let left = ready.since(moment(&clock["now"])).as_millis() / 1000;
    let ahead = json!({ "advance_seconds": left });
    demo.control("clock", &ahead).await;
    day
}

async fn status(demo: &Demo, order: &Value) -> Value {
    let path = format!("/v1/orders/{}", order["id"].as_str().unwrap());
    demo.get(&path).await["status"].clone()
}

#[tokio::test]
async fn a_bill_that_is_taken_by_hand_pays_what_nobody_told_of() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[("TILL__BILLS__DAYS_BACK", "0")]).await;
    for (method, fault) in TELLERS {
        let fault = json!({ "method": method, "fault": fault });
        demo.control("faults", &fault).await;
    }
    let shops = [
        ("ALI_QR", "demo_alipay", "alipay.bill_file"),
        ("WX_NATIVE", "demo_wechat", "wechat.bill_file"),
    ];
    for (way, account, file) in shops {
        let (order, paid_at) = lost(&demo, way).await;
        let day = morning_after(&demo, paid_at).await.to_string();
        let words = ["bill", "take", account, &day];

        let fault = json!({ "method": file, "fault": "cut", "times": 1 });
        demo.control("faults", &fault).await;
        let (code, said, complaint) = demo.till(&words);
        assert_eq!((code, said.as_str()), (Some(1), ""), "{complaint}");
        assert!(complaint.contains("nothing of it was taken"), "{complaint}");
        assert_eq!(status(&demo, &order).await, "open", "{account}");

        let (code, said, complaint) = demo.till(&words);
        assert_eq!(code, Some(0), "{complaint}");
        assert!(
            said.contains("1 rows, 1 of them news, 0 of other"),
            "{said}"
        );
        assert_eq!(status(&demo, &order).await, "paid", "{account}");

        let (code, said, complaint) = demo.till(&words);
        assert_eq!(code, Some(0), "{complaint}");
        assert!(said.contains("1 rows, 0 of them news"), "{said}");
    }
    demo.stop().await;
}

#[tokio::test]
async fn a_bill_of_no_account_and_of_no_day_is_said_to_be_none() {
    let folder = tempfile::tempdir().unwrap();
    let demo = Demo::start(folder.path(), &[]).await;
    let (code, said, complaint) = demo.till(&["bill", "take", "nobody", "2026-11-24"]);
    assert_eq!((code, said.as_str()), (Some(1), ""), "{complaint}");
    assert!(complaint.contains("nobody has no bills"), "{complaint}");
    let (code, said, complaint) = demo.till(&["bill", "take", "demo_wechat", "2020-01-01"]);
    assert_eq!(code, Some(0), "{complaint}");
    assert!(said.contains("has no bill of 2020-01-01"), "{said}");
    demo.stop().await;
}

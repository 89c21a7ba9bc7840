//! The pull side: what was told can be read again, page by page, whether or not
//! it was delivered.

use super::telling::{closed, delivered, page};
use serde_json::{Value, json};
use std::collections::BTreeSet;
use till_tests::App;

till_tests::stories! {
    events_are_read_page_by_page_and_what_comes_later_follows
    one_merchant_does_not_see_what_another_was_told
}

async fn events_are_read_page_by_page_and_what_comes_later_follows(app: &App) {
    let mut orders = Vec::new();
    for _ in 0..7 {
        orders.push(closed(&app.merchant, json!({})).await["id"].clone());
    }
    let (mut after, mut sizes, mut told) = (String::new(), Vec::new(), Vec::<Value>::new());
    loop {
        let page = page(&app.merchant, &format!("?limit=3{after}")).await;
        let events = page["data"].as_array().unwrap();
        sizes.push(events.len());
        told.extend(events.iter().cloned());
        after = format!("&after={}", page["next"].as_str().unwrap());
        if page["has_more"] == false {
            break;
        }
    }
    assert_eq!(sizes, [3, 3, 1]);
    let of: Vec<Value> = told.iter().map(|event| event["order_id"].clone()).collect();
    assert_eq!(of, orders, "oldest first, each once");
    let ids: BTreeSet<&str> = told
        .iter()
        .map(|event| event["id"].as_str().unwrap())
        .collect();
    assert_eq!(ids.len(), 7);
    let empty = page(&app.merchant, &format!("?limit=3{after}")).await;
    assert_eq!(
        (&empty["data"], &empty["has_more"]),
        (&json!([]), &json!(false))
    );
    assert_eq!(after, format!("&after={}", empty["next"].as_str().unwrap()));
    let later = closed(&app.merchant, json!({})).await;
    let next = page(&app.merchant, &format!("?limit=3{after}")).await;
    assert_eq!(next["data"].as_array().unwrap().len(), 1);
    assert_eq!(next["data"][0]["order_id"], later["id"]);
}

async fn one_merchant_does_not_see_what_another_was_told(app: &App) {
    let mine = closed(&app.merchant, json!({})).await;
    let theirs = closed(&app.other, json!({ "notify_url": app.receiver.url })).await;
    let told = delivered(&app.merchant, &mine).await;
    assert_eq!(told["payload"]["data"]["order"]["id"], mine["id"]);
    let told = delivered(&app.other, &theirs).await;
    assert_eq!(told["payload"]["data"]["order"]["id"], theirs["id"]);
    for (merchant, order) in [(&app.merchant, &mine), (&app.other, &theirs)] {
        let events = page(merchant, "").await;
        assert_eq!(events["data"].as_array().unwrap().len(), 1);
        assert_eq!(events["data"][0]["order_id"], order["id"]);
    }
}

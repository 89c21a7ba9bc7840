//! The pushed status.

use crate::browser::{DESKTOP, Tab};
use reqwest::Method;
use serde_json::{Value, json};
use std::time::Duration;
use till_tests::App;

till_tests::stories! {
    a_page_is_told_of_each_change_and_the_stream_ends_with_paid
}

mod stopping {
    use super::a_stopping_gateway_does_not_wait_for_open_pages;

    till_tests::stories! {
        moving;
        a_stopping_gateway_does_not_wait_for_open_pages
    }
}

/// How long an event may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// A stream, as `EventSource` reads it.
struct Events {
    response: reqwest::Response,
    text: String,
}

impl Events {
    async fn open(tab: &Tab<'_>) -> Events {
        let path = format!("{}/events", tab.page);
        let response = tab.request(Method::GET, &path).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Events {
            response,
            text: String::new(),
        }
    }

    /// The next event's data; `None` at the end of the stream.
    async fn next(&mut self) -> Option<Value> {
        loop {
            if let Some((event, rest)) = self.text.split_once("\n\n") {
                let data = event.strip_prefix("data: ").map(str::to_owned);
                self.text = rest.to_owned();
                match data {
                    Some(data) => return Some(serde_json::from_str(&data).unwrap()),
                    None => continue,
                }
            }
            let chunk = tokio::time::timeout(PATIENCE, self.response.chunk()).await;
            let chunk = chunk.unwrap_or_else(|_| panic!("no event; so far: {:?}", self.text));
            self.text
                .push_str(std::str::from_utf8(&chunk.unwrap()?).unwrap());
        }
    }
}

async fn a_page_is_told_of_each_change_and_the_stream_ends_with_paid(app: &App) {
    let order = app.merchant.order(json!({})).await;
    let tab = Tab::open(app, DESKTOP, &order);
    let mut events = Events::open(&tab).await;
    assert_eq!(events.next().await.unwrap()["state"], "choose");

    tab.choose("WX_NATIVE").await;
    let mut waiting = events.next().await.unwrap();
    while waiting["state"] == "processing" {
        waiting = events.next().await.unwrap();
    }
    assert_eq!(waiting["state"], "waiting");
    let status = tab.get(&format!("{}/status", tab.page)).await;
    assert_eq!(status.json, waiting);
    assert!(tab.look().await.contains(waiting["mark"].as_str().unwrap()));

    let flow = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    app.payer.pay(&flow["action"]).await;
    assert_eq!(events.next().await.unwrap()["state"], "paid");
    assert_eq!(events.next().await, None);
}

pub(crate) async fn a_stopping_gateway_does_not_wait_for_open_pages(app: App) -> App {
    let order = app.merchant.order(json!({})).await;
    let mut events = Events::open(&Tab::open(&app, DESKTOP, &order)).await;
    assert_eq!(events.next().await.unwrap()["state"], "choose");
    let restart = app.restart(async move |_, _| assert_eq!(events.next().await, None));
    tokio::time::timeout(PATIENCE, restart).await.unwrap()
}

//! An endpoint that never answers: it is given up after the deadline and tried
//! again, and it holds up nobody but itself.

use super::endpoint::Endpoint;
use super::telling::{closed, event, tried};
use serde_json::{Value, json};
use till_tests::{App, Options, until};

mod patient {
    use super::a_dead_endpoint_delays_nobody_else;

    till_tests::stories! { a_dead_endpoint_delays_nobody_else }
}

mod impatient {
    use super::{an_endpoint_that_does_not_answer_in_time_is_tried_again, options};

    till_tests::stories! {
        with super::options();
        an_endpoint_that_does_not_answer_in_time_is_tried_again
    }
}

fn options() -> Options {
    Options {
        settings: "webhook.deadline_seconds = 1".to_owned(),
        ..Options::default()
    }
}

/// Shows F71.
async fn a_dead_endpoint_delays_nobody_else(app: &App) {
    let dead = Endpoint::start();
    let url = format!("{}/silent", dead.url);
    let mut waiting: Vec<Value> = Vec::new();
    // More than are sent to one host at once.
    for _ in 0..20 {
        waiting.push(closed(&app.merchant, json!({ "notify_url": url })).await);
    }
    until(
        "the dead endpoint has all that it may have at once",
        async || {
            let visits = dead.visits("/silent");
            if visits == 8 { Ok(()) } else { Err(visits) }
        },
    )
    .await;
    let theirs = closed(&app.other, json!({ "notify_url": app.receiver.url })).await;
    app.receiver.event(&theirs, "order.closed").await;
    let mine = closed(&app.merchant, json!({})).await;
    app.receiver.event(&mine, "order.closed").await;
    // All of that while the dead endpoint was still being waited for.
    for order in &waiting {
        assert_eq!(event(&app.merchant, order).await["attempts"], 0);
    }
    assert_eq!(dead.visits("/silent"), 8);
    dead.stop().await;
}

/// Shows F65.
async fn an_endpoint_that_does_not_answer_in_time_is_tried_again(app: &App) {
    let dead = Endpoint::start();
    let url = format!("{}/silent", dead.url);
    let order = closed(&app.merchant, json!({ "notify_url": url })).await;
    let first = tried(&app.merchant, &order, 1).await;
    assert_eq!(first["delivery"], "pending");
    app.advance(6).await;
    tried(&app.merchant, &order, 2).await;
    assert_eq!(dead.visits("/silent"), 2);
    dead.stop().await;
}

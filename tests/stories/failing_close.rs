//! A close without a usable answer: the old flow stays `closing`, nothing is opened
//! beside it, and the close is asked for again until the channel has said what is so.

use crate::truth::{Records, Truth, come_to_rest, flow};
use serde_json::{Value, json};
use till_tests::{App, Options, until};

till_tests::stories! {
    with super::brief();
    a_close_whose_connection_breaks_before_it_arrives
    a_close_whose_connection_breaks_after_it_was_done
    a_close_that_is_answered_with_500
    a_close_whose_answer_has_a_wrong_signature
    a_close_whose_answer_is_garbage
    a_close_that_is_a_system_error
}

/// Flows that soon come to their end, so that little time has to pass.
fn brief() -> Options {
    Options {
        policy: "flow_minutes = 4".to_owned(),
        ..Options::default()
    }
}

/// How long a call is held before its connection breaks, in milliseconds.
const HELD: u32 = 50;

/// Shows F06.
async fn a_close_whose_connection_breaks_before_it_arrives(app: &App) {
    every_close(app, "timeout_before").await;
}

/// Shows F06.
async fn a_close_whose_connection_breaks_after_it_was_done(app: &App) {
    every_close(app, "timeout_after").await;
}

/// Shows F06.
async fn a_close_that_is_answered_with_500(app: &App) {
    every_close(app, "http_500").await;
}

/// Shows F06.
async fn a_close_whose_answer_has_a_wrong_signature(app: &App) {
    every_close(app, "bad_signature").await;
}

/// Shows F06.
async fn a_close_whose_answer_is_garbage(app: &App) {
    every_close(app, "garbage").await;
}

/// Shows F06.
async fn a_close_that_is_a_system_error(app: &App) {
    every_close(app, "system_error").await;
}

/// The payer after a close without a usable answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Goes {
    Away,
    /// Pays in the old tab while it is being closed, if the channel lets them.
    Back,
    /// Waits, and pays in the new way.
    On,
    /// Tries the old tab, then goes on all the same.
    BackAndOn,
}

/// A switch that was played.
#[derive(Debug)]
struct Switched {
    goes: Goes,
    order: Value,
    /// The number of the old flow.
    old: String,
    old_paid: bool,
    new_paid: bool,
}

const WAYS: [(&str, &str); 4] = [
    ("ALI_PC", "WX_H5"),
    ("ALI_QR", "WX_NATIVE"),
    ("WX_NATIVE", "ALI_QR"),
    ("WX_H5", "ALI_PC"),
];

async fn every_close(app: &App, broken: &str) {
    let mut played = Vec::new();
    for ways in WAYS {
        for goes in [Goes::Away, Goes::Back, Goes::On, Goes::BackAndOn] {
            played.push(switch(app, broken, ways, goes).await);
        }
    }
    let orders: Vec<&Value> = played.iter().map(|switched| &switched.order).collect();
    come_to_rest(app, &orders).await;
    let records = Records::read(app).await;
    for switched in &played {
        check(switched, &records.about(app, &switched.order).await);
    }
}

async fn switch(app: &App, broken: &str, (old, new): (&str, &str), goes: Goes) -> Switched {
    let order = json!({ "client_ip": "203.0.113.7", "expires_in": 300 });
    let order = app.merchant.order(order).await;
    let opened = app.merchant.flow(&order, json!({ "way": old })).await;
    let number = app.payer.open(&opened["action"]).await;
    break_close(app, broken, old, &number).await;

    let refused = app.merchant.try_flow(&order, json!({ "way": new })).await;
    let refused = refused.problem(409, "payment_in_progress");
    assert!(refused["retry_after"].as_u64().unwrap() >= 1, "{refused}");
    let now = app.merchant.look(&order).await;
    assert_eq!(
        now["flows"].as_array().unwrap().len(),
        1,
        "nothing is opened beside it: {now}"
    );
    assert_eq!(flow(&now, &number)["status"], "closing");

    let goes_back = matches!(goes, Goes::Back | Goes::BackAndOn);
    let old_paid = goes_back && app.payer.try_confirm(&number).await;
    let new_paid = matches!(goes, Goes::On | Goes::BackAndOn) && go_on(app, &order, new).await;
    Switched {
        goes,
        order,
        old: number,
        old_paid,
        new_paid,
    }
}

async fn break_close(app: &App, broken: &str, way: &str, number: &str) {
    let method = if way.starts_with("ALI") {
        "alipay.trade.close"
    } else {
        "wechat.close"
    };
    let fault = json!({
        "method": method, "fault": broken, "times": 1, "delay_ms": HELD, "out_trade_no": number
    });
    app.payer.break_it(fault).await;
}

fn check(switched: &Switched, truth: &Truth) {
    let Switched {
        goes,
        old,
        old_paid,
        new_paid,
        ..
    } = switched;
    truth.tells("no usable answer to the close (");
    let end = if *old_paid { "paid" } else { "closed" };
    assert_eq!(truth.flow(old)["status"], end, "{goes:?} {truth:#?}");
    assert_eq!(
        truth.paid.len(),
        usize::from(*old_paid || *new_paid),
        "{goes:?} {truth:#?}"
    );
    if *goes == Goes::On {
        assert!(new_paid, "{truth:#?}");
    }
    if truth.paid.is_empty() {
        truth.is_closed("expired")
    } else {
        truth.is_paid_once()
    }
}

/// Asks for the new way until it is there, and pays in it. `false`: the order was
/// paid in the old one.
async fn go_on(app: &App, order: &Value, way: &str) -> bool {
    let answer = until("the new way is there, or none is needed", async || {
        let answer = app.merchant.try_flow(order, json!({ "way": way })).await;
        if answer.status == 201 || answer.json["code"] == "order_paid" {
            return Ok(answer);
        }
        assert_eq!(
            answer.json["code"], "payment_in_progress",
            "{}",
            answer.text
        );
        app.advance(1).await;
        Err(answer)
    })
    .await;
    if answer.status != 201 {
        return false;
    }
    app.payer.pay(&answer.json["action"]).await;
    true
}

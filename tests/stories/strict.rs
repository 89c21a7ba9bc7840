//! The policy `switch = "strict"`: no second flow while the first can still be paid.

use crate::truth::{Truth, come_to_rest, flow};
use serde_json::{Value, json};
use till_tests::{App, Options, until};

till_tests::stories! {
    with super::strict();
    what_nobody_has_entered_yet_holds_the_other_way_up_until_it_has_expired
    what_was_entered_meanwhile_is_closed_and_the_other_way_opens
    the_old_page_is_paid_while_the_other_way_is_refused
}

fn strict() -> Options {
    Options {
        policy: r#"switch = "strict""#.to_owned(),
        ..Options::default()
    }
}

/// How long a flow can be paid, and how long after it may turn out to be paid, in
/// seconds.
const FLOW_LIFE: u64 = 900;
const MARGIN: u64 = 60;

/// An order with an Alipay flow that nobody has entered.
async fn begun(app: &App) -> (Value, Value) {
    let order = app.merchant.order(json!({})).await;
    let alipay = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    (order, alipay)
}

/// The change of way is refused; the seconds that the payer is told to wait.
async fn refused(app: &App, order: &Value) -> u64 {
    let answer = app
        .merchant
        .try_flow(order, json!({ "way": "WX_NATIVE" }))
        .await;
    let header = answer.header("retry-after").to_owned();
    let problem = answer.problem(409, "payment_in_progress");
    assert_eq!(problem["retry_after"].to_string(), header);
    problem["retry_after"].as_u64().unwrap()
}

/// Shows F03, F08.
async fn what_nobody_has_entered_yet_holds_the_other_way_up_until_it_has_expired(app: &App) {
    let (order, alipay) = begun(app).await;
    let number = alipay["flow"]["flow_no"].as_str().unwrap();
    let wait = refused(app, &order).await;
    assert!((FLOW_LIFE..=FLOW_LIFE + MARGIN).contains(&wait), "{wait}");
    let now = app.merchant.look(&order).await;
    assert_eq!(flow(&now, number)["status"], "live", "it is open again");
    // Half of the time later the answer is the same, and the first way still works.
    app.advance(450).await;
    let wait = refused(app, &order).await;
    assert!(wait <= FLOW_LIFE + MARGIN - 450, "{wait}");
    let same = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    assert_eq!(same["flow"]["flow_no"], alipay["flow"]["flow_no"]);

    let wechat = until("the other way opens", async || {
        let answer = app
            .merchant
            .try_flow(&order, json!({ "way": "WX_NATIVE" }))
            .await;
        app.advance(5).await;
        if answer.status == 201 {
            Ok(answer.json)
        } else {
            Err(answer)
        }
    })
    .await;
    let now = app.merchant.look(&order).await;
    assert_eq!(flow(&now, number)["status"], "expired", "{now}");
    assert!(
        app.payer.try_pay(&alipay["action"]).await.is_none(),
        "its time is over"
    );
    app.payer.pay(&wechat["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    let truth = Truth::of(app, &order).await;
    truth.is_paid_once();
    truth.tells("the change of way is refused until this flow has expired (policy: strict)");
    truth.tells("its time is over and the channel knows nothing of it: expired");
}

/// Shows F04.
async fn what_was_entered_meanwhile_is_closed_and_the_other_way_opens(app: &App) {
    let (order, alipay) = begun(app).await;
    refused(app, &order).await;
    let number = app.payer.open(&alipay["action"]).await;
    // A channel that has just refused a close is left alone for three seconds.
    app.advance(4).await;
    let wechat = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    let now = app.merchant.look(&order).await;
    assert_eq!(flow(&now, &number)["status"], "closed");
    assert!(
        !app.payer.try_confirm(&number).await,
        "Alipay has closed it"
    );
    app.payer.pay(&wechat["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    Truth::of(app, &order).await.is_paid_once();
}

async fn the_old_page_is_paid_while_the_other_way_is_refused(app: &App) {
    let (order, alipay) = begun(app).await;
    refused(app, &order).await;
    app.payer.pay(&alipay["action"]).await;
    app.merchant.until_status(&order, "paid").await;
    let late = app
        .merchant
        .try_flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    late.problem(409, "order_paid");
    come_to_rest(app, &[&order]).await;
    let truth = Truth::of(app, &order).await;
    truth.is_paid_once();
    assert_eq!(
        truth.paid.len(),
        1,
        "there was never a second flow: {truth:#?}"
    );
}

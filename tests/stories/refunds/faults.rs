//! A channel that fails, hangs or lies about a refund: in the end it is one refund,
//! under the one number that it always had.

use super::under_way::{at_the_channel, paid, until_refund};
use serde_json::{Value, json};
use till_tests::{App, Options};

mod in_time {
    use super::{
        a_failing_call_of_alipay, a_failing_call_of_wechat_pay, a_failing_query_of_alipay,
        a_failing_query_of_wechat_pay, a_notice_comes_before_the_answer_of_alipay,
        a_notice_comes_before_the_answer_of_wechat_pay,
        what_is_in_doubt_cannot_be_given_back_again,
    };

    till_tests::stories! {
        a_failing_call_of_alipay
        a_failing_call_of_wechat_pay
        a_failing_query_of_alipay
        a_failing_query_of_wechat_pay
        a_notice_comes_before_the_answer_of_alipay
        a_notice_comes_before_the_answer_of_wechat_pay
        what_is_in_doubt_cannot_be_given_back_again
    }
}

mod hanging {
    use super::{a_channel_hangs_longer_than_till_waits, impatient};

    till_tests::stories! {
        with super::impatient();
        a_channel_hangs_longer_than_till_waits
    }
}

fn impatient() -> Options {
    Options {
        settings: "channels.deadline_seconds = 1".to_owned(),
        ..Options::default()
    }
}

const FAULTS: [&str; 6] = [
    "timeout_before",
    "timeout_after",
    "http_500",
    "garbage",
    "bad_signature",
    "system_error",
];
/// The methods of refunds and of queries about them.
const ALIPAY: [&str; 2] = ["alipay.trade.refund", "alipay.trade.fastpay.refund.query"];
const WECHAT: [&str; 2] = ["wechat.refund", "wechat.refund_query"];

/// Shows F78.
async fn a_failing_call_of_alipay(app: &App) {
    failing_calls(app, "ALI_QR", ALIPAY).await;
}

/// Shows F78.
async fn a_failing_call_of_wechat_pay(app: &App) {
    failing_calls(app, "WX_NATIVE", WECHAT).await;
}

async fn a_failing_query_of_alipay(app: &App) {
    failing_queries(app, "ALI_QR", ALIPAY).await;
}

async fn a_failing_query_of_wechat_pay(app: &App) {
    failing_queries(app, "WX_NATIVE", WECHAT).await;
}

/// Each fault strikes the refund itself, once and three times in a row.
async fn failing_calls(app: &App, way: &str, [refund, _]: [&str; 2]) {
    for fault in FAULTS {
        // Where the first call did it all, there is no second one to be struck.
        let done_at_once = matches!(fault, "timeout_after" | "garbage" | "bad_signature");
        for times in if done_at_once { vec![1] } else { vec![1, 3] } {
            one_refund(app, way, &[fault_of(refund, fault, times)]).await;
        }
    }
}

/// A refund without an answer, and then each fault strikes the question about it.
async fn failing_queries(app: &App, way: &str, [refund, query]: [&str; 2]) {
    for lost in ["timeout_before", "timeout_after"] {
        for fault in FAULTS {
            let faults = [fault_of(refund, lost, 1), fault_of(query, fault, 2)];
            one_refund(app, way, &faults).await;
        }
    }
}

fn fault_of(method: &str, fault: &str, times: u32) -> Value {
    json!({ "method": method, "fault": fault, "times": times, "delay_ms": 30 })
}

/// Refunds a part of an order under these faults, while no notice helps, and checks
/// that each fault struck and that the refund was made once.
async fn one_refund(app: &App, way: &str, faults: &[Value]) {
    let order = paid(app, way, 8800).await;
    for fault in faults {
        app.payer.break_it(fault.clone()).await;
    }
    app.payer
        .break_it(json!({ "method": "notice.*", "fault": "drop" }))
        .await;
    let number = format!("R-{}", order["merchant_order_no"].as_str().unwrap());
    let refund = app.merchant.refund(&order, &number, 800).await.expect(201);
    let again = app.merchant.refund(&order, &number, 800).await.expect(200);
    assert_eq!(again["id"], refund["id"]);
    let now = until_refund(app, &order, &refund, "succeeded").await;
    for armed in app.sandbox.sandbox().faults().armed() {
        let wanted = armed.order.times.map_or(armed.fired, u64::from);
        assert_eq!(armed.fired, wanted, "{:?}", armed.order);
    }
    app.payer.mend().await;
    once(app, &now, &refund).await;
}

async fn once(app: &App, order: &Value, refund: &Value) {
    let books = at_the_channel(app, order).await;
    assert_eq!(books.len(), 1, "{books:?}");
    assert_eq!(books[0]["out_refund_no"], refund["id"]);
    assert_eq!(books[0]["amount"], refund["amount"]);
    assert_eq!(order["amount_refunded"], refund["amount"]);
    assert_eq!(order["refunds"].as_array().unwrap().len(), 1);
    app.receiver.event(order, "refund.succeeded").await;
    assert_eq!(app.receiver.told(order, "refund.succeeded"), 1);
    assert_eq!(app.receiver.told(order, "refund.failed"), 0);
}

/// Shows F54, F78.
async fn a_channel_hangs_longer_than_till_waits(app: &App) {
    for (way, [refund, query]) in [("ALI_QR", ALIPAY), ("WX_NATIVE", WECHAT)] {
        for fault in ["timeout_before", "timeout_after"] {
            let hang = |method: &str| json!({ "method": method, "fault": fault, "times": 1 });
            one_refund(app, way, &[hang(refund), hang(query)]).await;
        }
    }
}

/// Shows F31.
async fn a_notice_comes_before_the_answer_of_alipay(app: &App) {
    let order = paid(app, "ALI_QR", 8800).await;
    hold(app, "alipay.trade.refund").await;
    let (refund, ()) = futures_util::future::join(
        app.merchant.refund(&order, "EARLY", 800),
        until_back(app, &order),
    )
    .await;
    let refund = refund.expect(201);
    let now = until_refund(app, &order, &refund, "succeeded").await;
    once(app, &now, &refund).await;
}

/// Shows F31.
async fn a_notice_comes_before_the_answer_of_wechat_pay(app: &App) {
    let order = paid(app, "WX_NATIVE", 8800).await;
    hold(app, "wechat.refund").await;
    let channel = async {
        let what = "WeChat Pay has taken the refund";
        let number = till_tests::until(what, async || {
            let books = at_the_channel(app, &order).await;
            let number = books
                .first()
                .and_then(|refund| refund["out_refund_no"].as_str());
            number.map(str::to_owned).ok_or(books)
        })
        .await;
        app.payer.settle_refund(&number, "SUCCESS").await;
        until_back(app, &order).await;
    };
    let asked = app.merchant.refund(&order, "EARLY", 800);
    let (refund, ()) = futures_util::future::join(asked, channel).await;
    let refund = refund.expect(201);
    let now = until_refund(app, &order, &refund, "succeeded").await;
    once(app, &now, &refund).await;
}

/// The next call is carried out, but its answer is held back and then lost.
async fn hold(app: &App, method: &str) {
    let fault = json!({ "method": method, "fault": "timeout_after", "times": 1, "delay_ms": 3000 });
    app.payer.break_it(fault).await;
}

/// Waits until the money is back, as the notice says, while the answer is held.
async fn until_back(app: &App, order: &Value) {
    let what = "the notice settles the refund";
    app.merchant
        .until_order(order, what, |now| now["amount_refunded"] == 800)
        .await;
}

/// Shows F78.
async fn what_is_in_doubt_cannot_be_given_back_again(app: &App) {
    for (way, [refund, query]) in [("ALI_QR", ALIPAY), ("WX_NATIVE", WECHAT)] {
        let order = paid(app, way, 8800).await;
        app.payer
            .break_it(fault_of(refund, "timeout_before", 1))
            .await;
        app.payer
            .break_it(json!({ "method": query, "fault": "http_500" }))
            .await;
        let number = format!("{way}-DOUBT");
        let doubtful = app.merchant.refund(&order, &number, 8000).await.expect(201);
        assert_eq!(doubtful["status"], "unknown");
        let more = app
            .merchant
            .refund(&order, &format!("{way}-MORE"), 801)
            .await;
        assert_eq!(
            more.problem(409, "refund_exceeds_capture")["refundable"],
            800
        );
        app.payer.mend().await;
        let now = until_refund(app, &order, &doubtful, "succeeded").await;
        assert_eq!(now["amount_refunded"], 8000);
        assert_eq!(at_the_channel(app, &order).await.len(), 1);
    }
}

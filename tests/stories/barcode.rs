//! Payments by the code that the payer shows at a counter, with each channel and each
//! protocol: what the payer was told holds, and at rest ledger and order agree.

use crate::truth::{Truth, come_to_rest, flow, until_idle};
use serde_json::{Value, json};
use till_tests::{Answer, App, Options, Protocol, until};

/// The stories of a counter, with each wallet: `barcode::wechat_v2::on_sqlite::STORY`.
macro_rules! with_each_wallet {
    ($($story:ident)+) => {
        with_each_wallet!(@ alipay ALIPAY $($story)+);
        with_each_wallet!(@ wechat_v3 WECHAT_V3 $($story)+);
        with_each_wallet!(@ wechat_v2 WECHAT_V2 $($story)+);
    };
    (@ $module:ident $wallet:ident $($story:ident)+) => {
        mod $module {
            use super::$wallet as WALLET;

            till_tests::stories! {
                with crate::barcode::counter(super::WALLET.protocol);
                $($story)+
            }

            $(async fn $story(app: &till_tests::App) {
                super::$story(app, &WALLET).await;
            })+
        }
    };
}

with_each_wallet! {
    a_code_that_pays_at_once
    a_payer_who_enters_the_password_after_eight_seconds
    a_payer_who_refuses_at_the_password
    a_payer_who_enters_the_password_in_the_second_of_the_reversal
    a_code_that_is_refused
    a_refusal_that_only_a_question_tells
    a_payment_that_is_never_confirmed
    a_payment_that_is_told_of_after_it_was_taken_back
    a_charge_whose_connection_breaks_before_it_arrives
    a_charge_whose_connection_breaks_after_it_was_done
    a_charge_whose_answer_has_a_wrong_signature
    a_question_without_an_answer_to_believe
    a_reversal_whose_connection_breaks
    a_reversal_of_what_was_paid_without_an_answer_to_believe
    a_code_that_is_scanned_again
    a_request_that_is_sent_again_under_its_key
    a_merchant_who_closes_while_the_payer_decides
}

const ALIPAY: Wallet = Wallet {
    protocol: Protocol::V3,
    channel: "alipay",
    way: "ALI_BAR",
    pay: "alipay.trade.pay",
    query: "alipay.trade.query",
    reverse: "alipay.trade.cancel",
    patience: 60,
};
const WECHAT_V3: Wallet = Wallet {
    protocol: Protocol::V3,
    channel: "wechat",
    way: "WX_BAR",
    pay: "wechat.codepay",
    query: "wechat.query",
    reverse: "wechat.reverse",
    patience: 40,
};
const WECHAT_V2: Wallet = Wallet {
    protocol: Protocol::V2,
    pay: "v2/micropay",
    query: "v2/orderquery",
    reverse: "v2/reverse",
    ..WECHAT_V3
};

/// A wallet and how its channel is called.
struct Wallet {
    /// How WeChat Pay is spoken with.
    protocol: Protocol,
    channel: &'static str,
    way: &'static str,
    /// The channel's methods, as the sandbox calls them.
    pay: &'static str,
    query: &'static str,
    reverse: &'static str,
    /// How many seconds a code may be undecided.
    patience: u32,
}

/// The gateway at a counter, WeChat Pay spoken with by that protocol.
fn counter(protocol: Protocol) -> Options {
    Options {
        counter: Some(protocol),
        ..Options::default()
    }
}

/// An order, and what came of scanning a code of the payer's.
async fn scan(app: &App, wallet: &Wallet, behaviour: &str) -> (Value, Answer) {
    let order = app.merchant.order(json!({ "expires_in": 300 })).await;
    let code = app.payer.barcode(wallet.channel, behaviour).await;
    let wish = json!({ "way": "AUTO_BAR", "auth_code": code });
    let answer = app.merchant.try_flow(&order, wish).await;
    (order, answer)
}

/// The same, where the wallet leaves it open; also the flow's number.
async fn undecided(app: &App, wallet: &Wallet, behaviour: &str) -> (Value, String) {
    let (order, answer) = scan(app, wallet, behaviour).await;
    let flow = answer.expect(202)["flow"].clone();
    assert_eq!(flow["way"], wallet.way);
    (order, flow["flow_no"].as_str().unwrap().to_owned())
}

/// Breaks a method for one payment.
async fn broken(app: &App, method: &str, fault: &str, times: u32, number: Option<&str>) {
    let mut fault = json!({ "method": method, "fault": fault, "times": times, "delay_ms": 50 });
    if let Some(number) = number {
        fault["out_trade_no"] = json!(number);
    }
    app.payer.break_it(fault).await;
}

/// No notice reaches Till.
async fn deaf(app: &App) {
    let fault = json!({ "method": "notice.*", "fault": "drop" });
    app.payer.break_it(fault).await;
}

/// Lets ten seconds pass after ten seconds until the flow has that status. How many
/// seconds that were.
async fn until_flow(app: &App, order: &Value, number: &str, status: &str) -> u32 {
    let passed = std::cell::Cell::new(0);
    until(&format!("the flow is {status}"), async || {
        let now = app.merchant.look(order).await;
        if flow(&now, number)["status"] == status {
            return Ok(());
        }
        app.advance(10).await;
        passed.set(passed.get() + 10);
        until_idle(app, order).await;
        Err(now)
    })
    .await;
    passed.get()
}

/// At rest: this flow paid the order, once, and nothing was ever taken back.
async fn is_paid(app: &App, order: &Value, number: &str) {
    come_to_rest(app, &[order]).await;
    let truth = Truth::of(app, order).await;
    truth.is_paid_once();
    assert_eq!(truth.flow(number)["status"], "paid", "{truth:#?}");
    assert_eq!(truth.paid[0]["out_trade_no"], number, "{truth:#?}");
    assert!(truth.taken_back.is_empty(), "{truth:#?}");
}

/// At rest: nobody has paid anything, whatever was taken for a while.
async fn is_unpaid(app: &App, order: &Value) -> Truth {
    come_to_rest(app, &[order]).await;
    let truth = Truth::of(app, order).await;
    truth.is_closed("expired");
    assert!(truth.paid.is_empty(), "{truth:#?}");
    assert!(
        truth.order["refunds"].as_array().unwrap().is_empty(),
        "a reversal is no refund: {truth:#?}"
    );
    truth
}

async fn a_code_that_pays_at_once(app: &App, wallet: &Wallet) {
    let (order, answer) = scan(app, wallet, "pay").await;
    let paid = answer.expect(201)["flow"].clone();
    assert_eq!(
        (&paid["way"], &paid["status"]),
        (&json!(wallet.way), &json!("paid"))
    );
    assert_eq!(app.merchant.look(&order).await["status"], "paid");
    app.receiver.event(&order, "order.paid").await;
    is_paid(app, &order, paid["flow_no"].as_str().unwrap()).await;
}

async fn a_payer_who_enters_the_password_after_eight_seconds(app: &App, wallet: &Wallet) {
    let (order, number) = undecided(app, wallet, "ask_password").await;
    app.advance(8).await;
    app.payer.confirm(&number).await;
    app.advance(2).await;
    app.merchant.until_status(&order, "paid").await;
    is_paid(app, &order, &number).await;
}

/// The same request under the same key, while the wallet is deciding and afterwards.
async fn a_request_that_is_sent_again_under_its_key(app: &App, wallet: &Wallet) {
    let order = app.merchant.order(json!({ "expires_in": 300 })).await;
    let code = app.payer.barcode(wallet.channel, "ask_password").await;
    let wish = json!({ "way": "AUTO_BAR", "auth_code": code });
    let path = format!("/v1/orders/{}/flows", order["id"].as_str().unwrap());
    let ask = || app.merchant.post_once(&path, &wish, "counter-1");
    let undecided = ask().await.expect(202)["flow"]["flow_no"].clone();
    app.payer.confirm(undecided.as_str().unwrap()).await;
    app.advance(10).await;
    app.merchant.until_status(&order, "paid").await;
    let paid = ask().await.expect(201)["flow"].clone();
    assert_eq!(
        (&paid["flow_no"], &paid["status"]),
        (&undecided, &json!("paid"))
    );
    is_paid(app, &order, undecided.as_str().unwrap()).await;
}

async fn a_code_that_is_refused(app: &App, wallet: &Wallet) {
    let (order, answer) = scan(app, wallet, "refuse").await;
    answer.problem(422, "channel_refused");
    let now = app.merchant.look(&order).await;
    assert_eq!(now["flows"][0]["status"], "failed", "{now}");
    // The payer shows another code.
    let code = app.payer.barcode(wallet.channel, "pay").await;
    let wish = json!({ "way": wallet.way, "auth_code": code });
    let paid = app.merchant.flow(&order, wish).await;
    is_paid(app, &order, paid["flow"]["flow_no"].as_str().unwrap()).await;
}

async fn a_payment_that_is_never_confirmed(app: &App, wallet: &Wallet) {
    for behaviour in ["ask_password", "silent"] {
        let (order, number) = undecided(app, wallet, behaviour).await;
        let passed = until_flow(app, &order, &number, "closed").await;
        assert_eq!(passed, wallet.patience, "{behaviour}");
        assert!(!app.payer.try_confirm(&number).await, "{behaviour}");
        let truth = is_unpaid(app, &order).await;
        assert!(truth.taken_back.is_empty(), "{truth:#?}");
    }
}

/// The payer paid, and nobody told Till until it had taken the payment back.
async fn a_payment_that_is_told_of_after_it_was_taken_back(app: &App, wallet: &Wallet) {
    deaf(app).await;
    let (order, number) = undecided(app, wallet, "ask_password").await;
    broken(app, wallet.query, "timeout_before", 20, Some(&number)).await;
    app.advance(8).await;
    app.payer.confirm(&number).await;
    until_flow(app, &order, &number, "closed").await;
    app.payer.mend().await;
    // WeChat Pay tells of no payment by code.
    if wallet.channel == "alipay" {
        app.payer.notify(&number, "paid", json!({})).await;
        app.payer.answered_notice(&number).await;
    }
    let truth = is_unpaid(app, &order).await;
    assert_eq!(truth.taken_back.len(), 1, "{truth:#?}");
    assert_eq!(truth.flow(&number)["status"], "closed", "{truth:#?}");
    assert!(truth.order["captures"].as_array().unwrap().is_empty());
}

async fn a_charge_whose_connection_breaks_before_it_arrives(app: &App, wallet: &Wallet) {
    broken(app, wallet.pay, "timeout_before", 1, None).await;
    let (order, number) = undecided(app, wallet, "pay").await;
    let passed = until_flow(app, &order, &number, "expired").await;
    assert!(passed >= wallet.patience + 60, "{passed} s");
    let truth = is_unpaid(app, &order).await;
    assert!(truth.taken_back.is_empty(), "{truth:#?}");
}

async fn a_charge_whose_connection_breaks_after_it_was_done(app: &App, wallet: &Wallet) {
    deaf(app).await;
    broken(app, wallet.pay, "timeout_after", 1, None).await;
    let (order, number) = undecided(app, wallet, "pay").await;
    app.advance(10).await;
    app.merchant.until_status(&order, "paid").await;
    is_paid(app, &order, &number).await;
}

/// The reversal itself is not answered, whether it was carried out or not.
async fn a_reversal_whose_connection_breaks(app: &App, wallet: &Wallet) {
    deaf(app).await;
    for fault in ["timeout_before", "timeout_after"] {
        let (order, number) = undecided(app, wallet, "ask_password").await;
        broken(app, wallet.reverse, fault, 1, Some(&number)).await;
        app.merchant.close(&order).await.expect(202);
        until_flow(app, &order, &number, "closed").await;
        let truth = Truth::of(app, &order).await;
        truth.is_closed("requested");
        truth.tells("no usable answer to taking it back");
        assert!(!app.payer.try_confirm(&number).await, "{fault}");
    }
}

/// The counter scans twice, and once more when it is over.
async fn a_code_that_is_scanned_again(app: &App, wallet: &Wallet) {
    let order = app.merchant.order(json!({ "expires_in": 300 })).await;
    let code = app.payer.barcode(wallet.channel, "ask_password").await;
    let wish = json!({ "way": "AUTO_BAR", "auth_code": code });
    let first = app.merchant.try_flow(&order, wish.clone()).await;
    let number = first.expect(202)["flow"]["flow_no"].clone();
    let again = app.merchant.try_flow(&order, wish.clone()).await;
    assert_eq!(again.expect(202)["flow"]["flow_no"], number);
    let number = number.as_str().unwrap();
    until_flow(app, &order, number, "closed").await;
    let over = app.merchant.try_flow(&order, wish).await;
    over.problem(422, "channel_refused");
    is_unpaid(app, &order).await;
}

/// The merchant closes while the wallet waits.
async fn a_merchant_who_closes_while_the_payer_decides(app: &App, wallet: &Wallet) {
    let (order, number) = undecided(app, wallet, "ask_password").await;
    let closed = app.merchant.close(&order).await.expect(200);
    assert_eq!(closed["status"], "closed");
    assert!(!app.payer.try_confirm(&number).await);
    let truth = Truth::of(app, &order).await;
    truth.is_closed("requested");
}

/// The wallet asks, and the payer says no: at WeChat Pay the payment has failed, at
/// Alipay it waits until Till takes it back.
async fn a_payer_who_refuses_at_the_password(app: &App, wallet: &Wallet) {
    let (order, number) = undecided(app, wallet, "ask_password").await;
    app.sandbox.sandbox().cancel(&number, None).unwrap();
    let passed = until_flow(app, &order, &number, "closed").await;
    let wanted = match wallet.channel {
        "wechat" => 10,
        _ => wallet.patience,
    };
    assert_eq!(passed, wanted);
    assert!(!app.payer.try_confirm(&number).await);
    let truth = is_unpaid(app, &order).await;
    assert!(truth.taken_back.is_empty(), "{truth:#?}");
}

/// The payer is sure while the reversal is on its way: before it arrives the payment is
/// made and taken back, after that it cannot be made.
async fn a_payer_who_enters_the_password_in_the_second_of_the_reversal(app: &App, wallet: &Wallet) {
    for held in [None, Some(300), Some(300)] {
        let (order, number) = undecided(app, wallet, "ask_password").await;
        if let Some(delay_ms) = held {
            app.payer
                .break_it(json!({
                    "method": wallet.reverse, "fault": "delay", "times": 1,
                    "delay_ms": delay_ms, "out_trade_no": number
                }))
                .await;
        }
        let confirms = async {
            if held.is_some() {
                until("the reversal has arrived", async || {
                    match app.payer.strikes().await {
                        0 => Err(()),
                        _ => Ok(()),
                    }
                })
                .await;
            }
            app.payer.try_confirm(&number).await
        };
        let (close, was_paid) = tokio::join!(app.merchant.close(&order), confirms);
        app.payer.mend().await;
        if held.is_none() && close.status == 409 {
            // The payer was so early that Till had heard of it.
            close.problem(409, "order_paid");
            is_paid(app, &order, &number).await;
            continue;
        }
        assert!(held.is_none() || was_paid);
        until_flow(app, &order, &number, "closed").await;
        assert!(!app.payer.try_confirm(&number).await);
        come_to_rest(app, &[&order]).await;
        let truth = Truth::of(app, &order).await;
        truth.is_closed("requested");
        assert!(truth.paid.is_empty(), "{truth:#?}");
        assert_eq!(truth.taken_back.len(), usize::from(was_paid), "{truth:#?}");
    }
}

/// The answer that says no is lost; asked, the channel says that it has failed.
async fn a_refusal_that_only_a_question_tells(app: &App, wallet: &Wallet) {
    for fault in ["timeout_after", "bad_signature"] {
        broken(app, wallet.pay, fault, 1, None).await;
        let (order, number) = undecided(app, wallet, "refuse").await;
        assert_eq!(unsettled(app, &order, &number).await, "unknown", "{fault}");
        assert!(!app.payer.try_confirm(&number).await, "{fault}");
        let truth = is_unpaid(app, &order).await;
        assert!(truth.taken_back.is_empty(), "{truth:#?}");
    }
}

/// The status of a flow of an order of which nothing was believed.
async fn unsettled(app: &App, order: &Value, number: &str) -> String {
    let truth = Truth::of(app, order).await;
    truth.is_undecided();
    truth.flow(number)["status"].as_str().unwrap().to_owned()
}

async fn a_charge_whose_answer_has_a_wrong_signature(app: &App, wallet: &Wallet) {
    deaf(app).await;
    for behaviour in ["pay", "ask_password", "silent"] {
        broken(app, wallet.pay, "bad_signature", 1, None).await;
        let (order, number) = undecided(app, wallet, behaviour).await;
        assert_eq!(unsettled(app, &order, &number).await, "unknown");
        if behaviour != "pay" {
            app.payer.confirm(&number).await;
        }
        app.advance(10).await;
        app.merchant.until_status(&order, "paid").await;
        is_paid(app, &order, &number).await;
    }
}

/// The payer paid, and twice the question about it comes to nothing.
async fn a_question_without_an_answer_to_believe(app: &App, wallet: &Wallet) {
    for fault in ["timeout_before", "timeout_after", "bad_signature"] {
        deaf(app).await;
        let (order, number) = undecided(app, wallet, "ask_password").await;
        broken(app, wallet.query, fault, 2, Some(&number)).await;
        app.payer.confirm(&number).await;
        app.advance(10).await;
        until_idle(app, &order).await;
        unsettled(app, &order, &number).await;
        app.advance(10).await;
        until_idle(app, &order).await;
        unsettled(app, &order, &number).await;
        app.advance(10).await;
        app.merchant.until_status(&order, "paid").await;
        is_paid(app, &order, &number).await;
        app.payer.mend().await;
    }
}

/// The payer paid, which nobody told; Till takes it back, and cannot believe what is
/// said to that.
async fn a_reversal_of_what_was_paid_without_an_answer_to_believe(app: &App, wallet: &Wallet) {
    for fault in ["timeout_before", "timeout_after", "bad_signature"] {
        deaf(app).await;
        let (order, number) = undecided(app, wallet, "ask_password").await;
        broken(app, wallet.reverse, fault, 1, Some(&number)).await;
        app.payer.confirm(&number).await;
        let closing = app.merchant.close(&order).await.expect(202);
        assert_eq!(closing["closing"], true, "{fault}");
        assert_eq!(unsettled(app, &order, &number).await, "closing", "{fault}");
        until_flow(app, &order, &number, "closed").await;
        let truth = Truth::of(app, &order).await;
        truth.is_closed("requested");
        truth.tells("no usable answer to taking it back");
        assert!(truth.paid.is_empty(), "{truth:#?}");
        assert_eq!(truth.taken_back.len(), 1, "{truth:#?}");
        app.payer.mend().await;
    }
}

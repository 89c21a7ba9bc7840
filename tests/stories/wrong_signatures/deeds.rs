//! What merchants and workers do that has a method called, each with an answer that is
//! not the channel's.

use super::{Table, arm, deafen, has_struck};
use crate::refunds::under_way::{at_the_channel, paid, until_refund};
use crate::truth::{Truth, come_to_rest, until_idle};
use serde_json::{Value, json};
use till_tests::{App, until};

/// What has a method called.
#[derive(Clone, Copy, Debug)]
pub(super) enum Deed {
    /// A merchant makes an order payable by that way.
    Create(&'static str),
    /// A counter scans a code that pays at once.
    Scan,
    /// Till asks whether a payment was made.
    Query,
    /// A merchant closes an order that the payer has opened.
    Close,
    /// A merchant closes an order whose payer is typing the password.
    Reverse,
    /// A merchant gives a part back.
    Refund,
    /// Till asks whether a refund was made.
    QueryRefund,
}

impl Deed {
    /// Does it once, and disbelieves the answer to `method`.
    pub(super) async fn disbelieved(self, app: &App, table: &Table, method: &str, fault: &str) {
        let what = format!("{method} {fault}");
        match self {
            Deed::Create(way) => create(app, way, method, fault).await,
            Deed::Scan => scan(app, table, method, fault).await,
            Deed::Query => query(app, table, method, fault).await,
            Deed::Close => close(app, table, method, fault).await,
            Deed::Reverse => reverse(app, table, method, fault).await,
            Deed::Refund => refund(app, table, method, fault).await,
            Deed::QueryRefund => query_refund(app, table, method, fault).await,
        }
        assert!(has_struck(app, method), "{what}");
        app.payer.mend().await;
    }
}

/// What is asked for to pay by that way.
fn wish(way: &str) -> Value {
    match way {
        "WX_JSAPI" => json!({ "way": way, "openid": "oUpF8uMuAJO_M2pxb1Q9zNjWeS6o" }),
        "ALI_JSAPI" => json!({ "way": way, "buyer_id": "2088000000000002" }),
        _ => json!({ "way": way }),
    }
}

async fn order(app: &App) -> Value {
    app.merchant
        .order(json!({ "client_ip": "203.0.113.7", "expires_in": 900 }))
        .await
}

/// Nothing was believed: the order is undecided, and its flow has that status. The
/// flow's number.
async fn undecided(app: &App, order: &Value, status: &str) -> String {
    until_idle(app, order).await;
    let truth = Truth::of(app, order).await;
    truth.is_undecided();
    let flows = truth.order["flows"].as_array().unwrap();
    assert_eq!(flows.len(), 1, "{truth:#?}");
    assert_eq!(flows[0]["status"], status, "{truth:#?}");
    flows[0]["flow_no"].as_str().unwrap().to_owned()
}

/// At rest: the order is paid once, and the channel has the same to say.
async fn is_paid(app: &App, order: &Value) {
    come_to_rest(app, &[order]).await;
    let truth = Truth::of(app, order).await;
    truth.is_paid_once();
    assert_eq!(truth.paid.len(), 1, "{truth:#?}");
}

/// At rest: the order is closed, and nobody can pay any more.
async fn is_closed(app: &App, order: &Value, number: &str) {
    come_to_rest(app, &[order]).await;
    let truth = Truth::of(app, order).await;
    truth.is_closed("requested");
    assert!(truth.paid.is_empty() && truth.taken_back.is_empty());
    assert_eq!(truth.flow(number)["status"], "closed", "{truth:#?}");
    assert!(!app.payer.try_confirm(number).await);
}

async fn create(app: &App, way: &str, method: &str, fault: &str) {
    let order = order(app).await;
    arm(app, method, fault).await;
    let answer = app.merchant.try_flow(&order, wish(way)).await;
    answer.problem(503, "channel_unavailable");
    let number = undecided(app, &order, "unknown").await;
    // It was made all the same, and the payer pays it.
    app.payer.force(&number).await;
    is_paid(app, &order).await;
}

async fn scan(app: &App, table: &Table, method: &str, fault: &str) {
    let order = order(app).await;
    let code = app.payer.barcode(table.wallet, "pay").await;
    arm(app, method, fault).await;
    let wish = json!({ "way": "AUTO_BAR", "auth_code": code });
    app.merchant.try_flow(&order, wish).await.expect(202);
    undecided(app, &order, "unknown").await;
    is_paid(app, &order).await;
}

/// A flow that the payer has opened.
async fn opened(app: &App, table: &Table) -> (Value, String) {
    let order = order(app).await;
    let payable = app.merchant.flow(&order, wish(table.way)).await;
    (order, app.payer.open(&payable["action"]).await)
}

/// Lets time pass until the method was called, and it has been dealt with.
async fn until_struck(app: &App, order: &Value, method: &str) {
    until("the method was called", async || {
        if has_struck(app, method) {
            return Ok(());
        }
        app.advance(1).await;
        until_idle(app, order).await;
        Err(app.payer.strikes().await)
    })
    .await;
    until_idle(app, order).await;
}

async fn query(app: &App, table: &Table, method: &str, fault: &str) {
    let (order, number) = opened(app, table).await;
    arm(app, method, fault).await;
    app.payer.confirm(&number).await;
    until_struck(app, &order, method).await;
    undecided(app, &order, "live").await;
    is_paid(app, &order).await;
}

async fn close(app: &App, table: &Table, method: &str, fault: &str) {
    let (order, number) = opened(app, table).await;
    arm(app, method, fault).await;
    app.merchant.close(&order).await.expect(202);
    undecided(app, &order, "closing").await;
    is_closed(app, &order, &number).await;
}

async fn reverse(app: &App, table: &Table, method: &str, fault: &str) {
    let order = order(app).await;
    let code = app.payer.barcode(table.wallet, "ask_password").await;
    let wish = json!({ "way": "AUTO_BAR", "auth_code": code });
    app.merchant.try_flow(&order, wish).await.expect(202);
    arm(app, method, fault).await;
    app.merchant.close(&order).await.expect(202);
    let number = undecided(app, &order, "closing").await;
    is_closed(app, &order, &number).await;
}

/// A refund is neither made nor refused, as far as its merchant is told.
async fn refund_in_doubt(app: &App, order: &Value) {
    until_idle(app, order).await;
    let truth = Truth::of(app, order).await;
    assert_eq!(truth.events, ["order.paid"], "{truth:#?}");
    assert_eq!(truth.order["refunds"][0]["status"], "unknown", "{truth:#?}");
    assert_eq!(truth.order["amount_refunded"], 0, "{truth:#?}");
}

/// In the end the refund was made, once, under its number.
async fn is_refunded(app: &App, order: &Value, refund: &Value) {
    let now = until_refund(app, order, refund, "succeeded").await;
    let books = at_the_channel(app, &now).await;
    assert_eq!(books.len(), 1, "{books:?}");
    assert_eq!(books[0]["out_refund_no"], refund["id"]);
    assert_eq!(books[0]["amount"], refund["amount"]);
    assert_eq!(now["amount_refunded"], refund["amount"]);
    app.receiver.event(order, "refund.succeeded").await;
    assert_eq!(app.receiver.told(order, "refund.succeeded"), 1);
}

async fn refund(app: &App, table: &Table, method: &str, fault: &str) {
    let order = paid(app, table.way, 8800).await;
    arm(app, method, fault).await;
    let refund = app.merchant.refund(&order, &number(&order), 800).await;
    let refund = refund.expect(201);
    refund_in_doubt(app, &order).await;
    is_refunded(app, &order, &refund).await;
}

async fn query_refund(app: &App, table: &Table, method: &str, fault: &str) {
    let order = paid(app, table.way, 8800).await;
    deafen(app).await;
    arm(app, table.refund, "http_500").await;
    arm(app, method, fault).await;
    let refund = app.merchant.refund(&order, &number(&order), 800).await;
    let refund = refund.expect(201);
    until_struck(app, &order, method).await;
    refund_in_doubt(app, &order).await;
    is_refunded(app, &order, &refund).await;
}

fn number(order: &Value) -> String {
    format!("R-{}", order["merchant_order_no"].as_str().unwrap())
}

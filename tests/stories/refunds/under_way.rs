//! A paid order, and its refunds on their way.

use cashier::id::OrderId;
use cashier::refund::Refund;
use cashier::state::OrderState;
use cashier::time::Clock as _;
use serde_json::{Value, json};
use till_tests::{App, until};

/// How many tasks a refund may take to come to its end in these stories.
const MOST_TASKS: u32 = 40;

/// A new order, paid by that way.
pub async fn paid(app: &App, way: &str, amount: i64) -> Value {
    let order = app
        .merchant
        .order(json!({ "way": way, "amount": amount }))
        .await;
    app.payer.pay(&order["action"]).await;
    app.merchant.until_status(&order, "paid").await
}

/// The order, whole.
pub(super) async fn state(app: &App, order: &Value) -> OrderState {
    let id = OrderId::new(order["id"].as_str().unwrap());
    app.gateway.shared.store.load(&id).await.unwrap().unwrap()
}

/// Jumps from one due task of the order's refunds to the next, until the refund has
/// that status. Returns the order as its merchant sees it then.
///
/// # Panics
/// When it never has.
pub async fn until_refund(app: &App, order: &Value, refund: &Value, status: &str) -> Value {
    for _ in 0..MOST_TASKS {
        let wait = until("nobody is busy with the refunds", async || {
            let now = app.clock.now();
            let state = state(app, order).await;
            let open = |refund: &&Refund| !refund.status.is_settled();
            let tasks = state
                .refunds
                .iter()
                .filter(open)
                .filter_map(|refund| refund.next);
            let busy = |next: &cashier::task::Next| next.is_leased(now) || next.due <= now;
            match tasks.clone().any(|next| busy(&next)) {
                true => Err(state.refunds),
                false => Ok(tasks.map(|next| next.due.since(now)).min()),
            }
        })
        .await;
        let shown = app.merchant.look(order).await;
        if status_of(&shown, refund) == status {
            return shown;
        }
        let Some(wait) = wait else {
            panic!("nothing more is done: {shown}")
        };
        app.advance(u32::try_from(wait.as_millis() / 1000 + 1).unwrap())
            .await;
    }
    panic!(
        "after {MOST_TASKS} tasks: {:#?}",
        state(app, order).await.refunds
    );
}

fn status_of<'a>(order: &'a Value, refund: &Value) -> &'a str {
    let refunds = order["refunds"].as_array().unwrap();
    let found = refunds.iter().find(|known| known["id"] == refund["id"]);
    found.unwrap()["status"].as_str().unwrap()
}

/// The refunds of the order in the channels' books.
pub async fn at_the_channel(app: &App, order: &Value) -> Vec<Value> {
    let trade_no = &order["captures"][0]["trade_no"];
    let mut refunds = app.payer.ledger().await["refunds"]
        .as_array()
        .unwrap()
        .clone();
    refunds.retain(|refund| refund["trade_no"] == *trade_no);
    refunds
}

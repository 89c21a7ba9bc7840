//! At rest: once a story is over, what the channels took and gave back must be
//! what the merchant's orders say.

use crate::merchant::Merchant;
use crate::payer::Payer;
use crate::until;
use serde_json::Value;

/// Waits until every order of the merchants agrees with the channels' books.
///
/// # Panics
/// When one never does, showing the order and the sum.
pub(crate) async fn at_rest(merchants: &[&Merchant], payer: &Payer) {
    for merchant in merchants {
        for id in merchant.orders() {
            until(&format!("the books agree about {id}"), async || {
                let order = merchant.get(&format!("/v1/orders/{id}")).await.expect(200);
                let ledger = payer.ledger().await;
                let (wanted, found) = (owed(&order), kept(&order, &ledger));
                if wanted == found {
                    Ok(())
                } else {
                    Err((order, wanted, found))
                }
            })
            .await;
        }
    }
}

/// What the merchant should have of an order, in fen: what was paid less what the
/// merchant gave back, and nothing while it is not paid.
fn owed(order: &Value) -> i64 {
    if order["status"] != "paid" {
        return 0;
    }
    let refunds = order["refunds"].as_array().unwrap().iter();
    let given_back: i64 = refunds
        .filter(|refund| refund["merchant_refund_no"].is_string() && refund["status"] != "failed")
        .map(|refund| refund["amount"].as_i64().unwrap())
        .sum();
    order["amount"].as_i64().unwrap() - given_back
}

/// What the channels took for an order less what they gave back, in fen.
fn kept(order: &Value, ledger: &Value) -> i64 {
    let flows: Vec<&Value> = order["flows"]
        .as_array()
        .unwrap()
        .iter()
        .map(|flow| &flow["flow_no"])
        .collect();
    let trades = ledger["trades"].as_array().unwrap().iter();
    let paid: Vec<&Value> = trades
        .filter(|trade| flows.contains(&&trade["out_trade_no"]) && !trade["paid_at"].is_null())
        .collect();
    let taken: i64 = paid
        .iter()
        .map(|trade| trade["amount"].as_i64().unwrap())
        .sum();
    let refunds = ledger["refunds"].as_array().unwrap().iter();
    let back: i64 = refunds
        .filter(|refund| {
            let of_order = paid
                .iter()
                .any(|trade| trade["trade_no"] == refund["trade_no"]);
            of_order && refund["state"] != "CLOSED" && refund["state"] != "ABNORMAL"
        })
        .map(|refund| refund["amount"].as_i64().unwrap())
        .sum();
    taken - back
}

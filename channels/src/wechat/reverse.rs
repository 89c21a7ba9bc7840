//! Reversals of barcode payments (撤销): `POST
//! /v3/pay/transactions/out-trade-no/{out_trade_no}/reverse`. Only a signed answer
//! confirms one.

use super::client::Client;
use super::codes::{Call, Meaning};
use super::wire::Reverse;
use cashier::channel::{Outcome, Reversed};
use cashier::id::FlowNo;

/// Takes a barcode payment back, paid or not.
pub(super) async fn reverse(client: &Client, flow: &FlowNo) -> Outcome<Reversed> {
    let path = [
        "pay",
        "transactions",
        "out-trade-no",
        flow.as_str(),
        "reverse",
    ];
    let body = Reverse {
        appid: &client.account().appid,
        mchid: &client.account().mchid,
    };
    match client.post(Call::Reverse, &path, &body).await {
        Ok(_) => Outcome::Done(Reversed::Confirmed),
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Closed => Some(Reversed::Confirmed),
            Meaning::Absent => Some(Reversed::NotFound),
            _ => None,
        }),
    }
}

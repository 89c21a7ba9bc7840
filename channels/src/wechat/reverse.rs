//! Reversals of barcode payments (撤销): `POST
//! /v3/pay/transactions/out-trade-no/{out_trade_no}/reverse`. Only a signed answer
//! confirms one.

use super::account::Account;
use super::answer::{read, same, same_seller};
use super::client::Client;
use super::codes::{Call, Meaning};
use super::wire::Taken;
use cashier::channel::{Cause, Outcome, Reversed};
use cashier::id::FlowNo;
use cashier::way::Way;

/// Takes a barcode payment back, paid or not.
pub(super) async fn reverse(client: &Client, flow: &FlowNo) -> Outcome<Reversed> {
    let account = client.account();
    let path = account
        .names
        .payments(&["out-trade-no", flow.as_str(), "reverse"]);
    let body = account.names.seller(Way::WxBar);
    match client.post(Call::Reverse, &path, &body).await {
        Ok(body) => match confirm(account, flow, &body) {
            Ok(()) => Outcome::Done(Reversed::Confirmed),
            Err(cause) => Outcome::Unknown(cause),
        },
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Closed => Some(Reversed::Confirmed),
            Meaning::Absent => Some(Reversed::NotFound),
            Meaning::Paying => Some(Reversed::Again),
            _ => None,
        }),
    }
}

/// Compares a verified answer with what was asked.
fn confirm(account: &Account, flow: &FlowNo, body: &[u8]) -> Result<(), Cause> {
    let taken: Taken = read(body)?;
    same_seller(account.names.same_merchants(&taken.named))?;
    same("out_trade_no", &taken.out_trade_no, flow.as_str())
}

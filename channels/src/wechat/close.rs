//! Closes (关闭订单): `POST /v3/pay/transactions/out-trade-no/{out_trade_no}/close`. Only
//! a signed answer confirms one.

use super::client::Client;
use super::codes::{Call, Meaning};
use cashier::channel::{Closed, Outcome};
use cashier::id::FlowNo;

/// Asks to close an unpaid flow.
pub(super) async fn close(client: &Client, flow: &FlowNo) -> Outcome<Closed> {
    let names = &client.account().names;
    let path = names.payments(&["out-trade-no", flow.as_str(), "close"]);
    let body = names.merchant();
    match client.post(Call::Close, &path, &body).await {
        Ok(_) => Outcome::Done(Closed::Confirmed),
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Closed => Some(Closed::Confirmed),
            Meaning::Absent => Some(Closed::NotFound),
            Meaning::TooEarly => Some(Closed::TooEarly),
            Meaning::NotAllowed => Some(Closed::NotAllowed),
            _ => None,
        }),
    }
}

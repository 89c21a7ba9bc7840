//! Closes (关闭订单): `/pay/closeorder`. Only a signed answer confirms one, and barcode
//! payments are not closed but reversed.

use super::client::Client;
use super::codes::{Call, Meaning};
use super::wire::Fields;
use cashier::channel::{Closed, Outcome};
use cashier::id::FlowNo;

/// Asks to close an unpaid flow.
pub(super) async fn close(client: &Client, flow: &FlowNo) -> Outcome<Closed> {
    let mut asked = Fields::default();
    asked.set("out_trade_no", flow.as_str());
    match client.call(Call::Close, asked).await {
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

//! Payments by the payer's code (付款码支付): `/pay/micropay`. The channel decides, and
//! no notice follows. The order says no end: a minute is the least that WeChat takes,
//! and a reversal ends it sooner.

use super::answer::{cause, same};
use super::client::Client;
use super::codes::{Call, Meaning};
use super::convert;
use super::pay::common;
use super::wire::Fields;
use cashier::channel::{Cause, CauseKind, Outcome, PayRequest, Trade};

/// Takes a payment, or hears that the payer is asked for the password.
pub(super) async fn bar(client: &Client, request: &PayRequest) -> Outcome<Trade> {
    let Some(auth_code) = &request.auth_code else {
        let message = "WX_BAR needs the payer's auth_code";
        return Outcome::NotSent(cause(CauseKind::Mismatch, message));
    };
    let mut order = common(request);
    order.set("auth_code", auth_code);
    match client.call(Call::Bar, order).await {
        Ok(fields) => match paid(request, &fields) {
            Ok(trade) => Outcome::Done(trade),
            Err(cause) => Outcome::Unknown(cause),
        },
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Paying => Some(Trade::Waiting),
            _ => None,
        }),
    }
}

/// A yes is the payment itself.
fn paid(request: &PayRequest, fields: &Fields) -> Result<Trade, Cause> {
    same(fields, "out_trade_no", request.flow_no.as_str())?;
    convert::payment(fields).map(Trade::Paid)
}

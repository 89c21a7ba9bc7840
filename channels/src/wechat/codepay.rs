//! Barcode payments (付款码支付): `POST /v3/pay/transactions/codepay`. The answer is the
//! trade itself, or that the payer is asked for the password; no notice follows.
//!
//! Tencent documents the call and says elsewhere that there is none under APIv3, so an
//! account has to ask for it.

use super::answer::{cause, unknown};
use super::client::Client;
use super::codes::{Call, Meaning};
use super::convert;
use super::query;
use super::wire::{BarcodeOrder, BarcodePayer, BarcodeScene, CNY, OrderAmount, Store};
use cashier::channel::{CauseKind, Offer, Outcome, PayRequest, Trade};
use std::time::Duration;

/// How long somebody stands at the counter for an answer; after that the trade is
/// asked about.
const DEADLINE: Duration = Duration::from_secs(5);

/// Charges the payer whose code was scanned.
pub(super) async fn pay(client: &Client, request: &PayRequest) -> Outcome<Offer> {
    let account = client.account();
    let mismatch = |message: &str| Outcome::NotSent(cause(CauseKind::Mismatch, message));
    if !account.codepay {
        return mismatch("this account has no barcode payments under APIv3: set codepay");
    }
    let Some(auth_code) = request.auth_code.as_deref() else {
        return mismatch("WX_BAR needs the payer's auth_code");
    };
    let order = BarcodeOrder {
        seller: account.names.seller(request.way),
        description: convert::description(&request.subject, request.flow_no.as_str()),
        out_trade_no: request.flow_no.as_str(),
        amount: OrderAmount {
            total: request.amount.fen(),
            currency: CNY,
        },
        payer: BarcodePayer { auth_code },
        // A store has to be named. `id` is one that was registered with WeChat; `out_id` is
        // the merchant's own word for it, and the merchant who collects is the only one that
        // is known here.
        scene_info: BarcodeScene {
            device_ip: request.client_ip.as_deref(),
            store_info: Store {
                out_id: account.names.collector(),
            },
        },
    };
    let path = account.names.payments(&["codepay"]);
    let call = client.post(Call::Codepay, &path, &order);
    match tokio::time::timeout(DEADLINE, call).await {
        Err(_) => unknown(CauseKind::Timeout, "no answer within five seconds"),
        Ok(Ok(body)) => match query::trade(account, &request.flow_no, &body) {
            Ok(trade) => Outcome::Done(Offer::Trade(trade)),
            Err(cause) => Outcome::Unknown(cause),
        },
        Ok(Err(failure)) => failure.outcome(|meaning| match meaning {
            Meaning::Paying => Some(Offer::Trade(Trade::Waiting)),
            _ => None,
        }),
    }
}

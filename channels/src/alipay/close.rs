//! Closing an unpaid flow (alipay.trade.close). Only `10000` is a close: before the
//! payer has scanned there is nothing to close, and what was handed out stays
//! payable; a state that forbids it says neither paid nor closed.

use super::client::{Addresses, Client, Said};
use super::codes::{Call, Meaning};
use super::wire::{ByFlow, TradeClosed};
use cashier::channel::{Closed, Outcome};
use cashier::id::FlowNo;

pub(super) async fn close(client: &Client, flow: &FlowNo) -> Outcome<Closed> {
    let content = ByFlow {
        out_trade_no: flow.as_str(),
    };
    match client
        .ask(Call::Close, &content, Some(flow), Addresses::default())
        .await
    {
        Ok(Said::Yes(TradeClosed {})) => Outcome::Done(Closed::Confirmed),
        Ok(Said::No(no)) => match no.meaning {
            Meaning::NotFound => Outcome::Done(Closed::NotFound),
            Meaning::Ask => Outcome::Done(Closed::NotAllowed),
            _ => no.into_outcome(),
        },
        Err(lost) => lost.into(),
    }
}

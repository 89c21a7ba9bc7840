//! Asking what became of a flow (alipay.trade.query). That Alipay knows no such
//! trade is normal until the payer has scanned or signed in.

use super::client::{Addresses, Client, Said};
use super::codes::{Call, Meaning};
use super::convert;
use super::wire::{ByFlow, Queried};
use cashier::channel::{Cause, CauseKind, Outcome, Trade};
use cashier::id::FlowNo;

pub(super) async fn query(client: &Client, flow: &FlowNo) -> Outcome<Trade> {
    let content = ByFlow {
        out_trade_no: flow.as_str(),
    };
    match client
        .ask(Call::Query, &content, Some(flow), Addresses::default())
        .await
    {
        Ok(Said::Yes(queried)) => trade(client, &queried),
        Ok(Said::No(no)) if no.meaning == Meaning::NotFound => Outcome::Done(Trade::NotFound),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

fn trade(client: &Client, queried: &Queried) -> Outcome<Trade> {
    let said = convert::Said {
        trade_no: &queried.trade_no,
        status: &queried.trade_status,
        total_amount: &queried.total_amount,
        paid_at: queried.send_pay_date.as_deref(),
        refunded: false,
        payer: queried
            .buyer_open_id
            .as_deref()
            .or(queried.buyer_user_id.as_deref()),
    };
    match convert::trade(said, client.now()) {
        Ok(trade) => Outcome::Done(trade),
        Err(detail) => Outcome::Unknown(Cause {
            kind: CauseKind::Unreadable,
            detail,
        }),
    }
}

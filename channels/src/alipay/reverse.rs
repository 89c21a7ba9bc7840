//! Taking a barcode payment back (alipay.trade.cancel), paid or not, within a day. An
//! answer without `action` says that there was no such trade, not that there will be
//! none: a payment that is still on its way may make it.

use super::client::{Addresses, Client, Said};
use super::codes::Call;
use super::wire::{ByFlow, TradeCancelled};
use cashier::channel::{Outcome, Reversed};
use cashier::id::FlowNo;

pub(super) async fn reverse(client: &Client, flow: &FlowNo) -> Outcome<Reversed> {
    let content = ByFlow {
        out_trade_no: flow.as_str(),
    };
    match client
        .ask(Call::Cancel, &content, Some(flow), Addresses::default())
        .await
    {
        Ok(Said::Yes(cancelled)) => Outcome::Done(meant(&cancelled)),
        Ok(Said::No(no)) => no.into_outcome(),
        Err(lost) => lost.into(),
    }
}

fn meant(cancelled: &TradeCancelled) -> Reversed {
    match (cancelled.retry_flag.as_deref(), cancelled.action.as_deref()) {
        (Some("Y"), _) => Reversed::Again,
        (_, Some("close" | "refund")) => Reversed::Confirmed,
        _ => Reversed::NotFound,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_an_action_is_a_reversal() {
        for (retry, action, means) in [
            (Some("N"), Some("close"), Reversed::Confirmed),
            (Some("N"), Some("refund"), Reversed::Confirmed),
            (None, Some("refund"), Reversed::Confirmed),
            (Some("Y"), Some("refund"), Reversed::Again),
            (Some("Y"), None, Reversed::Again),
            (Some("N"), None, Reversed::NotFound),
            (None, Some("something new"), Reversed::NotFound),
        ] {
            let cancelled = TradeCancelled {
                retry_flag: retry.map(str::to_owned),
                action: action.map(str::to_owned),
            };
            assert_eq!(meant(&cancelled), means, "{retry:?} {action:?}");
        }
    }
}

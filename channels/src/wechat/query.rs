//! Queries (商户订单号查询订单):
//! `GET /v3/pay/transactions/out-trade-no/{out_trade_no}?mchid=`.

use super::account::Account;
use super::answer::{cause, read, same, same_seller};
use super::client::Client;
use super::codes::{Call, Meaning};
use super::convert;
use super::wire::Transaction;
use cashier::channel::{Cause, CauseKind, Outcome, Trade};
use cashier::id::FlowNo;

/// Asks what became of a flow.
pub(super) async fn query(client: &Client, flow: &FlowNo) -> Outcome<Trade> {
    let account = client.account();
    let path = account.names.payments(&["out-trade-no", flow.as_str()]);
    let query = account.names.merchant_query();
    match client.get(Call::Query, &path, &query).await {
        Ok(body) => match trade(account, flow, &body) {
            Ok(trade) => Outcome::Done(trade),
            Err(cause) => Outcome::Unknown(cause),
        },
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Absent => Some(Trade::NotFound),
            _ => None,
        }),
    }
}

/// Compares a verified answer with what was asked, then reads it.
///
/// # Errors
/// [`Cause`]: it is about something else, or cannot be read.
pub(super) fn trade(account: &Account, flow: &FlowNo, body: &[u8]) -> Result<Trade, Cause> {
    let transaction: Transaction = read(body)?;
    same_seller(account.names.same_all(&transaction.named))?;
    same("out_trade_no", &transaction.out_trade_no, flow.as_str())?;
    convert::trade(&transaction)
        .map_err(|unclear| cause(CauseKind::Unreadable, unclear.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat::fixture;

    /// As merchants have published it.
    const UNPAID: &str = r#"{"amount":{"payer_currency":"CNY","total":1},
        "appid":"wxd678efh567hg6787","mchid":"1900009191","out_trade_no":"F1",
        "promotion_detail":[],"scene_info":{"device_id":""},"trade_state":"NOTPAY",
        "trade_state_desc":"订单未支付"}"#;

    fn kind(body: &str) -> CauseKind {
        let account = fixture::account();
        trade(&account, &FlowNo::new("F1"), body.as_bytes())
            .unwrap_err()
            .kind
    }

    #[test]
    fn an_unpaid_trade_as_it_was_seen_from_wechat_is_waiting() {
        let account = fixture::account();
        let read = trade(&account, &FlowNo::new("F1"), UNPAID.as_bytes());
        assert_eq!(read, Ok(Trade::Waiting));
    }

    /// Shows F59.
    #[test]
    fn an_answer_about_something_else_is_a_mismatch() {
        for (ours, theirs) in [
            ("wxd678efh567hg6787", "wx0000000000000000"),
            ("1900009191", "1900009192"),
            (r#""F1""#, r#""F2""#),
        ] {
            assert_eq!(
                kind(&UNPAID.replace(ours, theirs)),
                CauseKind::Mismatch,
                "{theirs}"
            );
        }
    }

    #[test]
    fn what_cannot_be_read_is_no_answer() {
        for body in [
            String::new(),
            "[]".to_owned(),
            "{}".to_owned(),
            UNPAID.replace("NOTPAY", "NEVER_SEEN"),
            UNPAID.replace(r#""total":1"#, r#""total":1.5"#),
            UNPAID.replace(r#""total":1"#, r#""total":"1""#),
            UNPAID.replace('{', r#"{"trade_state":"SUCCESS","#),
        ] {
            assert_eq!(kind(&body), CauseKind::Unreadable, "{body}");
        }
    }
}

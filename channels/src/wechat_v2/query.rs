//! Queries (查询订单): `/pay/orderquery`, by our own number.

use super::answer::same;
use super::client::Client;
use super::codes::{Call, Meaning};
use super::convert;
use super::wire::Fields;
use cashier::channel::{Cause, Outcome, Trade};
use cashier::id::FlowNo;

/// Asks what became of a flow.
pub(super) async fn query(client: &Client, flow: &FlowNo) -> Outcome<Trade> {
    let mut asked = Fields::default();
    asked.set("out_trade_no", flow.as_str());
    match client.call(Call::Query, asked).await {
        Ok(fields) => match trade(flow, &fields) {
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
fn trade(flow: &FlowNo, fields: &Fields) -> Result<Trade, Cause> {
    same(fields, "out_trade_no", flow.as_str())?;
    convert::trade(fields)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat_v2::{fixture, xml};
    use cashier::channel::CauseKind;

    fn answered(name: &str, flow: &str) -> Result<Trade, CauseKind> {
        let body = fixture::body(name, "xml_plain");
        let fields = xml::read(body.as_bytes(), "xml").unwrap();
        trade(&FlowNo::new(flow), &fields).map_err(|cause| cause.kind)
    }

    #[test]
    fn the_vectors_answers_are_about_the_flow_that_was_asked_about() {
        let flow = "20150806125346";
        assert_eq!(answered("resp_orderquery_notpay", flow), Ok(Trade::Waiting));
        assert_eq!(
            answered("resp_orderquery_payerror", flow),
            Ok(Trade::Closed)
        );
        assert!(matches!(
            answered("resp_orderquery_success", flow),
            Ok(Trade::Paid(_))
        ));
    }

    /// Shows F59.
    #[test]
    fn an_answer_about_another_flow_is_a_mismatch() {
        let other = answered("resp_orderquery_success", "20150806125347");
        assert_eq!(other, Err(CauseKind::Mismatch));
    }
}

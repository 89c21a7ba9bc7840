//! Refunds and their queries (退款申请, 查询单笔退款): `/v3/refund/domestic/refunds`. A yes
//! means accepted; the state says how far it is. The same number again is the same
//! refund.

use super::answer::{Failure, cause, read, same};
use super::client::Client;
use super::codes::{Call, Meaning};
use super::convert;
use super::wire::{CNY, Refund, RefundOrder, RefundOrderAmount};
use cashier::channel::{Cause, CauseKind, Outcome, RefundRequest, Refunded};

/// Gives money back.
pub(super) async fn refund(client: &Client, request: &RefundRequest) -> Outcome<Refunded> {
    let order = RefundOrder {
        sub_mchid: client.account().names.sub_mchid(),
        // The capture's own number: what was taken is what is given back.
        transaction_id: &request.trade_no,
        out_refund_no: request.refund_no.as_str(),
        reason: request.reason.as_deref().and_then(convert::reason),
        notify_url: &request.notify_url,
        amount: RefundOrderAmount {
            refund: request.amount.fen(),
            total: request.total.fen(),
            currency: CNY,
        },
    };
    let answer = client
        .post(Call::Refund, &["refund", "domestic", "refunds"], &order)
        .await;
    outcome(request, answer)
}

/// Asks what became of a refund.
pub(super) async fn query_refund(client: &Client, request: &RefundRequest) -> Outcome<Refunded> {
    let path = ["refund", "domestic", "refunds", request.refund_no.as_str()];
    let sub = client.account().names.sub_mchid();
    let query: Vec<_> = sub.map(|mchid| ("sub_mchid", mchid)).into_iter().collect();
    outcome(request, client.get(Call::QueryRefund, &path, &query).await)
}

fn outcome(request: &RefundRequest, answer: Result<Vec<u8>, Failure>) -> Outcome<Refunded> {
    match answer {
        Ok(body) => match refunded(request, &body) {
            Ok(refunded) => Outcome::Done(refunded),
            Err(cause) => Outcome::Unknown(cause),
        },
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Absent => Some(Refunded::NotFound),
            _ => None,
        }),
    }
}

/// Compares a verified answer with what was asked, then reads it.
fn refunded(request: &RefundRequest, body: &[u8]) -> Result<Refunded, Cause> {
    let refund: Refund = read(body)?;
    same(
        "out_refund_no",
        &refund.out_refund_no,
        request.refund_no.as_str(),
    )?;
    same(
        "out_trade_no",
        &refund.out_trade_no,
        request.flow_no.as_str(),
    )?;
    same("transaction_id", &refund.transaction_id, &request.trade_no)?;
    same_fen("amount.refund", refund.amount.refund, request.amount.fen())?;
    same_fen("amount.total", refund.amount.total, request.total.fen())?;
    convert::currency(refund.amount.currency.as_deref())
        .and_then(|()| convert::refunded(&refund.status))
        .map_err(|unclear| cause(CauseKind::Unreadable, unclear.to_string()))
}

fn same_fen(name: &str, answered: i64, asked: i64) -> Result<(), Cause> {
    same(name, &answered.to_string(), &asked.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use cashier::id::{FlowNo, RefundNo};
    use cashier::money::Money;
    use serde_json::json;

    fn asked() -> RefundRequest {
        RefundRequest {
            refund_no: RefundNo::new("R1"),
            flow_no: FlowNo::new("F1"),
            trade_no: "42".to_owned(),
            amount: Money::from_fen(30).unwrap(),
            total: Money::from_fen(100).unwrap(),
            reason: None,
            notify_url: "https://pay.example.com/notify/a".to_owned(),
        }
    }

    fn answered(pointer: &str, value: serde_json::Value) -> Result<Refunded, CauseKind> {
        let mut answer = json!({
            "refund_id": "50", "out_refund_no": "R1", "transaction_id": "42", "out_trade_no": "F1",
            "channel": "ORIGINAL", "user_received_account": "支付用户零钱",
            "create_time": "2020-12-01T16:18:12+08:00", "status": "PROCESSING",
            "amount": { "total": 100, "refund": 30, "payer_total": 90, "payer_refund": 27,
                "settlement_refund": 30, "settlement_total": 100, "discount_refund": 3,
                "currency": "CNY" },
        });
        *answer.pointer_mut(pointer).unwrap() = value;
        refunded(&asked(), answer.to_string().as_bytes()).map_err(|cause| cause.kind)
    }

    /// Shows F59.
    #[test]
    fn an_answer_about_another_refund_is_a_mismatch() {
        for (pointer, value) in [
            ("/out_refund_no", json!("R2")),
            ("/out_trade_no", json!("F2")),
            ("/transaction_id", json!("43")),
            ("/amount/refund", json!(31)),
            ("/amount/total", json!(101)),
        ] {
            assert_eq!(
                answered(pointer, value),
                Err(CauseKind::Mismatch),
                "{pointer}"
            );
        }
    }

    /// Shows F60.
    #[test]
    fn each_state_is_read_and_an_unknown_one_decides_nothing() {
        for (status, refunded) in [
            ("PROCESSING", Ok(Refunded::Processing)),
            ("SUCCESS", Ok(Refunded::Succeeded)),
            ("CLOSED", Ok(Refunded::Closed)),
            ("ABNORMAL", Ok(Refunded::Abnormal)),
            ("SUCCESSFUL", Err(CauseKind::Unreadable)),
        ] {
            assert_eq!(answered("/status", json!(status)), refunded);
        }
        assert_eq!(
            answered("/amount/currency", json!("USD")),
            Err(CauseKind::Unreadable)
        );
    }
}

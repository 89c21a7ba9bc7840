//! Refunds and their queries (申请退款, 查询退款): `/secapi/pay/refund` with the client
//! certificate, `/pay/refundquery` by our own number. A yes means accepted and not
//! refunded. The same number again is the same refund.

use super::answer::{Failure, cause, same};
use super::client::Client;
use super::codes::{Call, Meaning};
use super::convert;
use super::wire::{CNY, Fields};
use cashier::channel::{Cause, CauseKind, Outcome, RefundRequest, Refunded};

/// Gives money back.
pub(super) async fn refund(client: &Client, request: &RefundRequest) -> Outcome<Refunded> {
    let answer = client.call(Call::Refund, order(request)).await;
    outcome(answer, |fields| accepted(request, fields))
}

/// Asks what became of a refund.
pub(super) async fn query_refund(client: &Client, request: &RefundRequest) -> Outcome<Refunded> {
    let mut asked = Fields::default();
    asked.set("out_refund_no", request.refund_no.as_str());
    let answer = client.call(Call::QueryRefund, asked).await;
    outcome(answer, |fields| refunded(request, fields))
}

fn order(request: &RefundRequest) -> Fields {
    let mut order = Fields::default();
    // The capture's own number: what was taken is what is given back.
    order.set("transaction_id", &request.trade_no);
    order.set("out_refund_no", request.refund_no.as_str());
    order.set("total_fee", request.total.fen().to_string());
    order.set("refund_fee", request.amount.fen().to_string());
    order.set("refund_fee_type", CNY);
    let reason = request.reason.as_deref().and_then(convert::reason);
    order.set_if("refund_desc", reason.as_deref());
    order.set("notify_url", &request.notify_url);
    order
}

fn outcome(
    answer: Result<Fields, Failure>,
    read: impl FnOnce(&Fields) -> Result<Refunded, Cause>,
) -> Outcome<Refunded> {
    match answer {
        Ok(fields) => match read(&fields) {
            Ok(refunded) => Outcome::Done(refunded),
            Err(cause) => Outcome::Unknown(cause),
        },
        Err(failure) => failure.outcome(|meaning| match meaning {
            Meaning::Absent => Some(Refunded::NotFound),
            _ => None,
        }),
    }
}

/// Compares a verified yes with what was asked: it is under way.
fn accepted(request: &RefundRequest, fields: &Fields) -> Result<Refunded, Cause> {
    same(fields, "out_refund_no", request.refund_no.as_str())?;
    about(request, fields, "refund_fee")?;
    Ok(Refunded::Processing)
}

/// Finds the refund among those of a verified answer, and reads its state.
fn refunded(request: &RefundRequest, fields: &Fields) -> Result<Refunded, Cause> {
    let index = position(request, fields)?;
    about(request, fields, &format!("refund_fee_{index}"))?;
    convert::refunded(fields.need(&format!("refund_status_{index}"))?)
}

/// The trade, its amount, and how much is given back.
fn about(request: &RefundRequest, fields: &Fields, refund_fee: &str) -> Result<(), Cause> {
    same(fields, "out_trade_no", request.flow_no.as_str())?;
    same(fields, "transaction_id", &request.trade_no)?;
    same(fields, "total_fee", &request.total.fen().to_string())?;
    same(fields, refund_fee, &request.amount.fen().to_string())
}

/// Under which number of its list an answer holds the refund.
fn position<'a>(request: &RefundRequest, fields: &'a Fields) -> Result<&'a str, Cause> {
    let ours = request.refund_no.as_str();
    let found = fields.iter().find_map(|(name, value)| {
        name.strip_prefix("out_refund_no_")
            .filter(|index| value == ours && index.bytes().all(|byte| byte.is_ascii_digit()))
    });
    found.ok_or_else(|| {
        let detail = format!("asked about refund {ours}, and the answer does not hold it");
        cause(CauseKind::Mismatch, detail)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wechat_v2::{fixture, xml};
    use cashier::id::{FlowNo, RefundNo};
    use cashier::money::Money;

    fn asked() -> RefundRequest {
        RefundRequest {
            refund_no: RefundNo::new("R20150806125346-1"),
            flow_no: FlowNo::new("20150806125346"),
            trade_no: "4200000263201902167700134902".to_owned(),
            amount: Money::from_fen(30).unwrap(),
            total: Money::from_fen(88).unwrap(),
            reason: Some("商品已售完".to_owned()),
            notify_url: "https://pay.example.com/wx/refund-notify".to_owned(),
        }
    }

    fn yes() -> Fields {
        let body = fixture::body("resp_refund_accepted", "xml_cdata");
        xml::read(body.as_bytes(), "xml").unwrap()
    }

    /// An answer about two refunds, ours the second.
    fn listed(status: &str) -> Fields {
        let mut fields = Fields::default();
        for (name, value) in [
            ("transaction_id", "4200000263201902167700134902"),
            ("out_trade_no", "20150806125346"),
            ("total_fee", "88"),
            ("refund_count", "2"),
            ("out_refund_no_0", "R20150806125346-0"),
            ("refund_fee_0", "1"),
            ("refund_status_0", "SUCCESS"),
            ("out_refund_no_1", "R20150806125346-1"),
            ("refund_fee_1", "30"),
            ("refund_status_1", status),
        ] {
            fields.set(name, value);
        }
        fields
    }

    #[test]
    fn a_yes_means_accepted_and_not_refunded() {
        assert_eq!(accepted(&asked(), &yes()), Ok(Refunded::Processing));
    }

    /// Shows F60.
    #[test]
    fn each_state_of_our_own_refund_is_read_and_no_other_refunds() {
        for (status, expected) in [
            ("PROCESSING", Ok(Refunded::Processing)),
            ("SUCCESS", Ok(Refunded::Succeeded)),
            ("REFUNDCLOSE", Ok(Refunded::Closed)),
            ("CHANGE", Ok(Refunded::Abnormal)),
            ("NEVER_SEEN", Err(CauseKind::Unreadable)),
            ("", Err(CauseKind::Unreadable)),
        ] {
            let read = refunded(&asked(), &listed(status)).map_err(|cause| cause.kind);
            assert_eq!(read, expected, "{status}");
        }
    }

    /// Shows F59.
    #[test]
    fn an_answer_about_another_refund_is_a_mismatch() {
        for name in [
            "out_refund_no",
            "out_trade_no",
            "transaction_id",
            "refund_fee",
            "total_fee",
        ] {
            let mut other = yes();
            other.set(name, "31");
            let read = accepted(&asked(), &other).map_err(|cause| cause.kind);
            assert_eq!(read, Err(CauseKind::Mismatch), "{name}");
        }
        for name in [
            "out_refund_no_1",
            "out_trade_no",
            "transaction_id",
            "refund_fee_1",
            "total_fee",
        ] {
            let mut other = listed("SUCCESS");
            other.set(name, "31");
            let read = refunded(&asked(), &other).map_err(|cause| cause.kind);
            assert_eq!(read, Err(CauseKind::Mismatch), "{name}");
        }
    }

    #[test]
    fn an_order_holds_what_the_vectors_order_holds() {
        let body = fixture::body("req_refund", "xml_cdata");
        let vector = xml::read(body.as_bytes(), "xml").unwrap();
        let ours = order(&asked());
        for name in [
            "out_refund_no",
            "total_fee",
            "refund_fee",
            "refund_desc",
            "notify_url",
        ] {
            assert_eq!(ours.text(name), vector.text(name), "{name}");
        }
    }
}

use super::*;
use crate::channel::RefundRequest;
use crate::exception::{Entry, EntryKind, Exception, TILL};
use crate::id::{AccountId, ExceptionId, FlowNo, OrderId};
use crate::money::Money;
use crate::time::Timestamp;
use ExceptionKind as Kind;
use RefundStatus as Status;

fn refund(order: &OrderId, status: Status) -> Refund {
    let amount = Money::from_fen(8800).unwrap();
    Refund {
        no: order.refund(1),
        capture: order.capture(1),
        account: AccountId::new("acc"),
        merchant_refund_no: None,
        request: RefundRequest {
            refund_no: order.refund(1),
            flow_no: FlowNo::new("F"),
            trade_no: "T".to_owned(),
            amount,
            total: amount,
            reason: None,
            notify_url: "https://till.example/notify/acc".to_owned(),
        },
        status,
        created_at: Timestamp::from_millis(0),
        settled_at: None,
        detail: (status == Status::Failed).then(|| "NOT_ENOUGH: no balance".to_owned()),
        next: None,
    }
}

fn standing(kind: Kind, status: Option<Status>, is_resolved: bool) -> Standing {
    let order = OrderId::new("ord_1");
    let subject = match kind {
        Kind::DuplicatePayment | Kind::LatePayment => order.capture(1).to_string(),
        _ => order.refund(1).to_string(),
    };
    let id = ExceptionId::new("exc_1");
    let resolution = is_resolved.then(|| Entry {
        exception: id.clone(),
        kind: EntryKind::Resolved,
        actor: TILL.to_owned(),
        text: "over".to_owned(),
        at: Timestamp::from_millis(1),
    });
    let exception = Exception {
        id,
        order: Some(order.clone()),
        account: None,
        kind,
        subject,
        amount: None,
        detail: String::new(),
        opened_at: Timestamp::from_millis(0),
    };
    let refunds: Vec<Refund> = status
        .map(|status| refund(&order, status))
        .into_iter()
        .collect();
    Standing::of(exception, None, &refunds, resolution)
}

#[test]
fn each_kind_says_what_was_done_and_what_is_left() {
    // Kind, the refund's state, a part of what Till did, a part of what is left.
    let table: &[(Kind, Option<Status>, &str, &str)] = &[
        (
            Kind::DuplicatePayment,
            Some(Status::Requested),
            "88.00 CNY is about to be sent",
            WAIT,
        ),
        (
            Kind::DuplicatePayment,
            Some(Status::Succeeded),
            "has reached the payer",
            NOTHING,
        ),
        (
            Kind::DuplicatePayment,
            Some(Status::Failed),
            "failed for good (the channel: NOT_ENOUGH",
            "Pay the money back",
        ),
        (
            Kind::DuplicatePayment,
            None,
            "Recorded the money.",
            "Find out",
        ),
        (
            Kind::LatePayment,
            Some(Status::Unknown),
            "is being asked",
            WAIT,
        ),
        (
            Kind::LatePayment,
            Some(Status::Processing),
            "is being made",
            WAIT,
        ),
        (
            Kind::LatePayment,
            Some(Status::Abnormal),
            "cannot finish by itself",
            "channel's console",
        ),
        (
            Kind::RefundFailed,
            Some(Status::Requested),
            "Kept one number",
            "same number",
        ),
        (
            Kind::RefundFailed,
            Some(Status::Failed),
            "failed for good",
            "under a new number",
        ),
        (
            Kind::RefundFailed,
            Some(Status::Succeeded),
            "has reached the payer",
            NOTHING,
        ),
        (
            Kind::RefundAbnormal,
            Some(Status::Abnormal),
            "cannot finish",
            CONSOLE,
        ),
        (
            Kind::RefundAbnormal,
            Some(Status::Succeeded),
            "has reached the payer",
            NOTHING,
        ),
        (
            Kind::NoAnswer,
            None,
            "Goes on asking",
            "when the channel answers",
        ),
        (
            Kind::NoAnswer,
            Some(Status::Unknown),
            "Goes on asking: refund",
            "when the channel answers",
        ),
        (Kind::AmountMismatch, None, "asked the channel", "Compare"),
        (Kind::IdentityMismatch, None, "Refused", "account's ids"),
        (Kind::UnknownTrade, None, "evidence", "another system"),
        (
            Kind::ExternalRefund,
            None,
            "not counted",
            "before you refund more",
        ),
        (
            Kind::NoticeUnprocessable,
            None,
            "did not acknowledge",
            "maintainers",
        ),
        (
            Kind::WebhookExhausted,
            None,
            "whole schedule",
            "deliver the event again",
        ),
        (Kind::BillRefused, None, "nothing of it", "till bill take"),
    ];
    for (kind, status, did, left) in table {
        let read = read(&standing(*kind, *status, false));
        assert!(read.did.contains(did), "{kind:?} {status:?}: {read:?}");
        assert!(read.left.contains(left), "{kind:?} {status:?}: {read:?}");
        assert!(!read.happened.is_empty());
    }
    for kind in Kind::ALL {
        assert!(
            table.iter().any(|row| row.0 == kind),
            "{kind:?} is not in the table"
        );
    }
}

#[test]
fn what_is_resolved_leaves_nothing_to_do() {
    for kind in Kind::ALL {
        assert_eq!(read(&standing(kind, None, true)).left, NOTHING, "{kind:?}");
    }
}

#[test]
fn a_refund_that_the_merchant_asked_for_is_not_taken_for_the_automatic_one() {
    let mut asked = standing(Kind::LatePayment, Some(Status::Succeeded), false);
    let refund = Refund {
        merchant_refund_no: Some("R".to_owned()),
        ..asked.refund.take().unwrap()
    };
    let again = Standing::of(asked.exception, None, &[refund], None);
    assert_eq!(again.refund, None);
}

//! Notices (支付成功回调通知, 退款结果回调通知): verified over the raw bytes, then opened
//! with the APIv3 key, then compared with the account, then read. The answer's HTTP
//! status is what WeChat goes by, whatever the body says.

use super::account::Account;
use super::convert;
use super::names::Foreign;
use super::seal;
use super::verify::{Stamp, Unverified, texts};
use super::wire::{Notification, RefundNotice, Resource, Transaction};
use crate::redact::words;
use cashier::channel::{Notice, NoticeFact, NoticeRefusal, NoticeReply, RawNotice, Receipt, Trade};
use cashier::id::{FlowNo, RefundNo};
use cashier::time::Timestamp;
use serde::de::DeserializeOwned;
use sha2::{Digest, Sha256};

/// The content type of an answer to a notice.
const JSON: &str = "application/json";

/// Verifies a notice, opens it, and reads it.
///
/// # Errors
/// [`NoticeRefusal`]: it is not to be believed.
pub(super) fn open(
    account: &Account,
    raw: RawNotice<'_>,
    now: Timestamp,
) -> Result<Notice, NoticeRefusal> {
    verify(account, raw, now).map_err(|reason| match reason {
        // A key that WeChat may have just begun to use: the notice comes again.
        Unverified::UnknownKey(_) => NoticeRefusal::NotNow(reason.to_string()),
        _ => NoticeRefusal::Unverified(reason.to_string()),
    })?;
    let notification: Notification = read(raw.body)?;
    understand(account, &notification)
        .map_err(|refusal| refusal.known_by(|| notification.id.clone()))
}

fn understand(account: &Account, notification: &Notification) -> Result<Notice, NoticeRefusal> {
    let plain = unseal(account, &notification.resource)?;
    match notification.event_type.as_str() {
        "TRANSACTION.SUCCESS" => trade(account, &read(&plain)?),
        "REFUND.SUCCESS" | "REFUND.ABNORMAL" | "REFUND.CLOSED" => refund(account, &read(&plain)?),
        other => Ok(Notice {
            key: format!("other:{}", hex::encode(Sha256::digest(&plain))),
            fact: NoticeFact::Other {
                about: words(other),
            },
        }),
    }
}

fn verify(account: &Account, raw: RawNotice<'_>, now: Timestamp) -> Result<(), Unverified> {
    let stamp = Stamp::read(&texts(raw.headers))?;
    account.platform.verify(stamp, raw.body, now)
}

fn unseal(account: &Account, resource: &Resource) -> Result<Vec<u8>, NoticeRefusal> {
    if resource.algorithm != seal::ALGORITHM {
        let algorithm = words(&resource.algorithm);
        return Err(NoticeRefusal::unreadable(format!(
            "sealed with {algorithm}"
        )));
    }
    let associated_data = resource.associated_data.as_deref().unwrap_or_default();
    account
        .resource_key
        .open(&resource.nonce, associated_data, &resource.ciphertext)
        .map_err(|fault| NoticeRefusal::unreadable(fault.to_string()))
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, NoticeRefusal> {
    serde_json::from_slice(body).map_err(|error| {
        // The text of a serde error may repeat what was in the notice.
        let (line, column) = (error.line(), error.column());
        NoticeRefusal::unreadable(format!("not the JSON of a notice, at {line}:{column}"))
    })
}

fn trade(account: &Account, transaction: &Transaction) -> Result<Notice, NoticeRefusal> {
    let flow_no = FlowNo::new(&transaction.out_trade_no);
    same(account.names.same_all(&transaction.named), &flow_no)?;
    let trade =
        convert::trade(transaction).map_err(|e| NoticeRefusal::unreadable(e.to_string()))?;
    let fact = match &trade {
        Trade::Paid(paid) => {
            format!(
                "paid:{}:{}:{}",
                paid.trade_no,
                paid.amount.fen(),
                paid.paid_at.millis()
            )
        }
        Trade::NotFound | Trade::Waiting | Trade::Closed => transaction.trade_state.clone(),
    };
    Ok(Notice {
        key: format!("trade:{flow_no}:{fact}"),
        fact: NoticeFact::Trade { flow_no, trade },
    })
}

fn refund(account: &Account, refund: &RefundNotice) -> Result<Notice, NoticeRefusal> {
    let flow_no = FlowNo::new(&refund.out_trade_no);
    same(account.names.same_merchants(&refund.named), &flow_no)?;
    let refunded = convert::currency(refund.amount.currency.as_deref())
        .and_then(|()| convert::refunded(&refund.refund_status))
        .map_err(|e| NoticeRefusal::unreadable(e.to_string()))?;
    let RefundNotice {
        out_refund_no,
        refund_id,
        transaction_id,
        refund_status,
        ..
    } = refund;
    let fen = refund.amount.refund;
    Ok(Notice {
        key: format!(
            "refund:{out_refund_no}:{refund_id}:{transaction_id}:{flow_no}:{fen}:{refund_status}"
        ),
        fact: NoticeFact::Refund {
            flow_no,
            refund_no: RefundNo::new(out_refund_no),
            refunded: Some(refunded),
        },
    })
}

fn same(checked: Result<(), Foreign>, flow_no: &FlowNo) -> Result<(), NoticeRefusal> {
    checked.map_err(|foreign| NoticeRefusal::Identity {
        flow_no: Some(flow_no.clone()),
        detail: format!(
            "{} is {} and ours is {}",
            foreign.field, foreign.theirs, foreign.ours
        ),
    })
}

/// What a notice is answered with.
pub(super) fn reply(receipt: Receipt) -> NoticeReply {
    let (status, body) = match receipt {
        Receipt::Committed => (200, r#"{"code":"SUCCESS","message":"成功"}"#),
        Receipt::Refused => (401, r#"{"code":"FAIL","message":"验签失败"}"#),
        Receipt::Again => (500, r#"{"code":"FAIL","message":"失败"}"#),
    };
    NoticeReply {
        status,
        content_type: JSON,
        body,
    }
}

#[cfg(test)]
pub(super) mod tests;

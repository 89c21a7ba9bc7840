//! Notices (支付结果通知, 退款结果通知): read as XML that anybody may have sent, then
//! verified, then compared with the account, then understood.
//!
//! A refund's notice is not signed: being sealed with the API key is all that speaks
//! for it, and its blocks could be put together anew. So it says which refund to ask
//! about, and never what became of it.

use super::account::Account;
use super::convert;
use super::names::Foreign;
use super::wire::{FAIL, Fields, SUCCESS};
use super::xml;
use crate::redact::words;
use cashier::channel::{
    Cause, Notice, NoticeFact, NoticeRefusal, NoticeReply, RawNotice, Receipt, Trade,
};
use cashier::id::{FlowNo, RefundNo};

/// The content type of an answer to a notice.
const XML: &str = "text/xml; charset=utf-8";

/// Verifies a notice and reads it.
///
/// # Errors
/// [`NoticeRefusal`]: it is not to be believed.
pub(super) fn open(account: &Account, raw: RawNotice<'_>) -> Result<Notice, NoticeRefusal> {
    let fields = xml::read(raw.body, "xml").map_err(unverified)?;
    match fields.text("return_code") {
        Some(SUCCESS) => {}
        other => {
            let code = words(other.unwrap_or_default());
            return Err(unverified(format!("return_code is {code:?}")));
        }
    }
    match fields.text("req_info") {
        Some(sealed) => refund(account, &fields, sealed),
        None => payment(account, &fields),
    }
}

fn payment(account: &Account, fields: &Fields) -> Result<Notice, NoticeRefusal> {
    account.signer.verify(fields).map_err(unverified)?;
    let flow_no = FlowNo::new(need(fields, "out_trade_no")?);
    identity(account, fields).map_err(|detail| NoticeRefusal::Identity {
        flow_no: Some(flow_no.clone()),
        detail,
    })?;
    match need(fields, "result_code")? {
        SUCCESS => paid(fields, flow_no),
        FAIL => Ok(Notice {
            key: format!("failed:{flow_no}"),
            fact: NoticeFact::Other {
                about: format!("a payment of {flow_no} that failed"),
            },
        }),
        other => Err(NoticeRefusal::unreadable(format!(
            "result_code is {:?}",
            words(other)
        ))),
    }
}

fn paid(fields: &Fields, flow_no: FlowNo) -> Result<Notice, NoticeRefusal> {
    let payment = convert::payment(fields).map_err(unreadable)?;
    Ok(Notice {
        key: format!(
            "trade:{flow_no}:paid:{}:{}:{}",
            payment.trade_no,
            payment.amount.fen(),
            payment.paid_at.millis()
        ),
        fact: NoticeFact::Trade {
            flow_no,
            trade: Trade::Paid(payment),
        },
    })
}

fn refund(account: &Account, outer: &Fields, sealed: &str) -> Result<Notice, NoticeRefusal> {
    let plain = account.notice_key.open(sealed).map_err(unverified)?;
    let fields = xml::read(&plain, "root").map_err(unverified)?;
    // Unsigned names prove nothing, so that they differ is no news about anybody.
    identity(account, outer).map_err(unverified)?;
    let flow_no = FlowNo::new(need(&fields, "out_trade_no")?);
    let refund_no = RefundNo::new(need(&fields, "out_refund_no")?);
    let refund_id = need(&fields, "refund_id")?;
    let status = need(&fields, "refund_status")?;
    let fen = fields.fen("refund_fee").map_err(unreadable)?.fen();
    Ok(Notice {
        key: format!(
            "refund:{refund_no}:{refund_id}:{flow_no}:{fen}:{}",
            words(status)
        ),
        fact: NoticeFact::Refund {
            flow_no,
            refund_no,
            refunded: None,
        },
    })
}

/// Whether it names this account.
fn identity(account: &Account, fields: &Fields) -> Result<(), String> {
    account.same_names(fields).map_err(|foreign| {
        let Foreign {
            field,
            theirs,
            ours,
        } = foreign;
        format!("{field} is {theirs:?} and ours is {ours}")
    })
}

fn need<'a>(fields: &'a Fields, name: &str) -> Result<&'a str, NoticeRefusal> {
    fields.need(name).map_err(unreadable)
}

fn unreadable(cause: Cause) -> NoticeRefusal {
    NoticeRefusal::unreadable(cause.detail)
}

fn unverified(reason: impl ToString) -> NoticeRefusal {
    NoticeRefusal::Unverified(reason.to_string())
}

/// What a notice is answered with: whatever is not SUCCESS makes WeChat send it again.
pub(super) fn reply(receipt: Receipt) -> NoticeReply {
    let body = match receipt {
        Receipt::Committed => {
            "<xml><return_code><![CDATA[SUCCESS]]></return_code>\
             <return_msg><![CDATA[OK]]></return_msg></xml>"
        }
        Receipt::Refused => {
            "<xml><return_code><![CDATA[FAIL]]></return_code>\
             <return_msg><![CDATA[签名失败]]></return_msg></xml>"
        }
        Receipt::Again => {
            "<xml><return_code><![CDATA[FAIL]]></return_code>\
             <return_msg><![CDATA[失败]]></return_msg></xml>"
        }
    };
    NoticeReply {
        status: 200,
        content_type: XML,
        body,
    }
}

#[cfg(test)]
pub(super) mod tests;

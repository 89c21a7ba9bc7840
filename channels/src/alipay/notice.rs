//! Opening a notice (异步通知): a form, signed by Alipay under the rule V1.
//!
//! Nothing but the signature's own parameters is looked at before it is verified.
//! A notice of a refund looks like one of a payment (`TRADE_SUCCESS` again), and
//! its `refund_fee` is cumulative: it is only a reason to ask.

use super::account::Account;
use super::convert;
use super::sign::{self, Empty, Parameters};
use super::trust::Signers;
use cashier::channel::{Notice, NoticeFact, NoticeRefusal, NoticeReply, Receipt};
use cashier::id::{FlowNo, RefundNo};
use cashier::money::Money;
use cashier::time::Timestamp;
use sha2::{Digest, Sha256};
use url::form_urlencoded;

/// Names the certificate that signed a notice, in certificate mode.
const CERTIFICATE: &str = "alipay_cert_sn";

/// What makes two notices the same fact. Left out is what changes when a notice is
/// sent again (`notify_time`, `sign`) and what only describes.
const FACT: [&str; 10] = [
    "notify_type",
    "out_trade_no",
    "trade_no",
    "trade_status",
    "total_amount",
    "gmt_payment",
    "gmt_close",
    "gmt_refund",
    "refund_fee",
    "out_biz_no",
];

/// Opens a notice; `unheard` is told the serial number of a certificate that is not
/// known yet.
pub(super) fn open(
    account: &Account,
    body: &[u8],
    now: Timestamp,
    unheard: impl FnOnce(String),
) -> Result<Notice, NoticeRefusal> {
    let parameters = form(body)?;
    verify(account, &parameters, unheard)?;
    let fact = fact(account, &parameters, now)
        .map_err(|refusal| refusal.known_by(|| Some(fact_key(&parameters, true))))?;
    Ok(Notice {
        key: key(&parameters, &fact),
        fact,
    })
}

/// Alipay reads the body only: exactly `success`, or it sends again.
pub(super) fn reply(receipt: Receipt) -> NoticeReply {
    let body = match receipt {
        Receipt::Committed => "success",
        Receipt::Refused | Receipt::Again => "fail",
    };
    NoticeReply {
        status: 200,
        content_type: "text/plain; charset=utf-8",
        body,
    }
}

/// Reads the form, decoded once. A name that stands twice is refused: two readers
/// might choose differently.
pub(super) fn form(body: &[u8]) -> Result<Parameters, NoticeRefusal> {
    let mut parameters = Parameters::new();
    for (name, value) in form_urlencoded::parse(body) {
        if parameters
            .insert(name.into_owned(), value.into_owned())
            .is_some()
        {
            return Err(NoticeRefusal::Unverified(
                "a parameter stands twice".to_owned(),
            ));
        }
    }
    Ok(parameters)
}

fn verify(
    account: &Account,
    parameters: &Parameters,
    unheard: impl FnOnce(String),
) -> Result<(), NoticeRefusal> {
    let unverified = |detail: &str| Err(NoticeRefusal::Unverified(detail.to_owned()));
    if value(parameters, "sign_type") != Some("RSA2") {
        return unverified("sign_type is not RSA2");
    }
    if !value(parameters, "charset").is_some_and(|name| name.eq_ignore_ascii_case("utf-8")) {
        return unverified("charset is not utf-8");
    }
    let Some(sign) = value(parameters, "sign") else {
        return unverified("there is no sign");
    };
    let keys = match account.trust.of_notice(value(parameters, CERTIFICATE)) {
        Signers::Known(keys) => keys,
        Signers::Unheard(serial) => {
            let detail = format!("certificate {serial} is not known yet");
            unheard(serial);
            return Err(NoticeRefusal::NotNow(detail));
        }
        Signers::Unnamed => return unverified("alipay_cert_sn is no serial number"),
    };
    let is_signed = |text: &String| keys.iter().any(|key| key.verifies(text.as_bytes(), sign));
    if texts(parameters).iter().any(is_signed) {
        return Ok(());
    }
    unverified("sign is not Alipay's for this application")
}

/// What the signature may cover. Alipay's documents and SDKs disagree on parameters
/// without a value, and no document says whether the certificate's number takes part;
/// the signature is Alipay's in every case.
fn texts(parameters: &Parameters) -> Vec<String> {
    let mut texts = vec![sign::notice_text(parameters, Empty::Dropped)];
    if parameters.values().any(String::is_empty) {
        texts.push(sign::notice_text(parameters, Empty::Kept));
    }
    if parameters.contains_key(CERTIFICATE) {
        let mut without = parameters.clone();
        without.remove(CERTIFICATE);
        texts.push(sign::notice_text(&without, Empty::Dropped));
    }
    texts
}

fn fact(
    account: &Account,
    parameters: &Parameters,
    now: Timestamp,
) -> Result<NoticeFact, NoticeRefusal> {
    let flow_no = value(parameters, "out_trade_no").map(FlowNo::new);
    same(parameters, "app_id", &account.app_id, flow_no.as_ref())?;
    // A service provider's notices name the merchant's application there; that they
    // are this merchant's, the seller says.
    let acts_for_itself = account.app_auth_token.is_none();
    if acts_for_itself && value(parameters, "auth_app_id").is_some() {
        same(parameters, "auth_app_id", &account.app_id, flow_no.as_ref())?;
    }
    let (Some(flow_no), Some(status)) = (flow_no, value(parameters, "trade_status")) else {
        let about = value(parameters, "notify_type").unwrap_or("no notify_type");
        return Ok(NoticeFact::Other {
            about: crate::redact::words(about),
        });
    };
    same(parameters, "seller_id", &account.seller_id, Some(&flow_no))?;
    if let Some(refund_no) = refund_no(parameters)? {
        return Ok(NoticeFact::Refund {
            flow_no,
            refund_no,
            refunded: None,
        });
    }
    let said = convert::Said {
        trade_no: value(parameters, "trade_no").unwrap_or_default(),
        status,
        total_amount: value(parameters, "total_amount").unwrap_or_default(),
        paid_at: value(parameters, "gmt_payment"),
        refunded: value(parameters, "gmt_refund").is_some() || gives_back(parameters)?,
        payer: value(parameters, "buyer_open_id").or_else(|| value(parameters, "buyer_id")),
    };
    let trade = convert::trade(said, now).map_err(NoticeRefusal::unreadable)?;
    Ok(NoticeFact::Trade { flow_no, trade })
}

/// The refund that a notice speaks of. A refund without its number is left to what
/// the notice says of the trade.
fn refund_no(parameters: &Parameters) -> Result<Option<RefundNo>, NoticeRefusal> {
    gives_back(parameters)?;
    Ok(value(parameters, "out_biz_no").map(RefundNo::new))
}

/// Whether it says that something was given back. An unpaid close has
/// `refund_fee=0.00`.
fn gives_back(parameters: &Parameters) -> Result<bool, NoticeRefusal> {
    let Some(fee) = value(parameters, "refund_fee") else {
        return Ok(false);
    };
    Money::from_yuan(fee)
        .map(Money::is_positive)
        .map_err(|error| NoticeRefusal::unreadable(format!("refund_fee: {error}")))
}

fn same(
    parameters: &Parameters,
    name: &str,
    ours: &str,
    flow_no: Option<&FlowNo>,
) -> Result<(), NoticeRefusal> {
    if value(parameters, name) == Some(ours) {
        return Ok(());
    }
    Err(NoticeRefusal::Identity {
        flow_no: flow_no.cloned(),
        detail: format!("{name} is not this account's"),
    })
}

fn key(parameters: &Parameters, fact: &NoticeFact) -> String {
    fact_key(parameters, matches!(fact, NoticeFact::Other { .. }))
}

/// Where the fact is not known, the notice's own id is part of it.
fn fact_key(parameters: &Parameters, with_notify_id: bool) -> String {
    let mut digest = Sha256::new();
    let mut add = |name: &str| {
        let value = value(parameters, name).unwrap_or_default();
        digest.update(u64::try_from(value.len()).unwrap_or(u64::MAX).to_be_bytes());
        digest.update(value);
    };
    FACT.iter().for_each(|name| add(name));
    if with_notify_id {
        add("notify_id");
    }
    hex::encode(digest.finalize())
}

/// A parameter's value; an empty one is none.
fn value<'a>(parameters: &'a Parameters, name: &str) -> Option<&'a str> {
    parameters
        .get(name)
        .map(String::as_str)
        .filter(|value| !value.is_empty())
}

#[cfg(test)]
pub(super) mod tests;

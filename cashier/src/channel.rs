//! The Channel port: what Till asks of Alipay, WeChat Pay, or whoever comes next.
//!
//! An adapter speaks its channel's wire protocol and nothing else: it decides
//! nothing about orders. Whatever it could not verify, it reports as
//! [`Outcome::Unknown`]; a positive answer has been compared with what was asked
//! (merchant, application, number) before it gets here. Amounts are compared by
//! the core, in one place for all sources.

use crate::id::{FlowNo, RefundNo};
use crate::money::Money;
use crate::time::{Day, Timestamp};
use crate::way::{ChannelKind, Way};
use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// What became of a call to a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome<T> {
    /// The channel's verified answer.
    Done(T),
    /// The channel's verified, definite no.
    Refused(Refusal),
    /// Nothing left this machine (no connection, DNS, TLS).
    NotSent(Cause),
    /// It may have happened: only the channel's own word may decide.
    Unknown(Cause),
}

impl<T> Outcome<T> {
    /// The same outcome, with another shape of what is done.
    pub fn map<U>(self, shape: impl FnOnce(T) -> U) -> Outcome<U> {
        match self {
            Outcome::Done(said) => Outcome::Done(shape(said)),
            Outcome::Refused(refusal) => Outcome::Refused(refusal),
            Outcome::NotSent(cause) => Outcome::NotSent(cause),
            Outcome::Unknown(cause) => Outcome::Unknown(cause),
        }
    }
}

/// A channel's definite no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Refusal {
    /// What the no means to us.
    pub kind: RefusalKind,
    /// The channel's code, as it was sent.
    pub code: String,
    /// The channel's words. For people; nothing decides by them.
    pub message: String,
}

/// What a channel's no means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RefusalKind {
    /// The number is paid already: ask what was paid.
    AlreadyPaid,
    /// Not now, but the same request under the same number may succeed later
    /// (rate limit, the merchant's balance).
    Later,
    /// Never, for this number.
    Final,
}

/// Why the outcome of a call is not known.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The kind, for metrics and alarms.
    pub kind: CauseKind,
    /// What was seen, for people. Holds no secret and no payer identity.
    pub detail: String,
}

/// The kinds of [`Cause`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CauseKind {
    /// No connection came about.
    Unreachable,
    /// No answer within the deadline.
    Timeout,
    /// The connection ended before the answer.
    Reset,
    /// The channel said that it failed (5xx, SYSTEM_ERROR).
    ChannelError,
    /// The answer could not be read, or holds a value never seen.
    Unreadable,
    /// The answer's signature is missing, wrong, or out of time.
    BadSignature,
    /// A verified answer about something else than was asked.
    Mismatch,
}

/// One try at paying, as it is sent to the channel. It is stored with the
/// intent, so that each repetition sends the same.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct PayRequest {
    /// The flow's number, the channel's `out_trade_no`.
    pub flow_no: FlowNo,
    /// The way of paying.
    pub way: Way,
    /// The amount, in fen.
    pub amount: Money,
    /// What is bought, for the payer.
    pub subject: String,
    /// When it can no longer be paid (UTC). Always sent, as an absolute time.
    pub expires_at: Timestamp,
    /// Where the channel sends its notices.
    pub notify_url: String,
    /// Where the payer's browser goes afterwards, where the way has that.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub return_url: Option<String>,
    /// The payer's address, where the way needs it (WX_H5).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client_ip: Option<String>,
    /// The payer, as the channel names them to this account (WeChat's openid,
    /// Alipay's buyer_id), where the way needs it.
    #[serde(default, skip_serializing_if = "Option::is_none", alias = "openid")]
    pub payer: Option<String>,
    /// The payer's payment code, where the way needs it. Good once, for a minute.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub auth_code: Option<String>,
}

/// What a channel answers when it is asked to make a flow payable.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Offer {
    /// This is what the payer's side needs.
    Action(Action),
    /// There is nothing to hand out: this is how the trade stands (payment codes).
    Trade(Trade),
}

/// What the payer's side does to pay: the artefact of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Action {
    /// Send the browser to this address.
    Redirect {
        /// An absolute URL.
        url: String,
    },
    /// Show this text as a QR code, to be scanned by the wallet.
    QrCode {
        /// What the code holds.
        text: String,
    },
    /// Hand this to the wallet's SDK in the app, unchanged.
    App {
        /// Alipay: the signed order string.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        order_string: Option<String>,
        /// WeChat Pay: the signed parameters of `PayReq`.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        params: Option<BTreeMap<String, String>>,
    },
    /// Hand these to the wallet's JavaScript bridge, unchanged.
    Jsapi {
        /// The signed parameters.
        params: BTreeMap<String, String>,
    },
}

/// What a channel says about the trade of a flow.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Trade {
    /// The channel knows no such trade. At Alipay this is normal until the payer
    /// scans or signs in, and what was handed out stays payable.
    NotFound,
    /// It exists and is not paid.
    Waiting,
    /// It exists, holds no money (it was never paid, or a reversal took everything
    /// back), and can no longer be paid.
    Closed,
    /// It was paid. Stays true whatever is refunded later.
    Paid(Payment),
}

/// Money that a channel says it took.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Payment {
    /// The channel's own number of the trade.
    pub trade_no: String,
    /// The order amount at the channel, in fen (never the coupon-reduced one).
    pub amount: Money,
    /// When the channel took it (UTC).
    pub paid_at: Timestamp,
    /// Who paid, as the channel names them to this merchant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub payer: Option<String>,
    /// Whether the channel says that all of it went back already (refunds together,
    /// or a reversal), so that nothing of it is left to take.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub returned: bool,
}

/// What a channel answers when asked to close a trade.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Closed {
    /// It is closed: nothing can be paid any more.
    Confirmed,
    /// The channel knows no such trade; see [`Trade::NotFound`]. Not a close.
    NotFound,
    /// Too soon after the creation; see WeChat's five-minute rule. Not a close.
    TooEarly,
    /// Its state does not allow it: paid, being paid, or closed already. Ask.
    NotAllowed,
}

/// What a channel answers when asked to take a barcode payment back, paid or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reversed {
    /// It cannot be paid any more, and what was paid went back to the payer.
    Confirmed,
    /// The channel knows no such trade. A call that is still on its way may make it.
    NotFound,
    /// Not done yet: the channel asks for the same call again.
    Again,
}

/// One refund, as it is sent to the channel; stored with the intent.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct RefundRequest {
    /// Our number, the same on every repetition.
    pub refund_no: RefundNo,
    /// The flow that was paid.
    pub flow_no: FlowNo,
    /// The channel's number of the trade.
    pub trade_no: String,
    /// How much to give back, in fen.
    pub amount: Money,
    /// How much was taken, in fen.
    pub total: Money,
    /// Why, for the payer.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// Where the channel sends its notices of refunds, where it takes that.
    pub notify_url: String,
}

/// What a channel says about a refund.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Refunded {
    /// The channel has not got it (or not finished it without saying so): send
    /// it again under the same number.
    NotFound,
    /// It is under way.
    Processing,
    /// The payer has the money.
    Succeeded,
    /// It will not happen; the money stays with the merchant.
    Closed,
    /// It cannot finish by itself (a closed bank card): a person must act.
    Abnormal,
}

/// A channel's notification as it came in, before anybody believes it.
#[derive(Clone, Copy, Debug)]
pub struct RawNotice<'a> {
    /// Names (any case) and values of the HTTP headers.
    pub headers: &'a [(String, String)],
    /// The body, byte for byte.
    pub body: &'a [u8],
}

/// A notice that passed every check that the adapter can make.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Notice {
    /// The same for every repetition of the same fact, different for different
    /// facts: what deduplication goes by.
    pub key: String,
    /// What it says.
    pub fact: NoticeFact,
}

/// What a verified notice says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum NoticeFact {
    /// Something about the trade of a flow.
    Trade {
        /// The flow it names.
        flow_no: FlowNo,
        /// What it says.
        trade: Trade,
    },
    /// Something about a refund.
    Refund {
        /// The flow it names.
        flow_no: FlowNo,
        /// The refund it names.
        refund_no: RefundNo,
        /// The refund's state; `None` when the notice does not say it surely
        /// (Alipay), which is a reason to ask.
        refunded: Option<Refunded>,
    },
    /// Nothing that concerns a payment or a refund; received and left.
    Other {
        /// What it was.
        about: String,
    },
}

/// Why a notice is not believed. None of these is answered with success.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoticeRefusal {
    /// Not signed by the channel: forged, damaged, or a probe.
    #[error("not verified: {0}")]
    Unverified(String),
    /// Signed by the channel, but for another merchant or application.
    #[error("for somebody else: {detail}")]
    Identity {
        /// The number that it names, if any.
        flow_no: Option<FlowNo>,
        /// What differs.
        detail: String,
    },
    /// Signed by the channel, but not to be understood.
    #[error("not understood: {detail}")]
    Unreadable {
        /// The same for every repetition of the same notice; `None` where nothing
        /// in it says so, and its whole body has to.
        key: Option<String>,
        /// What is not understood. Holds nothing secret.
        detail: String,
    },
    /// Cannot be checked just now (the key is not known yet): to be sent again.
    #[error("cannot be checked now: {0}")]
    NotNow(String),
}

impl NoticeRefusal {
    /// A notice that is not understood.
    pub fn unreadable(detail: impl Into<String>) -> NoticeRefusal {
        NoticeRefusal::Unreadable {
            key: None,
            detail: detail.into(),
        }
    }

    /// Names the notice by what stays the same when it is sent again, if it is one
    /// that is not understood.
    #[must_use]
    pub fn known_by(self, same: impl FnOnce() -> Option<String>) -> NoticeRefusal {
        match self {
            NoticeRefusal::Unreadable { key: None, detail } => NoticeRefusal::Unreadable {
                key: same(),
                detail,
            },
            other => other,
        }
    }
}

/// What a notice is answered with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeReply {
    /// The HTTP status.
    pub status: u16,
    /// The content type.
    pub content_type: &'static str,
    /// The body, byte for byte.
    pub body: &'static str,
}

/// How a notice was dealt with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Receipt {
    /// It is committed: the channel need not send it again.
    Committed,
    /// It is refused: it is not what it says.
    Refused,
    /// It could not be dealt with now: the channel shall send it again.
    Again,
}

/// One channel account: a merchant's credentials at Alipay or WeChat Pay, and
/// how to speak with it. Nothing here has a default body.
#[async_trait]
pub trait Channel: Send + Sync {
    /// Which channel it is.
    fn kind(&self) -> ChannelKind;

    /// Makes the flow payable and returns what the payer's side needs. Sending
    /// it again with the same request is safe. With a payment code the channel
    /// decides itself, and its answer is waited for at most five seconds.
    async fn pay(&self, request: &PayRequest) -> Outcome<Offer>;

    /// Asks what became of a flow.
    async fn query(&self, flow: &FlowNo) -> Outcome<Trade>;

    /// Asks to close an unpaid flow.
    async fn close(&self, flow: &FlowNo) -> Outcome<Closed>;

    /// Takes a barcode payment back, whether it was paid or not. Sending it again is
    /// safe.
    async fn reverse(&self, flow: &FlowNo) -> Outcome<Reversed>;

    /// Gives money back. Sending it again with the same request is safe.
    async fn refund(&self, request: &RefundRequest) -> Outcome<Refunded>;

    /// Asks what became of a refund.
    async fn query_refund(&self, request: &RefundRequest) -> Outcome<Refunded>;

    /// Verifies a notice, then reads it. The age of its signature is judged by the
    /// adapter's own clock, which is the real one, as for the calls.
    ///
    /// # Errors
    /// [`NoticeRefusal`]: the notice is not to be believed.
    fn open_notice(&self, raw: RawNotice<'_>) -> Result<Notice, NoticeRefusal>;

    /// What this channel expects as an answer to a notice.
    fn notice_reply(&self, receipt: Receipt) -> NoticeReply;

    /// How payers are told apart; `None` where the channel does not name them.
    fn payers(&self) -> Option<&dyn Payers>;

    /// The daily bills; `None` where the channel has none.
    fn bills(&self) -> Option<&dyn Bills>;
}

/// How a payer inside the wallet becomes known to an account (OAuth, without asking
/// the payer anything).
#[async_trait]
pub trait Payers: Send + Sync {
    /// Where the payer's browser goes. It comes back to `back` with `state` and with
    /// a code for [`Payers::payer`].
    fn asked_at(&self, back: &str, state: &str) -> String;

    /// The name of that code's parameter when the browser comes back.
    fn code_field(&self) -> &'static str;

    /// Who came back with the code, as [`PayRequest::payer`] names them. A code is
    /// good once.
    async fn payer(&self, code: &str) -> Outcome<String>;
}

/// A row of a channel's daily bill.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum BillRow {
    /// The channel took money.
    Paid {
        /// The flow it was taken for.
        flow_no: FlowNo,
        /// The money.
        payment: Payment,
    },
    /// The channel gave money back.
    Refunded {
        /// The flow whose payment it was.
        flow_no: FlowNo,
        /// The number of the refund at the channel.
        refund_no: RefundNo,
        /// How much, in fen.
        amount: Money,
    },
}

/// What is wrong with a bill.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the bill cannot be used: {0}")]
pub struct BillFault(pub String);

/// A day's bill, in a file of this machine. It was read to its end and found whole
/// (hash, totals, account) before anybody gets it; reading it blocks.
pub type Bill = Box<dyn Iterator<Item = Result<BillRow, BillFault>> + Send>;

/// The daily bills of an account.
#[async_trait]
pub trait Bills: Send + Sync {
    /// Downloads a day's bill and checks it whole; needs little memory, however long
    /// it is. `None`: the channel says that there was nothing on that day, or that it
    /// is not made yet.
    async fn bill(&self, day: Day) -> Outcome<Option<Bill>>;
}

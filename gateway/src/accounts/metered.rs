//! A channel account that counts its calls, takes its turn, and does nothing else.

use crate::telemetry::metrics::{CHANNEL_CALLS, CHANNEL_SECONDS, NOTICES};
use async_trait::async_trait;
use cashier::channel::{
    Bills, Cause, CauseKind, Channel, Closed, Notice, NoticeRefusal, NoticeReply, Offer, Outcome,
    PayRequest, Payers, RawNotice, Receipt, RefundRequest, Refunded, Reversed, Trade,
};
use cashier::id::{AccountId, FlowNo};
use cashier::way::ChannelKind;
use governor::{DefaultDirectRateLimiter, Quota};
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// The longest wait for a turn; with the call's own deadline it stays under the
/// lease of a task, so that nobody else takes the task meanwhile.
const LONGEST_WAIT: Duration = Duration::from_secs(5);

/// An adapter with a meter and a rate limit.
pub struct Metered {
    channel: Arc<dyn Channel>,
    account: AccountId,
    turns: DefaultDirectRateLimiter,
}

impl Metered {
    /// Meters an adapter.
    pub fn new(channel: Arc<dyn Channel>, account: AccountId, quota: Quota) -> Metered {
        Metered {
            channel,
            account,
            turns: DefaultDirectRateLimiter::direct(quota),
        }
    }

    async fn call<T>(
        &self,
        call: &'static str,
        doing: impl Future<Output = Outcome<T>>,
    ) -> Outcome<T> {
        let turn = tokio::time::timeout(LONGEST_WAIT, self.turns.until_ready()).await;
        let began = Instant::now();
        let outcome = match turn {
            Ok(()) => {
                #[cfg(feature = "crash-points")]
                crate::crash::reached_by("before_send", call);
                let outcome = doing.await;
                #[cfg(feature = "crash-points")]
                crate::crash::reached_by("after_answer", call);
                outcome
            }
            Err(_) => Outcome::NotSent(Cause {
                kind: CauseKind::Unreachable,
                detail: "the rate limit of this account (channels.requests_per_second) is used up"
                    .to_owned(),
            }),
        };
        self.record(call, &outcome, began.elapsed());
        outcome
    }

    fn record<T>(&self, call: &'static str, outcome: &Outcome<T>, elapsed: Duration) {
        let (name, cause) = match outcome {
            Outcome::Done(_) => ("done", None),
            Outcome::Refused(_) => ("refused", None),
            Outcome::NotSent(cause) => ("not_sent", Some(cause)),
            Outcome::Unknown(cause) => ("unknown", Some(cause)),
        };
        let account = self.account.as_str();
        let kind = cause.map_or("none", |cause| named(cause.kind));
        metrics::counter!(
            CHANNEL_CALLS,
            "account" => account.to_owned(), "call" => call, "outcome" => name, "cause" => kind
        )
        .increment(1);
        metrics::histogram!(CHANNEL_SECONDS, "account" => account.to_owned(), "call" => call)
            .record(elapsed);
        let duration_ms = u64::try_from(elapsed.as_millis()).unwrap_or(u64::MAX);
        if let Some(cause) = cause {
            tracing::warn!(
                account.id = account,
                channel.call = call,
                channel.outcome = name,
                channel.cause = kind,
                duration_ms,
                detail = cause.detail,
                "channel call"
            );
        } else {
            tracing::debug!(
                account.id = account,
                channel.call = call,
                channel.outcome = name,
                duration_ms,
                "channel call"
            );
        }
    }
}

/// A cause's name in logs and metrics.
const fn named(kind: CauseKind) -> &'static str {
    match kind {
        CauseKind::Unreachable => "unreachable",
        CauseKind::Timeout => "timeout",
        CauseKind::Reset => "reset",
        CauseKind::ChannelError => "channel_error",
        CauseKind::Unreadable => "unreadable",
        CauseKind::BadSignature => "bad_signature",
        CauseKind::Mismatch => "mismatch",
    }
}

#[async_trait]
impl Channel for Metered {
    fn kind(&self) -> ChannelKind {
        self.channel.kind()
    }

    async fn pay(&self, request: &PayRequest) -> Outcome<Offer> {
        self.call("pay", self.channel.pay(request)).await
    }

    async fn query(&self, flow: &FlowNo) -> Outcome<Trade> {
        self.call("query", self.channel.query(flow)).await
    }

    async fn close(&self, flow: &FlowNo) -> Outcome<Closed> {
        self.call("close", self.channel.close(flow)).await
    }

    async fn reverse(&self, flow: &FlowNo) -> Outcome<Reversed> {
        self.call("reverse", self.channel.reverse(flow)).await
    }

    async fn refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        self.call("refund", self.channel.refund(request)).await
    }

    async fn query_refund(&self, request: &RefundRequest) -> Outcome<Refunded> {
        self.call("query_refund", self.channel.query_refund(request))
            .await
    }

    fn open_notice(&self, raw: RawNotice<'_>) -> Result<Notice, NoticeRefusal> {
        let opened = self.channel.open_notice(raw);
        let verdict = match &opened {
            Ok(_) => "verified",
            Err(NoticeRefusal::Unverified(_)) => "unverified",
            Err(NoticeRefusal::Identity { .. }) => "identity",
            Err(NoticeRefusal::Unreadable { .. }) => "unreadable",
            Err(NoticeRefusal::NotNow(_)) => "not_now",
        };
        let account = self.account.as_str().to_owned();
        metrics::counter!(NOTICES, "account" => account, "verdict" => verdict).increment(1);
        #[cfg(feature = "crash-points")]
        if opened.is_ok() {
            crate::crash::reached("notice.verified");
        }
        opened
    }

    fn notice_reply(&self, receipt: Receipt) -> NoticeReply {
        self.channel.notice_reply(receipt)
    }

    fn payers(&self) -> Option<&dyn Payers> {
        self.channel.payers()
    }

    fn bills(&self) -> Option<&dyn Bills> {
        self.channel.bills()
    }
}

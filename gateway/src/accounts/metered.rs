//! A channel account that counts its calls, takes its turn, and does nothing else.

use crate::telemetry::metrics::{CHANNEL_CALLS, CHANNEL_SECONDS, NOTICES};
use async_trait::async_trait;
use cashier::channel::{
    Bill, Bills, Cause, CauseKind, Channel, Closed, Notice, NoticeRefusal, NoticeReply, Offer,
    Outcome, PayRequest, Payers, RawNotice, Receipt, RefundRequest, Refunded, Reversed, Trade,
};
use cashier::id::{AccountId, FlowNo};
use cashier::time::Day;
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
    longest_wait: Duration,
}

impl Metered {
    /// Meters an adapter.
    pub fn new(channel: Arc<dyn Channel>, account: AccountId, quota: Quota) -> Metered {
        Metered {
            channel,
            account,
            turns: DefaultDirectRateLimiter::direct(quota),
            longest_wait: LONGEST_WAIT,
        }
    }

    async fn call<T>(
        &self,
        call: &'static str,
        doing: impl Future<Output = Outcome<T>>,
    ) -> Outcome<T> {
        let turn = tokio::time::timeout(self.longest_wait, self.turns.until_ready()).await;
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
        self.channel.payers().map(|_| self as &dyn Payers)
    }

    fn bills(&self) -> Option<&dyn Bills> {
        self.channel.bills().map(|_| self as &dyn Bills)
    }
}

/// Given to nobody where the channel names no payers.
#[async_trait]
impl Payers for Metered {
    fn asked_at(&self, back: &str, state: &str) -> String {
        let payers = self.channel.payers();
        payers.map_or_else(String::new, |payers| payers.asked_at(back, state))
    }

    fn code_field(&self) -> &'static str {
        self.channel.payers().map_or("code", Payers::code_field)
    }

    async fn payer(&self, code: &str) -> Outcome<String> {
        match self.channel.payers() {
            Some(payers) => self.call("payer", payers.payer(code)).await,
            None => Outcome::NotSent(missing()),
        }
    }
}

/// Given to nobody where the channel has no bills.
#[async_trait]
impl Bills for Metered {
    async fn bill(&self, day: Day) -> Outcome<Option<Bill>> {
        match self.channel.bills() {
            Some(bills) => self.call("bill", bills.bill(day)).await,
            None => Outcome::NotSent(missing()),
        }
    }
}

/// The channel has no such call.
fn missing() -> Cause {
    Cause {
        kind: CauseKind::Unreachable,
        detail: "this channel has no such call".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::num::NonZeroU32;
    use std::sync::atomic::{AtomicU32, Ordering};

    /// A channel that only names payers and has empty bills, and counts how often.
    #[derive(Default)]
    struct Wallet {
        calls: AtomicU32,
        is_bare: bool,
    }

    #[async_trait]
    impl Channel for Wallet {
        fn kind(&self) -> ChannelKind {
            ChannelKind::Alipay
        }
        async fn pay(&self, _: &PayRequest) -> Outcome<Offer> {
            Outcome::NotSent(missing())
        }
        async fn query(&self, _: &FlowNo) -> Outcome<Trade> {
            Outcome::NotSent(missing())
        }
        async fn close(&self, _: &FlowNo) -> Outcome<Closed> {
            Outcome::NotSent(missing())
        }
        async fn reverse(&self, _: &FlowNo) -> Outcome<Reversed> {
            Outcome::NotSent(missing())
        }
        async fn refund(&self, _: &RefundRequest) -> Outcome<Refunded> {
            Outcome::NotSent(missing())
        }
        async fn query_refund(&self, _: &RefundRequest) -> Outcome<Refunded> {
            Outcome::NotSent(missing())
        }
        fn open_notice(&self, _: RawNotice<'_>) -> Result<Notice, NoticeRefusal> {
            Err(NoticeRefusal::Unverified("nobody signs here".to_owned()))
        }
        fn notice_reply(&self, _: Receipt) -> NoticeReply {
            NoticeReply {
                status: 500,
                content_type: "text/plain",
                body: "",
            }
        }
        fn payers(&self) -> Option<&dyn Payers> {
            (!self.is_bare).then_some(self as &dyn Payers)
        }
        fn bills(&self) -> Option<&dyn Bills> {
            (!self.is_bare).then_some(self as &dyn Bills)
        }
    }

    #[async_trait]
    impl Payers for Wallet {
        fn asked_at(&self, back: &str, state: &str) -> String {
            format!("{back}#{state}")
        }
        fn code_field(&self) -> &'static str {
            "auth_code"
        }
        async fn payer(&self, code: &str) -> Outcome<String> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            Outcome::Done(code.to_owned())
        }
    }

    #[async_trait]
    impl Bills for Wallet {
        async fn bill(&self, _: Day) -> Outcome<Option<Bill>> {
            self.calls.fetch_add(1, Ordering::SeqCst);
            Outcome::Done(None)
        }
    }

    fn metered(wallet: Arc<Wallet>, account: &str, burst: u32) -> Metered {
        let quota = Quota::per_hour(NonZeroU32::MIN);
        let quota = quota.allow_burst(NonZeroU32::new(burst).unwrap());
        Metered {
            longest_wait: Duration::ZERO,
            ..Metered::new(wallet, AccountId::new(account), quota)
        }
    }

    #[tokio::test]
    async fn bills_and_payers_are_counted_and_take_their_turn_as_every_call_does() {
        let recorder = crate::telemetry::metrics::recorder().unwrap();
        let wallet = Arc::new(Wallet::default());
        let metered = metered(wallet.clone(), "metered", 2);
        let day = Day::parse("2026-11-24").unwrap();
        let (bills, payers) = (metered.bills().unwrap(), metered.payers().unwrap());
        assert_eq!(payers.asked_at("back", "state"), "back#state");
        assert_eq!(payers.code_field(), "auth_code");
        assert!(matches!(bills.bill(day).await, Outcome::Done(None)));
        assert_eq!(payers.payer("code").await, Outcome::Done("code".to_owned()));
        assert_eq!(wallet.calls.load(Ordering::SeqCst), 2);
        assert!(matches!(bills.bill(day).await, Outcome::NotSent(_)));
        assert!(matches!(payers.payer("code").await, Outcome::NotSent(_)));
        assert_eq!(wallet.calls.load(Ordering::SeqCst), 2, "it was called");
        let shown = recorder.render();
        for call in ["bill", "payer"] {
            for (outcome, cause) in [("done", "none"), ("not_sent", "unreachable")] {
                let line = shown.lines().find(|line| {
                    [
                        r#"account="metered""#,
                        &format!(r#"call="{call}""#),
                        &format!(r#"outcome="{outcome}""#),
                        &format!(r#"cause="{cause}""#),
                    ]
                    .iter()
                    .all(|label| line.contains(label))
                });
                let line = line.unwrap_or_else(|| panic!("{call} {outcome}: {shown}"));
                assert!(line.ends_with(" 1"), "{line}");
            }
        }
    }

    #[test]
    fn what_a_channel_has_not_is_not_there() {
        let wallet = Wallet {
            is_bare: true,
            ..Wallet::default()
        };
        let metered = metered(Arc::new(wallet), "bare", 1);
        assert!(metered.bills().is_none() && metered.payers().is_none());
    }
}

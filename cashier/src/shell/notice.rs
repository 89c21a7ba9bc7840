//! Taking a channel's notice: verified, matched with its order, committed, and
//! only then answered with success.

use super::Cashier;
use crate::channel::{Channel, Notice, NoticeFact, NoticeRefusal, NoticeReply, RawNotice, Receipt};
use crate::decide::Input;
use crate::exception::{Exception, ExceptionKind};
use crate::id::{AccountId, ExceptionId, FlowNo, OrderId};
use crate::money::Money;
use crate::store::{NoticeRecord, StoreError};
use sha2::{Digest, Sha256};

/// How much of a notice's body is kept as evidence.
const MOST_EVIDENCE: usize = 16 * 1024;

/// What became of a notice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TakenNotice {
    /// What the channel is answered.
    pub reply: NoticeReply,
    /// How it was dealt with.
    pub receipt: Receipt,
    /// Why, in words, for the log. Holds nothing secret.
    pub verdict: String,
}

impl Cashier {
    /// Takes a notice for a channel account. `None`: there is no such account.
    pub async fn take_notice(
        &self,
        account: &AccountId,
        raw: RawNotice<'_>,
    ) -> Option<TakenNotice> {
        let channel = self.channels.channel(account)?;
        let (receipt, verdict) = match channel.open_notice(raw) {
            Ok(notice) => self.believe(account, &*channel, raw, notice).await,
            Err(refusal) => self.disbelieve(account, raw, refusal).await,
        };
        Some(TakenNotice {
            reply: channel.notice_reply(receipt),
            receipt,
            verdict,
        })
    }

    async fn believe(
        &self,
        account: &AccountId,
        channel: &dyn Channel,
        raw: RawNotice<'_>,
        notice: Notice,
    ) -> (Receipt, String) {
        match self.apply_notice(account, channel, raw, notice).await {
            Ok(verdict) => (Receipt::Committed, verdict),
            Err(error) => (Receipt::Again, format!("not committed: {error}")),
        }
    }

    /// Commits what a verified notice says, or the exception that it is.
    async fn apply_notice(
        &self,
        account: &AccountId,
        channel: &dyn Channel,
        raw: RawNotice<'_>,
        notice: Notice,
    ) -> Result<String, StoreError> {
        let (flow_no, input) = match notice.fact {
            NoticeFact::Other { about } => return Ok(format!("left alone: {about}")),
            NoticeFact::Trade { flow_no, trade } => {
                (flow_no.clone(), Input::NoticedTrade(flow_no, trade))
            }
            NoticeFact::Refund {
                flow_no,
                refund_no,
                refunded,
            } => (
                flow_no.clone(),
                Input::NoticedRefund(flow_no, refund_no, refunded),
            ),
        };
        if self.store.knows_notice(account, &notice.key).await? {
            return Ok("known already".to_owned());
        }
        let record = self.evidence(account, &notice.key, Some(&flow_no), raw);
        match self.store.find_by_flow(account, &flow_no).await? {
            Some(order) => self.commit_notice(&order, &input, &record).await,
            None => {
                let detail = format!(
                    "{} names a trade that Till never made: {flow_no}. Look it up in the channel's back office",
                    channel.kind()
                );
                let exception = self.stray(
                    account,
                    ExceptionKind::UnknownTrade,
                    flow_no.as_str(),
                    amount_of(&input),
                    detail,
                );
                self.store.record_stray(Some(record), exception).await?;
                Ok("about an unknown trade: exception recorded".to_owned())
            }
        }
    }

    async fn commit_notice(
        &self,
        order: &OrderId,
        input: &Input,
        record: &NoticeRecord,
    ) -> Result<String, StoreError> {
        match self.drive(order, input, Some(record)).await {
            Ok(Some(committed)) if committed.decision.rows.is_empty() => {
                Ok("known already".to_owned())
            }
            Ok(Some(committed)) => Ok(format!(
                "applied; the order is {}",
                committed.state.order.status.name()
            )),
            Ok(None) => Err(StoreError::Corrupt(format!(
                "a flow without its order {order}"
            ))),
            Err(error) => Err(error),
        }
    }

    /// A notice that is not believed changes no order. If the channel did sign
    /// it, a person hears of it.
    async fn disbelieve(
        &self,
        account: &AccountId,
        raw: RawNotice<'_>,
        refusal: NoticeRefusal,
    ) -> (Receipt, String) {
        let verdict = format!("not believed: {refusal}");
        match refusal {
            NoticeRefusal::Unverified(_) => (Receipt::Refused, verdict),
            NoticeRefusal::NotNow(_) => (Receipt::Again, verdict),
            NoticeRefusal::Identity { flow_no, detail } => {
                let subject = flow_no.map_or_else(|| digest(raw.body), |no| no.to_string());
                let kind = ExceptionKind::IdentityMismatch;
                let exception = self.stray(account, kind, &subject, None, detail);
                let recorded = self.store.record_stray(None, exception).await;
                refused(verdict, recorded.map(drop))
            }
            NoticeRefusal::Unreadable { key, detail } => {
                let recorded = self.keep_unreadable(account, raw, key, detail).await;
                refused(verdict, recorded)
            }
        }
    }

    /// Keeps a notice that is not understood as evidence, with the exception about
    /// it; once, however often the channel sends it.
    async fn keep_unreadable(
        &self,
        account: &AccountId,
        raw: RawNotice<'_>,
        key: Option<String>,
        detail: String,
    ) -> Result<(), StoreError> {
        let same = key.map_or_else(|| digest(raw.body), |key| digest(key.as_bytes()));
        // Never the key of a notice that is understood: once it is, it is new.
        let key = format!("unreadable:{same}");
        if self.store.knows_notice(account, &key).await? {
            return Ok(());
        }
        let detail = format!(
            "a notice that the channel signed is not understood ({detail}); it is kept in the \
             table notices under the key {key}"
        );
        let kind = ExceptionKind::NoticeUnprocessable;
        let exception = self.stray(account, kind, &same, None, detail);
        let record = self.evidence(account, &key, None, raw);
        let recorded = self.store.record_stray(Some(record), exception).await;
        recorded.map(drop)
    }

    fn evidence(
        &self,
        account: &AccountId,
        key: &str,
        flow_no: Option<&FlowNo>,
        raw: RawNotice<'_>,
    ) -> NoticeRecord {
        let kept = raw.body.get(..MOST_EVIDENCE).unwrap_or(raw.body);
        NoticeRecord {
            account: account.clone(),
            key: key.to_owned(),
            flow_no: flow_no.cloned(),
            body: String::from_utf8_lossy(kept).into_owned(),
            received_at: self.clock.now(),
        }
    }

    /// An exception without an order; its name follows from what it is about.
    pub(super) fn stray(
        &self,
        account: &AccountId,
        kind: ExceptionKind,
        subject: &str,
        amount: Option<Money>,
        detail: String,
    ) -> Exception {
        let subject = format!("{account}/{subject}");
        let name = digest(format!("{}/{subject}", kind.name()).as_bytes());
        Exception {
            id: ExceptionId::new(format!("exc_{}", name.get(..26).unwrap_or(&name))),
            order: None,
            account: Some(account.clone()),
            kind,
            subject,
            amount,
            detail,
            opened_at: self.clock.now(),
        }
    }
}

/// What is refused is answered with "again" until a person can see it.
fn refused(verdict: String, recorded: Result<(), StoreError>) -> (Receipt, String) {
    match recorded {
        Ok(()) => (Receipt::Refused, verdict),
        Err(error) => (Receipt::Again, format!("{verdict}; not recorded: {error}")),
    }
}

fn amount_of(input: &Input) -> Option<Money> {
    match input {
        Input::NoticedTrade(_, crate::channel::Trade::Paid(payment)) => Some(payment.amount),
        _ => None,
    }
}

fn digest(bytes: &[u8]) -> String {
    hex::encode(Sha256::digest(bytes))
}

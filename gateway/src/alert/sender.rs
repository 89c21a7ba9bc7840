//! One round for one target: what is due, in one message; and what became of it.

use super::schedule::next_try;
use super::{AlertFailure, Outgoing, answer, dingtalk, feishu, generic, wecom};
use crate::accounts::Registry;
use crate::config::{AlertFormat, Target};
use crate::telemetry::metrics::ALERTS;
use crate::webhook::{Client, Clocks};
use cashier::desk::{AlertNext, ClaimedAlert, Desk, Standing};
use cashier::id::ExceptionId;
use cashier::store::StoreError;
use cashier::time::Span;
use std::sync::Arc;

/// The most exceptions of a message.
const MOST: u32 = 50;

/// How long alerts are leased: longer than any try may take.
const LEASE: Span = Span::minutes(2);

/// Sends alerts.
pub struct Alerter {
    desk: Arc<dyn Desk>,
    registry: Arc<Registry>,
    client: Client,
    clocks: Clocks,
}

impl Alerter {
    /// An alerter over these.
    pub fn new(
        desk: Arc<dyn Desk>,
        registry: Arc<Registry>,
        client: Client,
        clocks: Clocks,
    ) -> Alerter {
        Alerter {
            desk,
            registry,
            client,
            clocks,
        }
    }

    /// Tells a target what is due for it, in one message. Returns how many
    /// exceptions that were.
    ///
    /// # Errors
    /// [`StoreError`]: what was sent could not be recorded, so it is sent again.
    pub async fn alert(&self, target: &Target) -> Result<usize, StoreError> {
        let now = self.clocks.schedule.now();
        let claimed = self
            .desk
            .claim_alerts(&target.name, now, now.plus(LEASE), MOST)
            .await?;
        if claimed.is_empty() {
            return Ok(0);
        }
        let standings: Vec<Standing> = claimed.iter().map(|one| one.standing.clone()).collect();
        match self.send(target, &standings).await {
            Ok(()) => self.sent(target, &claimed).await?,
            Err(failure) => self.not_sent(target, &claimed, &failure).await?,
        }
        Ok(claimed.len())
    }

    async fn send(&self, target: &Target, standings: &[Standing]) -> Result<(), AlertFailure> {
        let Outgoing { url, headers, body } = self.request(target, standings)?;
        let (_, answered) = self.client.post_and_read(&url, &headers, body).await?;
        answer::taken(target.format, &answered)
    }

    fn request(&self, target: &Target, standings: &[Standing]) -> Result<Outgoing, AlertFailure> {
        let (url, secret) = (&target.url, target.secret.as_ref());
        let now = self.clocks.wall.now();
        match target.format {
            AlertFormat::Generic => generic::request(url, secret, standings, &self.registry, now),
            AlertFormat::Dingtalk => dingtalk::request(url, secret, standings, now),
            AlertFormat::Wecom => Ok(wecom::request(url, standings)),
            AlertFormat::Feishu => Ok(feishu::request(url, secret, standings, now)),
        }
    }

    async fn sent(&self, target: &Target, claimed: &[ClaimedAlert]) -> Result<(), StoreError> {
        let all = names(claimed.iter());
        self.desk
            .record_alerts(&target.name, &all, AlertNext::Sent)
            .await?;
        count("sent", &all);
        tracing::info!(
            alert.target = target.name,
            exceptions = all.len(),
            "operators were alerted"
        );
        Ok(())
    }

    /// Each alert has tries of its own; those that go on are tried again together,
    /// as early as the youngest of them may be.
    async fn not_sent(
        &self,
        target: &Target,
        claimed: &[ClaimedAlert],
        failure: &AlertFailure,
    ) -> Result<(), StoreError> {
        let now = self.clocks.schedule.now();
        let goes_on = |one: &&ClaimedAlert| next_try(one.attempt, now).is_some();
        let (again, over): (Vec<&ClaimedAlert>, Vec<&ClaimedAlert>) =
            claimed.iter().partition(goes_on);
        let due = again.iter().filter_map(|one| next_try(one.attempt, now));
        if let Some(due) = due.min() {
            let again = names(again.into_iter());
            let then = AlertNext::Retry(due);
            self.desk.record_alerts(&target.name, &again, then).await?;
            count("failed", &again);
            tracing::warn!(
                alert.target = target.name, exceptions = again.len(), error = %failure,
                retry_at_ms = due.millis(),
                "operators were not alerted, will be tried again"
            );
        }
        if !over.is_empty() {
            let over = names(over.into_iter());
            let then = AlertNext::GivenUp;
            self.desk.record_alerts(&target.name, &over, then).await?;
            count("given_up", &over);
            tracing::error!(
                alert.target = target.name, exceptions = over.len(), error = %failure,
                "operators could not be alerted, and this is given up: mend the target, and look \
                 at GET /ops/v1/exceptions"
            );
        }
        Ok(())
    }
}

fn names<'a>(claimed: impl Iterator<Item = &'a ClaimedAlert>) -> Vec<ExceptionId> {
    claimed
        .map(|one| one.standing.exception.id.clone())
        .collect()
}

fn count(outcome: &'static str, alerts: &[ExceptionId]) {
    let alerts = u64::try_from(alerts.len()).unwrap_or(u64::MAX);
    metrics::counter!(ALERTS, "outcome" => outcome).increment(alerts);
}

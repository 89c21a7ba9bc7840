//! Due deliveries, each host in a lane of its own: a merchant whose server is slow
//! waits for itself and not for others.
//!
//! A lane holds a bounded number of deliveries; what is beyond that is left to
//! its lease and taken again later, so a backlog of one host never fills the
//! places of all.

use super::Stop;
use super::health::Health;
use crate::config::Webhook;
use crate::shared::Shared;
use crate::webhook::Deliverer;
use cashier::store::ClaimedDelivery;
use cashier::time::{Clock, Span, Timestamp};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use url::Url;

/// How long a delivery may wait in its lane. What a killed process had in hand is late
/// by no more than this, one try, and the spare.
const WAIT: u32 = 30;

/// What is left of a lease when a try has taken all of its time, for its record.
const SPARE: u32 = 5;

/// How many deliveries may wait in a lane for each that is under way there.
const WAITING: usize = 16;

/// The most deliveries that are taken at once.
const BATCH: u32 = 100;

/// Delivers until asked to stop.
pub(super) async fn run(
    shared: Arc<Shared>,
    deliverer: Arc<Deliverer>,
    settings: Webhook,
    mut stop: Stop,
) {
    let mut health = Health::new("deliveries");
    let mut lanes = Lanes::new(shared.clock.clone(), deliverer, settings.clone());
    while !stop.is_asked() {
        let free = lanes.free();
        let mut pause = settings.poll();
        if free > 0 {
            let now = shared.clock.now();
            let until = now.plus(lease(&settings));
            match shared.store.claim_deliveries(now, until, free).await {
                Ok(claimed) => {
                    health.well();
                    let is_full = u32::try_from(claimed.len()).is_ok_and(|count| count == free);
                    claimed
                        .into_iter()
                        .for_each(|delivery| lanes.take(delivery, until, &stop));
                    if is_full {
                        continue;
                    }
                }
                Err(error) => pause = health.ill(&error),
            }
        }
        tokio::select! {
            going_on = stop.pause(pause) => if !going_on { break },
            Some(_) = lanes.running.join_next(), if free == 0 => {}
        }
    }
    lanes.finish().await;
}

/// The deliveries in hand.
struct Lanes {
    lanes: HashMap<String, Arc<Semaphore>>,
    running: JoinSet<()>,
    clock: Arc<dyn Clock>,
    deliverer: Arc<Deliverer>,
    settings: Webhook,
    most: usize,
}

impl Lanes {
    fn new(clock: Arc<dyn Clock>, deliverer: Arc<Deliverer>, settings: Webhook) -> Lanes {
        let most = settings.concurrency.get().saturating_mul(WAITING);
        let (lanes, running) = (HashMap::new(), JoinSet::new());
        Lanes {
            lanes,
            running,
            clock,
            deliverer,
            settings,
            most,
        }
    }

    /// How many more may be taken.
    fn free(&mut self) -> u32 {
        while self.running.try_join_next().is_some() {}
        // A lane that only this map knows is empty.
        self.lanes.retain(|_, lane| Arc::strong_count(lane) > 1);
        let free = self.most.saturating_sub(self.running.len());
        u32::try_from(free).unwrap_or(u32::MAX).min(BATCH)
    }

    /// Puts a delivery into its lane, unless the lane is full.
    fn take(&mut self, delivery: ClaimedDelivery, until: Timestamp, stop: &Stop) {
        let at_once = self.settings.concurrency_per_host.get();
        let host = self
            .deliverer
            .address(&delivery)
            .and_then(|url| host(&url))
            .unwrap_or_default();
        let lane = self
            .lanes
            .entry(host)
            .or_insert_with(|| Arc::new(Semaphore::new(at_once)))
            .clone();
        // One count is the map's and one is ours.
        if Arc::strong_count(&lane) > at_once.saturating_mul(WAITING + 1) + 2 {
            return;
        }
        let latest = until.minus(one_try(&self.settings));
        let (clock, deliverer, stop) = (self.clock.clone(), self.deliverer.clone(), stop.clone());
        self.running.spawn(async move {
            let Ok(_turn) = lane.acquire().await else {
                return;
            };
            // Its lease is about to lapse, or we are about to end: somebody will take it again.
            if clock.now() > latest || stop.is_asked() {
                return;
            }
            let event = delivery.event.id.clone();
            if let Err(error) = deliverer.deliver(delivery).await {
                tracing::warn!(
                    event.id = %event, %error,
                    "a delivery could not be recorded; it will be made again"
                );
            }
        });
    }

    async fn finish(&mut self) {
        while self.running.join_next().await.is_some() {}
    }
}

/// How long a delivery is leased: waiting in its lane, and one try.
fn lease(settings: &Webhook) -> Span {
    let seconds = settings.deadline_seconds.saturating_add(SPARE);
    Span::seconds(seconds.saturating_add(WAIT))
}

/// How long one try may take, with its record.
fn one_try(settings: &Webhook) -> Span {
    Span::seconds(settings.deadline_seconds.saturating_add(SPARE))
}

/// The host and port of an address: what a lane is for.
fn host(url: &str) -> Option<String> {
    let url = Url::parse(url).ok()?;
    Some(format!(
        "{}:{}",
        url.host_str()?,
        url.port_or_known_default()?
    ))
}

//! One try to deliver one event, and what happens next.

use super::client::{Client, Failure};
use super::sign;
use crate::telemetry::metrics::{DELIVERIES, DELIVERY_LAG};
use cashier::delivery::{NotTaken, after_try};
use cashier::event::Event;
use cashier::id::AppId;
use cashier::store::{ClaimedDelivery, DeliveryNext, Store, StoreError};
use cashier::time::{Clock, Entropy};
use secrecy::SecretString;
use std::sync::Arc;

/// Where an application's events go, and what signs them.
#[derive(Clone, Debug, Default)]
pub struct Endpoint {
    /// Its address, unless the order has one of its own.
    pub url: Option<String>,
    /// Every active secret.
    pub secrets: Vec<SecretString>,
}

/// Who knows the endpoints.
pub trait Endpoints: Send + Sync {
    /// The application's endpoint, as it is now; `None` without such an
    /// application.
    fn endpoint(&self, app: &AppId) -> Option<Endpoint>;
}

/// The two times of a delivery.
#[derive(Clone)]
pub struct Clocks {
    /// By which tries are due.
    pub schedule: Arc<dyn Clock>,
    /// Which signatures carry, and merchants compare with their own.
    pub wall: Arc<dyn Clock>,
}

/// Delivers events.
pub struct Deliverer {
    store: Arc<dyn Store>,
    endpoints: Arc<dyn Endpoints>,
    client: Client,
    clocks: Clocks,
    entropy: Arc<dyn Entropy>,
}

impl Deliverer {
    /// A deliverer over these ports.
    pub fn new(
        store: Arc<dyn Store>,
        endpoints: Arc<dyn Endpoints>,
        client: Client,
        clocks: Clocks,
        entropy: Arc<dyn Entropy>,
    ) -> Deliverer {
        Deliverer {
            store,
            endpoints,
            client,
            clocks,
            entropy,
        }
    }

    /// Where a delivery goes, if that is known.
    pub fn address(&self, delivery: &ClaimedDelivery) -> Option<String> {
        let own = || self.endpoints.endpoint(&delivery.event.app)?.url;
        delivery.notify_url.clone().or_else(own)
    }

    /// Tries once, and records what came of it and what happens next.
    ///
    /// # Errors
    /// [`StoreError`]: the try could not be recorded, so it will be made again,
    /// under the same id with the same bytes.
    pub async fn deliver(&self, delivery: ClaimedDelivery) -> Result<(), StoreError> {
        #[cfg(feature = "crash-points")]
        crate::crash::reached("delivery.before_post");
        let outcome = self.send(&delivery).await;
        #[cfg(feature = "crash-points")]
        crate::crash::reached("delivery.after_post");
        let now = self.clocks.schedule.now();
        let event = &delivery.event;
        if outcome.is_ok() {
            let lag = crate::clock::duration(now.since(event.created_at));
            metrics::histogram!(DELIVERY_LAG).record(lag);
        }
        let tried = after_try(&delivery, outcome, now, &*self.entropy);
        let (status, error) = (tried.status, tried.error.as_deref());
        tell(event, delivery.attempt, status, error, tried.then);
        self.store.record_delivery(tried).await
    }

    async fn send(&self, delivery: &ClaimedDelivery) -> Result<u16, NotTaken> {
        let words = |text: &str| (None, text.to_owned());
        let event = &delivery.event;
        let endpoint = self
            .endpoints
            .endpoint(&event.app)
            .ok_or_else(|| words("the application is not configured any more: import it again"))?;
        let url = delivery
            .notify_url
            .clone()
            .or(endpoint.url)
            .ok_or_else(|| words("the application has no webhook address: import one"))?;
        if endpoint.secrets.is_empty() {
            return Err(words("the application has no webhook secret: import one"));
        }
        let timestamp = self.clocks.wall.now().seconds();
        let id = event.id.as_str();
        let signatures = sign::signatures(&endpoint.secrets, id, timestamp, event.body.as_bytes())
            .map_err(|fault| words(&fault.to_string()))?;
        let headers = [
            ("webhook-id", id.to_owned()),
            ("webhook-timestamp", timestamp.to_string()),
            ("webhook-signature", signatures),
        ];
        self.client
            .post(&url, &headers, event.body.clone())
            .await
            .map_err(|failure: Failure| (failure.status(), failure.to_string()))
    }
}

/// Counts and logs a try.
fn tell(event: &Event, attempt: u32, status: Option<u16>, error: Option<&str>, then: DeliveryNext) {
    let outcome = match then {
        DeliveryNext::Delivered => "delivered",
        DeliveryNext::Retry(_) => "failed",
        DeliveryNext::Exhausted => "exhausted",
    };
    metrics::counter!(DELIVERIES, "outcome" => outcome).increment(1);
    let (event_id, order) = (event.id.as_str(), event.order.as_str());
    let number = attempt.saturating_add(1);
    match then {
        DeliveryNext::Delivered => tracing::info!(
            event.id = event_id,
            order.id = order,
            attempt.number = number,
            http.status = status,
            "event delivered"
        ),
        DeliveryNext::Retry(at) => tracing::info!(
            event.id = event_id,
            order.id = order,
            attempt.number = number,
            http.status = status,
            error,
            retry_at_ms = at.millis(),
            "event not delivered, will be tried again"
        ),
        DeliveryNext::Exhausted => tracing::warn!(
            event.id = event_id,
            order.id = order,
            attempt.number = number,
            http.status = status,
            error,
            "event not delivered to the end of the schedule: redeliver it by hand once the \
                    merchant's server works"
        ),
    }
}

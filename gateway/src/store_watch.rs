//! A store that tells of what was committed: to the log and the metrics, and to
//! whoever is interested in an order, which is what pushes "paid" to an open page.
//! That push is a hint and no more: the page asks the database then, and polls behind it,
//! so a lost hint costs seconds and nothing else.

use crate::telemetry::metrics::{EVENTS, EXCEPTIONS};
use async_trait::async_trait;
use cashier::channel::BillRow;
use cashier::event::EventKind;
use cashier::exception::{Exception, ExceptionKind};
use cashier::id::{
    AccountId, AppId, CheckoutToken, EventId, ExceptionId, FlowNo, MerchantId, OrderId, RefundNo,
};
use cashier::journal::Line;
use cashier::state::{OrderState, Row};
use cashier::store::{
    ClaimedDelivery, Commit, DeliveryNext, DeliveryTry, EventRecord, NoticeRecord, Store,
    StoreError,
};
use cashier::task::Claimed;
use cashier::time::Timestamp;
use cashier::timeline::Evidence;
use std::sync::Arc;
use tokio::sync::broadcast;

/// How many hints a slow listener may be behind before it loses some.
const BACKLOG: usize = 1024;

/// The orders that were committed, as they are.
#[derive(Clone, Debug)]
pub struct Changes {
    sender: broadcast::Sender<OrderId>,
}

impl Changes {
    /// Nobody listens yet.
    pub fn new() -> Changes {
        Changes {
            sender: broadcast::Sender::new(BACKLOG),
        }
    }

    /// Listens from now on.
    pub fn subscribe(&self) -> broadcast::Receiver<OrderId> {
        self.sender.subscribe()
    }

    fn announce(&self, order: OrderId) {
        // An error only says that nobody listens.
        let _ = self.sender.send(order);
    }
}

impl Default for Changes {
    fn default() -> Changes {
        Changes::new()
    }
}

/// A store whose commits are announced.
pub struct WatchedStore {
    store: Arc<dyn Store>,
    changes: Changes,
}

impl WatchedStore {
    /// Watches a store.
    pub fn new(store: Arc<dyn Store>, changes: Changes) -> WatchedStore {
        WatchedStore { store, changes }
    }
}

/// What of a commit people and metrics hear of.
struct Written {
    order: OrderId,
    events: Vec<(EventId, EventKind)>,
    exceptions: Vec<Exception>,
    resolutions: Vec<ExceptionId>,
}

impl Written {
    fn of(commit: &Commit) -> Written {
        let (mut events, mut exceptions, mut resolutions) = (Vec::new(), Vec::new(), Vec::new());
        for row in &commit.rows {
            match row {
                Row::Event(event) => events.push((event.id.clone(), event.kind)),
                Row::Exception(exception) => exceptions.push(exception.clone()),
                Row::Resolution(entry) => resolutions.push(entry.exception.clone()),
                _ => {}
            }
        }
        Written {
            order: commit.order.clone(),
            events,
            exceptions,
            resolutions,
        }
    }

    fn tell(&self) {
        for (event, kind) in &self.events {
            metrics::counter!(EVENTS, "kind" => kind.name()).increment(1);
            tracing::info!(
                order.id = %self.order, event.id = %event, event.kind = kind.name(), "committed"
            );
        }
        self.exceptions.iter().for_each(tell_exception);
        for exception in &self.resolutions {
            tracing::info!(
                order.id = %self.order, exception.id = %exception,
                "an exception is over, nothing is left to do"
            );
        }
    }
}

fn tell_exception(exception: &Exception) {
    let kind = exception.kind.name();
    metrics::counter!(EXCEPTIONS, "kind" => kind).increment(1);
    tracing::warn!(
        exception.id = %exception.id,
        exception.kind = kind,
        order.id = exception.order.as_ref().map(OrderId::as_str),
        account.id = exception.account.as_ref().map(AccountId::as_str),
        amount_fen = exception.amount.map(|amount| amount.fen()),
        "an exception, which a person must see"
    );
}

/// Why the database failed is told here, once: callers only learn that it did. A
/// conflict is everyday life.
fn noted<T>(answer: Result<T, StoreError>) -> Result<T, StoreError> {
    if let Err(error @ (StoreError::Unavailable(_) | StoreError::Corrupt(_))) = &answer {
        tracing::error!(%error, "the database failed");
    }
    answer
}

#[async_trait]
impl Store for WatchedStore {
    async fn commit(&self, commits: Vec<Commit>) -> Vec<Result<(), StoreError>> {
        let written: Vec<Written> = commits.iter().map(Written::of).collect();
        #[cfg(feature = "crash-points")]
        let points = crate::crash::Commits::of(&commits);
        #[cfg(feature = "crash-points")]
        points.before();
        let answers: Vec<_> = self
            .store
            .commit(commits)
            .await
            .into_iter()
            .map(noted)
            .collect();
        #[cfg(feature = "crash-points")]
        points.after(&answers);
        for (written, answer) in written.into_iter().zip(&answers) {
            if answer.is_ok() {
                written.tell();
                self.changes.announce(written.order);
            }
        }
        answers
    }

    async fn load(&self, order: &OrderId) -> Result<Option<OrderState>, StoreError> {
        noted(self.store.load(order).await)
    }

    async fn revision(&self, order: &OrderId) -> Result<Option<u32>, StoreError> {
        noted(self.store.revision(order).await)
    }

    async fn find_by_merchant_no(
        &self,
        app: &AppId,
        merchant_order_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        noted(self.store.find_by_merchant_no(app, merchant_order_no).await)
    }

    async fn find_by_token(&self, token: &CheckoutToken) -> Result<Option<OrderId>, StoreError> {
        noted(self.store.find_by_token(token).await)
    }

    async fn find_by_flow(
        &self,
        account: &AccountId,
        flow: &FlowNo,
    ) -> Result<Option<OrderId>, StoreError> {
        noted(self.store.find_by_flow(account, flow).await)
    }

    async fn find_by_refund(&self, refund: &RefundNo) -> Result<Option<OrderId>, StoreError> {
        noted(self.store.find_by_refund(refund).await)
    }

    async fn find_by_merchant_refund_no(
        &self,
        merchant: &MerchantId,
        merchant_refund_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        noted(
            self.store
                .find_by_merchant_refund_no(merchant, merchant_refund_no)
                .await,
        )
    }

    async fn record_stray(
        &self,
        notice: Option<NoticeRecord>,
        exception: Exception,
    ) -> Result<bool, StoreError> {
        let told = exception.clone();
        let is_new = noted(self.store.record_stray(notice, exception).await)?;
        if is_new {
            tell_exception(&told);
        }
        Ok(is_new)
    }

    async fn knows_notice(&self, account: &AccountId, key: &str) -> Result<bool, StoreError> {
        noted(self.store.knows_notice(account, key).await)
    }

    async fn news_in_bill(
        &self,
        account: &AccountId,
        rows: Vec<BillRow>,
    ) -> Result<Vec<BillRow>, StoreError> {
        noted(self.store.news_in_bill(account, rows).await)
    }

    async fn claim_tasks(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        let claimed = noted(self.store.claim_tasks(now, leased_until, limit).await);
        #[cfg(feature = "crash-points")]
        if claimed.as_ref().is_ok_and(|claimed| !claimed.is_empty()) {
            crate::crash::reached("tasks.claimed");
        }
        claimed
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        let claimed = noted(self.store.claim_deliveries(now, leased_until, limit).await);
        #[cfg(feature = "crash-points")]
        if claimed.as_ref().is_ok_and(|claimed| !claimed.is_empty()) {
            crate::crash::reached("deliveries.claimed");
        }
        claimed
    }

    async fn record_delivery(&self, tried: DeliveryTry) -> Result<(), StoreError> {
        let is_exhausted = tried.then == DeliveryNext::Exhausted;
        let answer = noted(self.store.record_delivery(tried).await);
        #[cfg(feature = "crash-points")]
        if answer.is_ok() {
            crate::crash::reached("delivery.recorded");
        }
        if is_exhausted && answer.is_ok() {
            let kind = ExceptionKind::WebhookExhausted.name();
            metrics::counter!(EXCEPTIONS, "kind" => kind).increment(1);
        }
        answer
    }

    async fn events_after(
        &self,
        app: &AppId,
        position: i64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        noted(self.store.events_after(app, position, limit).await)
    }

    async fn redeliver(
        &self,
        app: &AppId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        noted(self.store.redeliver(app, event, now).await)
    }

    async fn journal(&self, order: &OrderId) -> Result<Vec<Line>, StoreError> {
        noted(self.store.journal(order).await)
    }

    async fn evidence(&self, order: &OrderId) -> Result<Evidence, StoreError> {
        noted(self.store.evidence(order).await)
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        noted(self.store.now().await)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        noted(self.store.ping().await)
    }
}

//! A store that tells who is interested which orders were committed: what pushes
//! "paid" to an open page. A hint and no more: the page asks the database then,
//! and polls behind it, so a lost hint costs seconds and nothing else.

use async_trait::async_trait;
use cashier::exception::Exception;
use cashier::id::{
    AccountId, AppId, CheckoutToken, EventId, FlowNo, MerchantId, OrderId, RefundNo,
};
use cashier::journal::Line;
use cashier::state::OrderState;
use cashier::store::{
    ClaimedDelivery, Commit, DeliveryTry, EventRecord, NoticeRecord, Store, StoreError,
};
use cashier::task::Claimed;
use cashier::time::Timestamp;
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

#[async_trait]
impl Store for WatchedStore {
    async fn commit(&self, commits: Vec<Commit>) -> Vec<Result<(), StoreError>> {
        let orders: Vec<OrderId> = commits.iter().map(|commit| commit.order.clone()).collect();
        let answers = self.store.commit(commits).await;
        for (order, answer) in orders.into_iter().zip(&answers) {
            if answer.is_ok() {
                self.changes.announce(order);
            }
        }
        answers
    }

    async fn load(&self, order: &OrderId) -> Result<Option<OrderState>, StoreError> {
        self.store.load(order).await
    }

    async fn find_by_merchant_no(
        &self,
        app: &AppId,
        merchant_order_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        self.store.find_by_merchant_no(app, merchant_order_no).await
    }

    async fn find_by_token(&self, token: &CheckoutToken) -> Result<Option<OrderId>, StoreError> {
        self.store.find_by_token(token).await
    }

    async fn find_by_flow(
        &self,
        account: &AccountId,
        flow: &FlowNo,
    ) -> Result<Option<OrderId>, StoreError> {
        self.store.find_by_flow(account, flow).await
    }

    async fn find_by_refund(&self, refund: &RefundNo) -> Result<Option<OrderId>, StoreError> {
        self.store.find_by_refund(refund).await
    }

    async fn find_by_merchant_refund_no(
        &self,
        merchant: &MerchantId,
        merchant_refund_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        self.store
            .find_by_merchant_refund_no(merchant, merchant_refund_no)
            .await
    }

    async fn record_stray(
        &self,
        notice: Option<NoticeRecord>,
        exception: Exception,
    ) -> Result<(), StoreError> {
        self.store.record_stray(notice, exception).await
    }

    async fn knows_notice(&self, account: &AccountId, key: &str) -> Result<bool, StoreError> {
        self.store.knows_notice(account, key).await
    }

    async fn claim_tasks(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        self.store.claim_tasks(now, leased_until, limit).await
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        self.store.claim_deliveries(now, leased_until, limit).await
    }

    async fn record_delivery(&self, tried: DeliveryTry) -> Result<(), StoreError> {
        self.store.record_delivery(tried).await
    }

    async fn events_after(
        &self,
        app: &AppId,
        position: i64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        self.store.events_after(app, position, limit).await
    }

    async fn redeliver(
        &self,
        app: &AppId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        self.store.redeliver(app, event, now).await
    }

    async fn journal(&self, order: &OrderId) -> Result<Vec<Line>, StoreError> {
        self.store.journal(order).await
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.store.ping().await
    }
}

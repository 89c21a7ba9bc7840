//! The core's Store port over sea-orm, for SQLite and PostgreSQL.

mod alerts;
mod batch;
mod bills;
mod claim;
mod commit;
mod deliveries;
mod desk;
mod events;
mod evidence;
mod find;
pub(crate) mod load;
mod notices;
mod opening;
mod tasks;
mod write;

use crate::database::Database;
use crate::failure::store_error;
use async_trait::async_trait;
use cashier::channel::BillRow;
use cashier::desk::{Added, AlertNext, ClaimedAlert, Desk, Place, Search, Standing};
use cashier::exception::{Entry, Exception, ExceptionKind};
use cashier::id::{
    AccountId, AppId, CheckoutToken, EventId, ExceptionId, FlowNo, MerchantId, OrderId, RefundNo,
};
use cashier::journal::Line;
use cashier::state::OrderState;
use cashier::store::{
    ClaimedDelivery, Commit, DeliveryTry, EventRecord, NoticeRecord, Store, StoreError,
};
use cashier::task::Claimed;
use cashier::time::Timestamp;
use cashier::timeline::Evidence;
use std::sync::Arc;

/// Orders in a database. What a verb has answered with success is durable: the
/// settings that this takes were checked when the database was opened.
#[derive(Clone, Debug)]
pub struct SeaStore {
    database: Database,
    targets: Arc<[String]>,
}

impl SeaStore {
    /// The store of a database whose schema is up to date.
    pub fn new(database: Database) -> SeaStore {
        SeaStore {
            database,
            targets: Arc::new([]),
        }
    }

    /// Names who is alerted of exceptions.
    #[must_use]
    pub fn with_alerts(self, targets: Vec<String>) -> SeaStore {
        SeaStore {
            targets: targets.into(),
            ..self
        }
    }

    /// The orders of that id, or of that merchant's number in any application or in
    /// one: for whoever asks by hand.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn find_by_name(
        &self,
        name: &str,
        app: Option<&AppId>,
    ) -> Result<Vec<(OrderId, AppId)>, StoreError> {
        find::by_name(self.database.connection(), name, app).await
    }
}

#[async_trait]
impl Store for SeaStore {
    async fn load(&self, order: &OrderId) -> Result<Option<OrderState>, StoreError> {
        load::load(self.database.connection(), order).await
    }

    async fn revision(&self, order: &OrderId) -> Result<Option<u32>, StoreError> {
        load::revision(self.database.connection(), order).await
    }

    async fn find_by_merchant_no(
        &self,
        app: &AppId,
        merchant_order_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        find::by_merchant_no(self.database.connection(), app, merchant_order_no).await
    }

    async fn find_by_token(&self, token: &CheckoutToken) -> Result<Option<OrderId>, StoreError> {
        find::by_token(self.database.connection(), token).await
    }

    async fn find_by_flow(
        &self,
        account: &AccountId,
        flow: &FlowNo,
    ) -> Result<Option<OrderId>, StoreError> {
        find::by_flow(self.database.connection(), account, flow).await
    }

    async fn find_by_refund(&self, refund: &RefundNo) -> Result<Option<OrderId>, StoreError> {
        find::by_refund(self.database.connection(), refund).await
    }

    async fn find_by_merchant_refund_no(
        &self,
        merchant: &MerchantId,
        merchant_refund_no: &str,
    ) -> Result<Option<OrderId>, StoreError> {
        find::by_merchant_refund_no(self.database.connection(), merchant, merchant_refund_no).await
    }

    async fn commit(&self, commits: Vec<Commit>) -> Vec<Result<(), StoreError>> {
        commit::commit(&self.database, &self.targets, &commits).await
    }

    async fn record_stray(
        &self,
        notice: Option<NoticeRecord>,
        exception: Exception,
    ) -> Result<bool, StoreError> {
        notices::record_stray(&self.database, &self.targets, notice, exception).await
    }

    async fn knows_notice(&self, account: &AccountId, key: &str) -> Result<bool, StoreError> {
        notices::knows(self.database.connection(), account, key).await
    }

    async fn news_in_bill(
        &self,
        account: &AccountId,
        rows: Vec<BillRow>,
    ) -> Result<Vec<BillRow>, StoreError> {
        bills::news(self.database.connection(), account, rows).await
    }

    async fn claim_tasks(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError> {
        tasks::claim(&self.database, now, leased_until, limit).await
    }

    async fn claim_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError> {
        deliveries::claim(&self.database, now, leased_until, limit).await
    }

    async fn record_delivery(&self, tried: DeliveryTry) -> Result<(), StoreError> {
        deliveries::record(&self.database, &self.targets, tried).await
    }

    async fn events_after(
        &self,
        app: &AppId,
        position: i64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError> {
        events::after(self.database.connection(), app, position, limit).await
    }

    async fn redeliver(
        &self,
        app: &AppId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<bool, StoreError> {
        deliveries::again(&self.database, app, event, now).await
    }

    async fn journal(&self, order: &OrderId) -> Result<Vec<Line>, StoreError> {
        load::journal(self.database.connection(), order).await
    }

    async fn evidence(&self, order: &OrderId) -> Result<Evidence, StoreError> {
        evidence::evidence(self.database.connection(), order).await
    }

    async fn now(&self) -> Result<Timestamp, StoreError> {
        self.database.now().await.map_err(store_error)
    }

    async fn ping(&self) -> Result<(), StoreError> {
        self.database.connection().ping().await.map_err(store_error)
    }
}

#[async_trait]
impl Desk for SeaStore {
    async fn exceptions(
        &self,
        search: &Search,
        after: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError> {
        desk::search(self.database.connection(), search, after, limit).await
    }

    async fn exception(
        &self,
        id: &ExceptionId,
    ) -> Result<Option<(Standing, Vec<Entry>)>, StoreError> {
        desk::find(self.database.connection(), id).await
    }

    async fn add_entry(&self, entry: Entry) -> Result<Added, StoreError> {
        desk::add_entry(&self.database, &entry).await
    }

    async fn count_open(&self) -> Result<Vec<(ExceptionKind, u64)>, StoreError> {
        desk::count_open(self.database.connection()).await
    }

    async fn claim_alerts(
        &self,
        target: &str,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedAlert>, StoreError> {
        alerts::claim(&self.database, target, now, leased_until, limit).await
    }

    async fn record_alerts(
        &self,
        target: &str,
        exceptions: &[ExceptionId],
        then: AlertNext,
    ) -> Result<(), StoreError> {
        alerts::record(&self.database, target, exceptions, then).await
    }
}

/// What was read, or else a line in the log: one row that makes no sense must not
/// hold up the others.
fn sensible<T>(read: Result<T, StoreError>) -> Option<T> {
    read.inspect_err(|error| tracing::error!(%error, "a row is left out"))
        .ok()
}

//! The Store port: a handful of verbs, all about whole orders. The database is
//! the only truth; what a verb has answered with success is durable.

use crate::channel::BillRow;
use crate::event::Event;
use crate::exception::Exception;
use crate::id::{AccountId, AppId, CheckoutToken, EventId, FlowNo, MerchantId, OrderId, RefundNo};
use crate::journal::Line;
use crate::state::{OrderState, Row};
use crate::task::{Claimed, Subject};
use crate::time::Timestamp;
use crate::timeline::Evidence;
use async_trait::async_trait;

/// Why a verb failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StoreError {
    /// Somebody else committed first, or a unique key is taken: decide again
    /// from fresh state. Nothing was written.
    #[error("somebody else was faster: {0}")]
    Conflict(String),
    /// The database cannot be reached, is full, or is read-only. For a commit:
    /// it is not known whether it was written.
    #[error("the database does not answer: {0}")]
    Unavailable(String),
    /// A row makes no sense. Names table, column and id.
    #[error("the database holds something that makes no sense: {0}")]
    Corrupt(String),
}

/// One decision, to be written whole or not at all.
#[derive(Clone, Debug)]
pub struct Commit {
    /// The order.
    pub order: OrderId,
    /// The revision it was decided from; 0 when the order itself is new. The
    /// rows hold the order with the next revision.
    pub revision: u32,
    /// What to write.
    pub rows: Vec<Row>,
    /// The tasks that the committer does itself, and until when nobody else
    /// shall (UTC). All other tasks among the rows are free.
    pub leases: Vec<Subject>,
    /// The end of those leases (UTC).
    pub leased_until: Timestamp,
    /// The notice that brought this about, recorded in the same transaction.
    pub notice: Option<NoticeRecord>,
}

/// A verified notice, kept as evidence. Unique by account and key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NoticeRecord {
    /// The channel account it came for.
    pub account: AccountId,
    /// The same for every repetition of the same fact.
    pub key: String,
    /// The flow it names.
    pub flow_no: Option<FlowNo>,
    /// The raw body, as text; what is not UTF-8 is replaced.
    pub body: String,
    /// When it came in (UTC).
    pub received_at: Timestamp,
}

/// A delivery that a worker has taken under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedDelivery {
    /// The event to deliver.
    pub event: Event,
    /// The order's own address for events, if it has one.
    pub notify_url: Option<String>,
    /// How many tries were made before.
    pub attempt: u32,
}

/// What became of one try to deliver an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DeliveryTry {
    /// The event.
    pub event: EventId,
    /// When it was tried (UTC).
    pub at: Timestamp,
    /// The HTTP status, or `None` if there was no answer.
    pub status: Option<u16>,
    /// What went wrong, in words; `None` when delivered.
    pub error: Option<String>,
    /// What happens next.
    pub then: DeliveryNext,
}

/// What happens to a delivery after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DeliveryNext {
    /// It is done.
    Delivered,
    /// It is tried again then (UTC).
    Retry(Timestamp),
    /// It was tried to the end of the schedule.
    Exhausted,
}

/// An event as the pull side shows it, with how its delivery stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EventRecord {
    /// The event.
    pub event: Event,
    /// Its place in the application's sequence of events, for paging.
    pub position: i64,
    /// `pending`, `delivered`, `exhausted`, or `none` without an address.
    pub delivery: String,
    /// How many times it was tried.
    pub attempts: u32,
}

/// Where orders live.
#[async_trait]
pub trait Store: Send + Sync {
    /// The order, whole.
    async fn load(&self, order: &OrderId) -> Result<Option<OrderState>, StoreError>;

    /// The order's revision alone: cheap, for whoever waits for it to change.
    async fn revision(&self, order: &OrderId) -> Result<Option<u32>, StoreError>;

    /// The order of that merchant's number.
    async fn find_by_merchant_no(
        &self,
        app: &AppId,
        merchant_order_no: &str,
    ) -> Result<Option<OrderId>, StoreError>;

    /// The order of that checkout page.
    async fn find_by_token(&self, token: &CheckoutToken) -> Result<Option<OrderId>, StoreError>;

    /// The order of that flow of that account.
    async fn find_by_flow(
        &self,
        account: &AccountId,
        flow: &FlowNo,
    ) -> Result<Option<OrderId>, StoreError>;

    /// The order of that refund.
    async fn find_by_refund(&self, refund: &RefundNo) -> Result<Option<OrderId>, StoreError>;

    /// The order of that merchant's refund number.
    async fn find_by_merchant_refund_no(
        &self,
        merchant: &MerchantId,
        merchant_refund_no: &str,
    ) -> Result<Option<OrderId>, StoreError>;

    /// Writes decisions in one transaction, each whole or not at all, each
    /// guarded by its revision and by the unique keys: (app, merchant_order_no),
    /// (account, flow_no), (account, trade_no), (merchant, merchant_refund_no),
    /// (order, version) of events, (account, key) of notices. The answers are in
    /// the order of the commits. An event gets a delivery that is due at once.
    async fn commit(&self, commits: Vec<Commit>) -> Vec<Result<(), StoreError>>;

    /// Records a notice that belongs to no order, and the exception about it.
    /// The same notice, or the same exception, again changes nothing. Whether the
    /// exception is new.
    async fn record_stray(
        &self,
        notice: Option<NoticeRecord>,
        exception: Exception,
    ) -> Result<bool, StoreError>;

    /// Whether this very notice was recorded already.
    async fn knows_notice(&self, account: &AccountId, key: &str) -> Result<bool, StoreError>;

    /// The rows of an account's bill that say something new: money that is in no
    /// capture of that trade and amount, or a refund that has not succeeded with that
    /// amount. By a constant number of queries; a few hundred rows at a time.
    async fn news_in_bill(
        &self,
        account: &AccountId,
        rows: Vec<BillRow>,
    ) -> Result<Vec<BillRow>, StoreError>;

    /// Takes up to `limit` due and free tasks, oldest first, for a while.
    async fn claim_tasks(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<Claimed>, StoreError>;

    /// Takes up to `limit` due and free deliveries, oldest first, for a while.
    async fn claim_deliveries(
        &self,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedDelivery>, StoreError>;

    /// Records a try, and what happens next.
    async fn record_delivery(&self, tried: DeliveryTry) -> Result<(), StoreError>;

    /// The application's events after a position, oldest first.
    async fn events_after(
        &self,
        app: &AppId,
        position: i64,
        limit: u32,
    ) -> Result<Vec<EventRecord>, StoreError>;

    /// Makes an event of that application due for delivery again. `false` if
    /// the application has no such event.
    async fn redeliver(
        &self,
        app: &AppId,
        event: &EventId,
        now: Timestamp,
    ) -> Result<bool, StoreError>;

    /// The order's journal, oldest first.
    async fn journal(&self, order: &OrderId) -> Result<Vec<Line>, StoreError>;

    /// What a timeline is made of beside the order itself: by a constant number of
    /// queries, however much there is.
    async fn evidence(&self, order: &OrderId) -> Result<Evidence, StoreError>;

    /// The database's own time (UTC), which all processes agree on; see
    /// [`AgreedClock`](crate::agreed_clock::AgreedClock).
    async fn now(&self) -> Result<Timestamp, StoreError>;

    /// Whether the database answers.
    async fn ping(&self) -> Result<(), StoreError>;
}

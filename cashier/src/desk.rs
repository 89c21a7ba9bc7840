//! The Desk port: where people work on exceptions, and where the alerts about them
//! wait to be sent. Beside [`Store`], because nothing that concerns money needs it.

use crate::exception::{Entry, Exception, ExceptionKind};
use crate::id::{AccountId, ExceptionId, MerchantId, OrderId};
use crate::refund::Refund;
use crate::store::{Store, StoreError};
use crate::time::Timestamp;
use async_trait::async_trait;

/// An exception as it stands now.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Standing {
    /// The exception.
    pub exception: Exception,
    /// The merchant of its order, if it has one.
    pub merchant: Option<MerchantId>,
    /// The refund that it is about, or that Till made because of it.
    pub refund: Option<Refund>,
    /// Its resolution; without one it is open.
    pub resolution: Option<Entry>,
}

impl Standing {
    /// The exception among the refunds of its order.
    pub fn of(
        exception: Exception,
        merchant: Option<MerchantId>,
        refunds: &[Refund],
        resolution: Option<Entry>,
    ) -> Standing {
        let about = exception.about();
        let refund = refunds.iter().find(|refund| {
            refund.no.as_str() == about
                || (refund.is_automatic() && refund.capture.as_str() == about)
        });
        Standing {
            refund: refund.cloned(),
            exception,
            merchant,
            resolution,
        }
    }
}

/// Which exceptions are looked for. What is `None` does not matter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Search {
    /// Whether it is open, or resolved.
    pub open: Option<bool>,
    /// Its kind.
    pub kind: Option<ExceptionKind>,
    /// Whose it is.
    pub owner: Option<Owner>,
    /// Its order.
    pub order: Option<OrderId>,
    /// Its channel account.
    pub account: Option<AccountId>,
}

/// A merchant, with the channel accounts by which exceptions without an order are
/// known to be the merchant's.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Owner {
    /// The merchant.
    pub merchant: MerchantId,
    /// Its channel accounts.
    pub accounts: Vec<AccountId>,
}

/// A place between two exceptions, newest first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Place {
    /// When the one before was opened (UTC).
    pub opened_at: Timestamp,
    /// The name of the one before.
    pub id: ExceptionId,
}

/// What became of an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Added {
    /// It is written.
    Written,
    /// There is no such exception.
    NoSuchException,
    /// There is a resolution already.
    ResolvedBefore,
}

/// An alert that a worker has taken under a lease.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ClaimedAlert {
    /// The exception, as it stands.
    pub standing: Standing,
    /// How many tries were made before.
    pub attempt: u32,
}

/// What happens to an alert after a try.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AlertNext {
    /// It was sent.
    Sent,
    /// It is tried again then (UTC).
    Retry(Timestamp),
    /// It was tried to the end.
    GivenUp,
}

/// Where exceptions are worked on. Whoever writes an exception also writes an
/// alert for each target, due at once, in the same transaction.
#[async_trait]
pub trait Desk: Store {
    /// The exceptions behind a place, newest first, `limit` at most.
    async fn exceptions(
        &self,
        search: &Search,
        after: Option<&Place>,
        limit: u32,
    ) -> Result<Vec<Standing>, StoreError>;

    /// One exception, with its entries, oldest first.
    async fn exception(
        &self,
        id: &ExceptionId,
    ) -> Result<Option<(Standing, Vec<Entry>)>, StoreError>;

    /// Adds an entry. The resolution of an order's exception raises the order's
    /// revision: no decision is made from the state before it.
    async fn add_entry(&self, entry: Entry) -> Result<Added, StoreError>;

    /// How many exceptions of each kind are open; kinds without any are left out.
    async fn count_open(&self) -> Result<Vec<(ExceptionKind, u64)>, StoreError>;

    /// Takes up to `limit` due and free alerts of a target, oldest first, for a while.
    async fn claim_alerts(
        &self,
        target: &str,
        now: Timestamp,
        leased_until: Timestamp,
        limit: u32,
    ) -> Result<Vec<ClaimedAlert>, StoreError>;

    /// Records one try to alert a target of these exceptions, and what happens next.
    /// What was sent stays sent.
    async fn record_alerts(
        &self,
        target: &str,
        exceptions: &[ExceptionId],
        then: AlertNext,
    ) -> Result<(), StoreError>;
}

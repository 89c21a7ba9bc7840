//! The rows as an auditor reads them: page by page, each page of one moment, without
//! changing anything. Rows that cannot be read are found, not stumbled over; damage
//! that belongs to no order is looked for in SQL.

mod page;
mod strays;

use crate::database::Database;
use cashier::audit::{Breach, Delivery};
use cashier::event::Event;
use cashier::id::OrderId;
use cashier::state::OrderState;
use cashier::store::StoreError;
use cashier::time::Timestamp;

/// Who reads the rows.
#[derive(Clone, Debug)]
pub struct Auditor {
    database: Database,
}

/// Which orders are looked at.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Scope {
    /// All of them.
    All,
    /// Those that something happened to since then (UTC), and whatever is unsettled.
    Since(Timestamp),
    /// One.
    One(OrderId),
}

/// Some orders of one moment.
#[derive(Debug, Default)]
pub struct Page {
    /// Those that can be read.
    pub records: Vec<Record>,
    /// What cannot be read.
    pub damage: Vec<Breach>,
    /// The id to go on after; `None` at the end.
    pub next: Option<String>,
}

/// Everything that the rows say about one order.
#[derive(Debug)]
pub struct Record {
    /// The order, whole.
    pub state: OrderState,
    /// Its events, oldest first.
    pub events: Vec<Event>,
    /// How the delivery of each stands, in the same order.
    pub deliveries: Vec<Telling>,
}

/// How the delivery of an event stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Telling {
    /// Where it stands.
    pub delivery: Delivery,
    /// When it is tried next, if it is pending (UTC).
    pub due: Timestamp,
}

impl Auditor {
    /// An auditor of this database.
    pub fn new(database: Database) -> Auditor {
        Auditor { database }
    }

    /// Up to `limit` orders of the scope after an id, in the order of their ids. The
    /// number of queries does not depend on how many there are.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn page(
        &self,
        scope: &Scope,
        after: Option<&str>,
        limit: u32,
    ) -> Result<Page, StoreError> {
        page::read(self.database.connection(), scope, after, limit).await
    }

    /// Damage that belongs to no order: rows whose order is missing, tasks and
    /// deliveries of nothing, keys that are taken twice. At most a hundred of a kind.
    ///
    /// # Errors
    /// [`StoreError`] when the database does not answer.
    pub async fn strays(&self) -> Result<Vec<Breach>, StoreError> {
        strays::find(self.database.connection()).await
    }
}

//! The database: one file a table (the row, and what it means to the core), the
//! core's [`Store`](cashier::store::Store) port as [`SeaStore`], and the
//! [`Directory`] of merchants, applications and channel accounts.
//!
//! Rows are not domain objects: a row that makes no sense becomes an error that
//! names table, column and id. The schema itself is the `migrations` crate's.

mod alerts;
mod api_keys;
mod app_accounts;
mod apps;
pub mod auditor;
mod bills;
mod captures;
mod channel_accounts;
mod database;
mod deliveries;
mod delivery_tries;
pub mod directory;
mod events;
mod exception_entries;
mod exceptions;
mod failure;
mod flows;
mod idempotency_keys;
mod journal;
mod merchants;
mod notices;
mod operators;
mod orders;
mod place;
mod refunds;
mod store;
mod tasks;
mod webhook_secrets;

pub use auditor::Auditor;
pub use database::{ConnectError, Database, Options, connect};
pub use directory::Directory;
pub use store::SeaStore;

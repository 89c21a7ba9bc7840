//! The stage for whole-system tests: a real gateway over a real database, the real
//! sandbox beside it, and the people of the play.
//!
//! ```no_run
//! # use serde_json::json;
//! # async fn story() {
//! use till_tests::{App, Database};
//!
//! let app = App::start(Database::Sqlite).await;
//! let order = app.merchant.order(json!({ "amount": 8800 })).await;
//! let flow = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
//! app.payer.pay(&flow["action"]).await;
//! app.merchant.until_status(&order, "paid").await;
//! app.receiver.event(&order, "order.paid").await;
//! app.finish().await;
//! # }
//! ```
//!
//! [`App::finish`] ends every story: it waits until the channels' books agree with
//! what the merchant was told, and fails if they never do. [`stories!`] runs a story
//! on each database. Nothing here sleeps for a guess: [`until`] waits for a condition.

#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "a test's stage fails by panicking, with the story that it was in"
)]

mod app;
mod clock;
mod condition;
mod database;
mod keys;
mod merchant;
mod payer;
mod receiver;
mod rest;

pub use app::{App, Options};
pub use clock::StageClock;
pub use condition::until;
pub use database::{Database, Place};
pub use merchant::{Answer, Merchant};
pub use payer::Payer;
pub use receiver::{Delivery, Receiver};

/// Runs stories, `async fn(&App)`, each on a stage of its own, on SQLite and on
/// PostgreSQL (where `TILL_TEST_POSTGRES_URL` names a server).
#[macro_export]
macro_rules! stories {
    ($($story:ident)+) => {
        mod on_sqlite { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let app = $crate::App::start($crate::Database::Sqlite).await;
                super::$story(&app).await;
                app.finish().await;
            }
        )+ }
        mod on_postgres { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let Some(database) = $crate::Database::postgres() else { return };
                let app = $crate::App::start(database).await;
                super::$story(&app).await;
                app.finish().await;
            }
        )+ }
    };
}

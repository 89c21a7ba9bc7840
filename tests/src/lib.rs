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
mod robot;

pub use app::{ALIPAY_APPS, App, MCHID, Options, Protocol};
pub use clock::StageClock;
pub use condition::until;
pub use database::{Database, Place};
pub use merchant::{Answer, Merchant};
pub use payer::Payer;
pub use receiver::{Delivery, Receiver};
pub use robot::{Message, Robots};

/// Runs stories, `async fn(&App)`, each on a stage of its own, on SQLite and on
/// PostgreSQL (where `TILL_TEST_POSTGRES_URL` names a server). `with OPTIONS;` in
/// front gives all of them a stage of that kind; `moving;` gives them the stage to
/// keep, `async fn(App) -> App`, so that they can have it put up again.
#[macro_export]
macro_rules! stories {
    (with $options:expr; $($story:ident)+) => {
        $crate::stories!(@on on_sqlite, Some($crate::Database::Sqlite), $options, $($story)+);
        $crate::stories!(@on on_postgres, $crate::Database::postgres(), $options, $($story)+);
    };
    (moving; $($story:ident)+) => {
        $crate::stories!(@moving on_sqlite, Some($crate::Database::Sqlite), $($story)+);
        $crate::stories!(@moving on_postgres, $crate::Database::postgres(), $($story)+);
    };
    (@on $module:ident, $database:expr, $options:expr, $($story:ident)+) => {
        mod $module { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let Some(database) = $database else { return };
                let app = $crate::App::start_with(database, $options).await;
                super::$story(&app).await;
                app.finish().await;
            }
        )+ }
    };
    (@moving $module:ident, $database:expr, $($story:ident)+) => {
        mod $module { $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $story() {
                let Some(database) = $database else { return };
                let app = $crate::App::start(database).await;
                super::$story(app).await.finish().await;
            }
        )+ }
    };
    ($($story:ident)+) => {
        $crate::stories!(with $crate::Options::default(); $($story)+);
    };
}

//! A database's own clock, which all processes agree on.

use crate::stand;
use cashier::store::Store;
use cashier::time::{Clock, Span};
use till_tests::StageClock;

/// It shows this machine's time, on which a server for tests runs, and goes on.
async fn shows_the_time(store: &dyn Store) {
    let clock = StageClock::default();
    let before = clock.now();
    let first = store.now().await.unwrap();
    let second = store.now().await.unwrap();
    let after = clock.now();
    // A database may round to the next millisecond.
    assert!(
        before.minus(Span::millis(1)) <= first,
        "{before:?} {first:?}"
    );
    assert!(first <= second, "{first:?} {second:?}");
    assert!(
        second <= after.plus(Span::millis(1)),
        "{second:?} {after:?}"
    );
}

/// Shows F52.
#[tokio::test]
async fn the_clock_of_sqlite_is_the_machines() {
    shows_the_time(&*stand::sqlite().await.store()).await;
}

/// Shows F52.
#[tokio::test(flavor = "multi_thread")]
async fn the_clock_of_postgresql_is_the_servers() {
    if let Some(stand) = stand::postgres().await {
        shows_the_time(&*stand.store()).await;
        stand.drop_database().await;
    }
}

//! What is SQLite's own: its settings, its file, and rows that make no sense.

use crate::guard::assert_conflict;
use crate::samples::{commit, event, flow, later, line, order, paid, write};
use crate::stand;
use cashier::state::Row;
use cashier::store::{Store, StoreError};
use entities::{ConnectError, Options, SeaStore};
use sea_orm::{ConnectionTrait as _, TransactionTrait as _};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;

/// Shows F48.
#[tokio::test]
async fn a_database_that_cannot_be_durable_is_refused() {
    let error = entities::connect("sqlite::memory:", &Options::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Setting {
                name: "journal_mode",
                ..
            }
        ),
        "{error}"
    );
    assert_eq!(
        error.to_string(),
        "the database has journal_mode = memory, but Till needs wal: \
         use a database file on a local disk"
    );
}

#[tokio::test]
async fn an_address_of_another_kind_is_refused_without_printing_it() {
    for url in ["mysql://till:geheim@localhost/till", "till.db", ""] {
        let error = entities::connect(url, &Options::default())
            .await
            .unwrap_err();
        assert!(matches!(error, ConnectError::UnknownDatabase), "{error}");
        assert!(!error.to_string().contains("geheim"));
    }
}

#[tokio::test]
async fn a_folder_that_is_not_there_is_an_error() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/missing/till.db", folder.path().display());
    let error = entities::connect(&url, &Options::default())
        .await
        .unwrap_err();
    assert!(matches!(error, ConnectError::Unreachable(_)), "{error}");
}

#[tokio::test]
async fn what_was_committed_is_there_after_opening_the_file_again() {
    let stand = stand::sqlite().await;
    paid(&*stand.store(), &order(1)).await;
    stand.database.connection().clone().close().await.unwrap();
    let again = entities::connect(&stand.url, &Options::default())
        .await
        .unwrap();
    migrations::migrate(again.connection()).await.unwrap();
    let state = SeaStore::new(again)
        .load(&order(1).id)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(
        (state.order, state.flows),
        (order(1), vec![flow(&order(1), 1)])
    );
}

/// When there is no room for a commit, SQLite has rolled back before anybody can.
#[tokio::test]
async fn a_connection_whose_transaction_sqlite_has_ended_is_used_no_more() {
    let stand = stand::sqlite().await;
    let only_one = Options {
        max_connections: 1,
        busy_timeout: Duration::from_millis(50),
        ..Options::default()
    };
    let database = entities::connect(&stand.url, &only_one).await.unwrap();
    let ended = database.connection().begin().await.unwrap();
    ended.execute_unprepared("ROLLBACK").await.unwrap();
    ended.commit().await.unwrap_err();
    let store = SeaStore::new(database);
    let elsewhere = entities::connect(&stand.url, &only_one).await.unwrap();
    let elsewhere = SeaStore::new(elsewhere);
    for nth in 1..=3 {
        write(&store, commit(&order(nth), Vec::new())).await;
        let seen = elsewhere.load(&order(nth).id).await.unwrap();
        assert!(seen.is_some(), "it was acknowledged and is not there");
        // What is not taken is rolled back, and must leave nothing open.
        assert_conflict(&store.commit(vec![commit(&order(nth), Vec::new())]).await);
        write(&elsewhere, commit(&order(nth + 1000), Vec::new())).await;
    }
}

/// Shows F47.
#[tokio::test]
async fn a_database_that_is_gone_is_unavailable() {
    let stand = stand::sqlite().await;
    let store = stand.store();
    stand.database.connection().clone().close().await.unwrap();
    let unavailable = |error: &StoreError| matches!(error, StoreError::Unavailable(_));
    assert!(unavailable(&store.load(&order(1).id).await.unwrap_err()));
    assert!(unavailable(&store.ping().await.unwrap_err()));
    let answers = store
        .commit([1, 2].map(|nth| commit(&order(nth), Vec::new())).into())
        .await;
    assert_eq!(answers.len(), 2);
    assert!(
        answers
            .iter()
            .all(|answer| answer.as_ref().is_err_and(unavailable))
    );
}

/// Two processes on one file: each has its own queue, so that the file's lock
/// decides. A commit with an event reads before it writes: begun as a reader, it
/// could not become the writer once somebody else has written.
/// Shows F62.
#[tokio::test(flavor = "multi_thread")]
async fn two_processes_on_one_file_wait_for_each_other() {
    let stand = stand::sqlite().await;
    let other = entities::connect(&stand.url, &Options::default())
        .await
        .unwrap();
    let stores: [Arc<dyn Store>; 2] = [stand.store(), Arc::new(SeaStore::new(other))];
    let mut writers = JoinSet::new();
    for (nth, store) in (1..=50).zip(stores.iter().cycle()) {
        let store = Arc::clone(store);
        writers.spawn(async move {
            let first = order(nth);
            write(&*store, commit(&first, vec![Row::Event(event(&first, 1))])).await;
            let second = later(&first);
            let rows = vec![
                Row::Flow(Box::new(flow(&first, 1))),
                Row::Event(event(&first, 2)),
            ];
            write(&*store, commit(&second, rows)).await;
        });
    }
    writers.join_all().await;
    for nth in 1..=50 {
        let state = stores[0].load(&order(nth).id).await.unwrap().unwrap();
        assert_eq!((state.order.revision, state.flows.len()), (2, 1));
    }
}

/// Shows F62.
#[tokio::test]
async fn a_row_that_makes_no_sense_is_named_by_table_column_and_id() {
    let id = order(1).id;
    let flow_no = id.flow(1);
    let capture = id.capture(1);
    let cases = [
        (
            "UPDATE orders SET status = 'dancing'",
            format!("orders.status of {id}:"),
        ),
        (
            "UPDATE orders SET amount = -1",
            format!("orders.amount of {id}:"),
        ),
        (
            "UPDATE orders SET ways = '[\"WX_MAGIC\"]'",
            format!("orders.ways of {id}:"),
        ),
        (
            "UPDATE orders SET policy = ''",
            format!("orders.policy of {id}:"),
        ),
        (
            "UPDATE orders SET closed_at = 1",
            format!("orders.close_reason of {id}:"),
        ),
        (
            "UPDATE orders SET revision = -1",
            format!("orders.revision of {id}:"),
        ),
        (
            "UPDATE flows SET request = '{}'",
            format!("flows.request of {flow_no}:"),
        ),
        (
            "UPDATE flows SET amount = 1",
            format!("flows.amount of {flow_no}:"),
        ),
        (
            "UPDATE captures SET kind = 'gift'",
            format!("captures.kind of {capture}:"),
        ),
    ];
    for (damage, place) in cases {
        let stand = stand::sqlite().await;
        let store = stand.store();
        paid(&*store, &order(1)).await;
        stand.sql(damage).await;
        match store.load(&id).await {
            Err(StoreError::Corrupt(error)) => assert!(error.starts_with(&place), "{error}"),
            other => panic!("{damage}: {other:?}"),
        }
    }
}

/// Shows F39, F62.
#[tokio::test]
async fn a_task_that_makes_no_sense_does_not_hold_up_the_others() {
    let stand = stand::sqlite().await;
    let store = stand.store();
    for nth in [1, 2] {
        use cashier::task::{Call, Next};
        let mut order = order(nth);
        order.next = Some(Next::first(Call::Expire, crate::samples::at(0)));
        write(&*store, commit(&order, Vec::new())).await;
    }
    stand
        .sql(&format!(
            "UPDATE tasks SET call = 'dance' WHERE key = '{}'",
            order(1).id
        ))
        .await;
    let now = crate::samples::at(1);
    let claimed = store
        .claim_tasks(now, crate::samples::at(2), 10)
        .await
        .unwrap();
    assert_eq!(
        claimed
            .iter()
            .map(|task| task.order.clone())
            .collect::<Vec<_>>(),
        [order(2).id]
    );
}

#[tokio::test]
async fn a_commit_without_its_order_is_refused() {
    let stand = stand::sqlite().await;
    let store = stand.store();
    paid(&*store, &order(1)).await;
    let mut bare = commit(
        &later(&order(1)),
        vec![Row::Line(line(&order(1), "unguarded"))],
    );
    bare.rows.remove(0);
    let answers = store.commit(vec![bare]).await;
    assert!(
        matches!(answers.as_slice(), [Err(StoreError::Corrupt(_))]),
        "{answers:?}"
    );
    assert_eq!(store.journal(&order(1).id).await, Ok(Vec::new()));
}

#[tokio::test]
async fn every_step_of_the_schema_is_listed_and_then_applied() {
    let folder = tempfile::tempdir().unwrap();
    let url = format!("sqlite:{}/till.db", folder.path().display());
    let database = entities::connect(&url, &Options::default()).await.unwrap();
    let before = migrations::status(database.connection()).await.unwrap();
    assert_eq!(before.len(), 11);
    assert!(before.iter().all(|step| !step.applied));
    assert!(before.is_sorted_by(|a, b| a.name < b.name));
    migrations::migrate(database.connection()).await.unwrap();
    migrations::migrate(database.connection()).await.unwrap();
    let after = migrations::status(database.connection()).await.unwrap();
    assert!(after.iter().all(|step| step.applied));
}

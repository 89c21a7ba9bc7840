//! What is PostgreSQL's own: its settings, its concurrency.

use crate::samples::{app, commit, event, order, write};
use crate::stand::{self, Stand};
use cashier::order::Order;
use cashier::state::Row;
use cashier::store::{Store, StoreError};
use entities::{ConnectError, Options, SeaStore};
use sea_orm::{ConnectionTrait, DatabaseTransaction, DbBackend, Statement, TransactionTrait};
use std::sync::Arc;

/// Shows F48.
#[tokio::test(flavor = "multi_thread")]
async fn a_database_that_does_not_wait_for_its_disk_is_refused() {
    let Some(stand) = stand::postgres().await else {
        return;
    };
    let (_, name) = stand.url.rsplit_once('/').unwrap();
    stand
        .sql(&format!(
            "ALTER DATABASE {name} SET synchronous_commit = off"
        ))
        .await;
    let error = entities::connect(&stand.url, &Options::default())
        .await
        .unwrap_err();
    assert!(
        matches!(
            error,
            ConnectError::Setting {
                name: "synchronous_commit",
                ..
            }
        ),
        "{error}"
    );
    stand.drop_database().await;
}

/// Shows F62.
#[tokio::test(flavor = "multi_thread")]
async fn processes_that_start_together_bring_up_the_schema_once() {
    let Some(stand) = stand::postgres().await else {
        return;
    };
    stand.sql("DROP SCHEMA public CASCADE").await;
    stand.sql("CREATE SCHEMA public").await;
    let db = stand.database.connection();
    let (first, second, third) = tokio::join!(
        migrations::migrate(db),
        migrations::migrate(db),
        migrations::migrate(db)
    );
    assert_eq!((first, second, third), (Ok(()), Ok(()), Ok(())));
    assert!(
        migrations::status(db)
            .await
            .unwrap()
            .iter()
            .all(|step| step.applied)
    );
    stand.drop_database().await;
}

/// The unique keys' names are what an operator searches for.
#[tokio::test(flavor = "multi_thread")]
async fn a_conflict_names_the_constraint() {
    let Some(stand) = stand::postgres().await else {
        return;
    };
    let store = stand.store();
    write(&*store, commit(&order(1), Vec::new())).await;
    let mut second = order(2);
    second.token = order(1).token;
    let answers = store.commit(vec![commit(&second, Vec::new())]).await;
    assert_eq!(
        answers,
        [Err(StoreError::Conflict(
            "orders_token is taken".to_owned()
        ))]
    );
    stand.drop_database().await;
}

/// A writer gets a position and is slow to commit; another is faster. A reader
/// must not page past the slow one's event.
#[tokio::test(flavor = "multi_thread")]
async fn a_reader_waits_for_a_writer_that_has_an_earlier_position() {
    let Some(stand) = stand::postgres().await else {
        return;
    };
    let store = stand.store();
    let (slow, fast) = (order(1), order(2));
    write(&*store, commit(&slow, Vec::new())).await;
    let writing = hold_position(&stand, &slow).await;
    write(&*store, commit(&fast, vec![Row::Event(event(&fast, 1))])).await;
    let reading = {
        let store = Arc::clone(&store);
        tokio::spawn(async move { store.events_after(&app(), 0, 10).await })
    };
    while !somebody_waits(&stand).await {
        assert!(
            !reading.is_finished(),
            "the reader did not wait: {:?}",
            reading.await
        );
    }
    writing.commit().await.unwrap();
    let page = reading.await.unwrap().unwrap();
    let ids: Vec<_> = page.into_iter().map(|record| record.event.id).collect();
    assert_eq!(ids, [slow.id.event(1), fast.id.event(1)]);
    stand.drop_database().await;
}

/// Writes an event as another process of Till does, up to its commit.
async fn hold_position(stand: &Stand, order: &Order) -> DatabaseTransaction {
    let writing = stand.database.connection().begin().await.unwrap();
    let event = event(order, 1);
    let statements = [
        format!(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended('{}', 0))",
            event.app
        ),
        format!(
            "INSERT INTO events (id, order_id, app_id, version, kind, body, created_at) \
             VALUES ('{}', '{}', '{}', 1, 'order.paid', '{{}}', 0)",
            event.id, event.order, event.app
        ),
        format!(
            "INSERT INTO deliveries VALUES ('{}', 'pending', 0, 0, 0)",
            event.id
        ),
    ];
    for statement in statements {
        writing.execute_unprepared(&statement).await.unwrap();
    }
    writing
}

/// Whether a session of this database waits for an advisory lock.
async fn somebody_waits(stand: &Stand) -> bool {
    let question = Statement::from_string(
        DbBackend::Postgres,
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
    );
    let answer = stand
        .database
        .connection()
        .query_one_raw(question)
        .await
        .unwrap()
        .unwrap();
    answer.try_get_by_index::<i64>(0).unwrap() > 0
}

#[tokio::test(flavor = "multi_thread")]
async fn connections_that_the_server_cut_are_replaced() {
    let Some(stand) = stand::postgres().await else {
        return;
    };
    let one = Options {
        max_connections: 1,
        ..Options::default()
    };
    let database = entities::connect(&stand.url, &one).await.unwrap();
    let store = SeaStore::new(database.clone());
    write(&store, commit(&order(1), Vec::new())).await;
    stand
        .sql(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity \
             WHERE datname = current_database() AND pid <> pg_backend_pid()",
        )
        .await;
    // The first may find out the hard way; it must not be taken for a conflict.
    if let Err(error) = store.load(&order(1).id).await {
        assert!(matches!(error, StoreError::Unavailable(_)), "{error}");
    }
    assert_eq!(
        store.load(&order(1).id).await.unwrap().unwrap().order,
        order(1)
    );
    stand.drop_database().await;
}

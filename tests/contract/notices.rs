//! Notices as evidence, and exceptions that are reported once.

use crate::guard::assert_conflict;
use crate::samples::{account, commit, exception, later, line, notice, order, write};
use cashier::exception::{Exception, ExceptionKind};
use cashier::id::AccountId;
use cashier::state::Row;
use cashier::store::{Commit, NoticeRecord, Store};
use std::sync::Arc;

pub async fn a_notice_is_known_once_its_commit_is_written(store: Arc<dyn Store>) {
    assert_eq!(store.knows_notice(&account(), "N1").await, Ok(false));
    let order = order(1);
    let told = Commit {
        notice: Some(notice("N1")),
        ..commit(&order, Vec::new())
    };
    write(&*store, told).await;
    assert_eq!(store.knows_notice(&account(), "N1").await, Ok(true));
    assert_eq!(store.knows_notice(&account(), "N2").await, Ok(false));
    assert_eq!(store.knows_notice(&account(), "N1\0").await, Ok(false));
}

/// Shows F19.
pub async fn the_same_notice_again_is_a_conflict_and_writes_nothing(store: Arc<dyn Store>) {
    let order = order(1);
    let told = Commit {
        notice: Some(notice("N1")),
        ..commit(&order, Vec::new())
    };
    write(&*store, told).await;
    let rows = vec![Row::Line(line(&order, "told again"))];
    let again = Commit {
        notice: Some(notice("N1")),
        ..commit(&later(&order), rows)
    };
    assert_conflict(&store.commit(vec![again]).await);
    assert_eq!(store.load(&order.id).await.unwrap().unwrap().order, order);
    assert_eq!(store.journal(&order.id).await.unwrap(), []);
}

pub async fn the_same_key_of_another_account_is_another_notice(store: Arc<dyn Store>) {
    let told = Commit {
        notice: Some(notice("N1")),
        ..commit(&order(1), Vec::new())
    };
    write(&*store, told).await;
    let other = AccountId::new("acc_other");
    assert_eq!(store.knows_notice(&other, "N1").await, Ok(false));
    let elsewhere = NoticeRecord {
        account: other.clone(),
        ..notice("N1")
    };
    let told = Commit {
        notice: Some(elsewhere),
        ..commit(&order(2), Vec::new())
    };
    write(&*store, told).await;
    assert_eq!(store.knows_notice(&other, "N1").await, Ok(true));
}

/// Shows F21.
pub async fn a_stray_notice_is_recorded_once(store: Arc<dyn Store>) {
    for (id, is_new) in [("exc_1", true), ("exc_2", false)] {
        let stray = exception(None, id, "T404");
        let recorded = store.record_stray(Some(notice("N1")), stray).await;
        assert_eq!(recorded, Ok(is_new));
        assert_eq!(store.knows_notice(&account(), "N1").await, Ok(true));
    }
    // As evidence it counts like any other: no commit may bring it again.
    let again = Commit {
        notice: Some(notice("N1")),
        ..commit(&order(1), Vec::new())
    };
    assert_conflict(&store.commit(vec![again]).await);
    // An exception may come without a notice, too.
    assert_eq!(
        store
            .record_stray(None, exception(None, "exc_3", "T405"))
            .await,
        Ok(true)
    );
}

pub async fn an_exception_is_reported_once_whoever_sees_it(store: Arc<dyn Store>) {
    let order = order(1);
    assert_eq!(
        store
            .record_stray(None, exception(None, "exc_1", "known"))
            .await,
        Ok(true)
    );
    let of_order =
        |nth, subject| exception(Some(&order), order.id.exception(nth).as_str(), subject);
    let rows = vec![
        Row::Exception(of_order(1, "known")),
        Row::Exception(of_order(2, "new")),
    ];
    write(&*store, commit(&order, rows)).await;
    let second = later(&order);
    let other_kind = Exception {
        kind: ExceptionKind::NoAnswer,
        ..of_order(3, "new")
    };
    let rows = vec![
        Row::Exception(of_order(4, "new")),
        Row::Exception(other_kind.clone()),
    ];
    write(&*store, commit(&second, rows)).await;
    let state = store.load(&order.id).await.unwrap().unwrap();
    assert_eq!(state.exceptions, [of_order(2, "new"), other_kind]);
}

pub async fn words_with_a_nul_are_recorded(store: Arc<dyn Store>) {
    let order = order(1);
    let mut with_nul = notice("N\0");
    with_nul.body = "body\0".to_owned();
    let mut odd = exception(Some(&order), "exc_1", "T\0");
    odd.detail = "detail\0".to_owned();
    let rows = vec![Row::Line(line(&order, "line\0")), Row::Exception(odd)];
    write(
        &*store,
        Commit {
            notice: Some(with_nul),
            ..commit(&order, rows)
        },
    )
    .await;
    assert_eq!(store.knows_notice(&account(), "N\0").await, Ok(true));
    assert_eq!(
        store
            .load(&order.id)
            .await
            .unwrap()
            .unwrap()
            .exceptions
            .len(),
        1
    );
    assert_eq!(store.journal(&order.id).await.unwrap().len(), 1);
}

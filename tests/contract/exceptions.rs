//! Exceptions as people work on them, and the alerts about them.

use crate::guard::assert_conflict;
use crate::samples::{
    TARGETS, account, at, commit, event, exception, later, merchant, order, paid, refund, write,
};
use cashier::desk::{Added, AlertNext, Desk, Owner, Place, Search, Standing};
use cashier::exception::{Entry, EntryKind, Exception, ExceptionKind, TILL};
use cashier::id::{AccountId, ExceptionId, MerchantId, OrderId};
use cashier::order::Order;
use cashier::refund::{Refund, RefundStatus};
use cashier::state::Row;
use cashier::store::{DeliveryNext, DeliveryTry, Store};
use std::collections::BTreeSet;
use std::sync::Arc;
use tokio::task::JoinSet;

/// An exception of this order, opened so many seconds after the samples' beginning.
fn opened(order: &Order, nth: usize, kind: ExceptionKind, seconds: u32) -> Exception {
    Exception {
        kind,
        opened_at: at(seconds),
        ..exception(
            Some(order),
            order.id.exception(nth).as_str(),
            order.id.flow(nth).as_str(),
        )
    }
}

fn entry(exception: &ExceptionId, kind: EntryKind, text: &str) -> Entry {
    Entry {
        exception: exception.clone(),
        kind,
        actor: "li_lei".to_owned(),
        text: text.to_owned(),
        at: at(200),
    }
}

fn resolved(exception: &ExceptionId) -> Entry {
    entry(exception, EntryKind::Resolved, "查过了")
}

async fn names(store: &dyn Desk, search: Search) -> Vec<String> {
    let found = store.exceptions(&search, None, 100).await.unwrap();
    let name = |standing: Standing| standing.exception.id.to_string();
    found.into_iter().map(name).collect()
}

/// Two exceptions of one order, one of another merchant's, and a stray.
async fn four(store: &dyn Desk) -> [ExceptionId; 4] {
    let first = order(1);
    let late = opened(&first, 1, ExceptionKind::LatePayment, 10);
    let silent = opened(&first, 2, ExceptionKind::NoAnswer, 20);
    let rows = [late, silent].map(Row::Exception).to_vec();
    write(store, commit(&first, rows)).await;
    let theirs = Order {
        merchant: MerchantId::new("mch_other"),
        ..order(2)
    };
    let rows = vec![Row::Exception(opened(
        &theirs,
        1,
        ExceptionKind::NoAnswer,
        30,
    ))];
    write(store, commit(&theirs, rows)).await;
    let stray = exception(None, "exc_stray", "T404");
    store.record_stray(None, stray).await.unwrap();
    [
        first.id.exception(1),
        first.id.exception(2),
        theirs.id.exception(1),
        ExceptionId::new("exc_stray"),
    ]
}

pub async fn exceptions_are_searched_by_all_that_is_known_of_them(store: Arc<dyn Desk>) {
    let all = four(&*store).await;
    store.add_entry(resolved(&all[1])).await.unwrap();
    let search = |change: &dyn Fn(&mut Search)| {
        let mut search = Search::default();
        change(&mut search);
        search
    };
    let owner = |merchant: MerchantId, accounts: Vec<AccountId>| Some(Owner { merchant, accounts });
    let cases: Vec<(Search, Vec<usize>)> = vec![
        (Search::default(), vec![3, 2, 1, 0]),
        (search(&|s| s.open = Some(true)), vec![3, 2, 0]),
        (search(&|s| s.open = Some(false)), vec![1]),
        (
            search(&|s| s.kind = Some(ExceptionKind::NoAnswer)),
            vec![2, 1],
        ),
        (search(&|s| s.order = Some(order(1).id)), vec![1, 0]),
        (search(&|s| s.order = Some(OrderId::new("'\0"))), vec![]),
        (search(&|s| s.account = Some(account())), vec![3, 2, 1, 0]),
        (search(&|s| s.account = Some(AccountId::new("no"))), vec![]),
        (
            search(&|s| s.owner = owner(merchant(), vec![account()])),
            vec![3, 1, 0],
        ),
        (search(&|s| s.owner = owner(merchant(), vec![])), vec![1, 0]),
        (
            search(&|s| {
                s.owner = owner(MerchantId::new("mch_other"), vec![]);
                s.open = Some(false);
            }),
            vec![],
        ),
    ];
    for (search, expected) in cases {
        let expected: Vec<String> = expected.iter().map(|nth| all[*nth].to_string()).collect();
        assert_eq!(names(&*store, search.clone()).await, expected, "{search:?}");
    }
}

pub async fn pages_begin_with_the_newest_and_miss_nothing(store: Arc<dyn Desk>) {
    let order = order(1);
    // Three of one moment, and some around it.
    let rows = [5, 5, 5, 4, 6].into_iter().zip(1..).map(|(seconds, nth)| {
        Row::Exception(opened(&order, nth, ExceptionKind::NoAnswer, seconds))
    });
    write(&*store, commit(&order, rows.collect())).await;
    let mut seen = Vec::new();
    let mut place: Option<Place> = None;
    loop {
        let page = store
            .exceptions(&Search::default(), place.as_ref(), 2)
            .await
            .unwrap();
        let Some(last) = page.last() else { break };
        place = Some(Place {
            opened_at: last.exception.opened_at,
            id: last.exception.id.clone(),
        });
        seen.extend(page.into_iter().map(|standing| standing.exception.id));
    }
    assert_eq!(seen, [5, 3, 2, 1, 4].map(|nth| order.id.exception(nth)));
}

pub async fn an_exception_is_shown_with_its_history_and_its_refund(store: Arc<dyn Desk>) {
    let order = order(1);
    paid(&*store, &order).await;
    let back = Refund {
        status: RefundStatus::Succeeded,
        settled_at: Some(at(70)),
        ..refund(&order, 1)
    };
    let late = Exception {
        kind: ExceptionKind::LatePayment,
        ..exception(
            Some(&order),
            order.id.exception(1).as_str(),
            order.id.capture(1).as_str(),
        )
    };
    let rows = vec![
        Row::Refund(Box::new(back.clone())),
        Row::Exception(late.clone()),
    ];
    write(&*store, commit(&later(&order), rows)).await;
    let note = entry(&late.id, EntryKind::Note, "等银行 \"'\n");
    let end = resolved(&late.id);
    assert_eq!(store.add_entry(note.clone()).await, Ok(Added::Written));
    assert_eq!(store.add_entry(end.clone()).await, Ok(Added::Written));
    let after = entry(&late.id, EntryKind::Note, "done");
    assert_eq!(store.add_entry(after.clone()).await, Ok(Added::Written));
    let shown = store.exception(&late.id).await.unwrap().unwrap();
    let standing = Standing {
        exception: late,
        merchant: Some(merchant()),
        refund: Some(back),
        resolution: Some(end.clone()),
    };
    assert_eq!(shown, (standing, vec![note, end, after]));
    let unknown = ExceptionId::new("exc_'\0");
    assert_eq!(store.exception(&unknown).await, Ok(None));
    let nowhere = store.add_entry(resolved(&unknown)).await;
    assert_eq!(nowhere, Ok(Added::NoSuchException));
}

pub async fn an_exception_is_resolved_once(store: Arc<dyn Desk>) {
    let [id, ..] = four(&*store).await;
    assert_eq!(store.add_entry(resolved(&id)).await, Ok(Added::Written));
    let again = Entry {
        actor: "han_meimei".to_owned(),
        ..resolved(&id)
    };
    assert_eq!(store.add_entry(again).await, Ok(Added::ResolvedBefore));
    let (standing, history) = store.exception(&id).await.unwrap().unwrap();
    assert_eq!(standing.resolution, Some(resolved(&id)));
    assert_eq!(history, [resolved(&id)]);
}

/// Shows F87.
pub async fn of_fifty_who_resolve_at_once_exactly_one_does(store: Arc<dyn Desk>) {
    let [id, ..] = four(&*store).await;
    let mut people = JoinSet::new();
    for nth in 0..50 {
        let store = Arc::clone(&store);
        let end = Entry {
            actor: format!("operator_{nth}"),
            ..resolved(&id)
        };
        people.spawn(async move { store.add_entry(end).await.unwrap() });
    }
    let answers = people.join_all().await;
    let written = answers.iter().filter(|added| **added == Added::Written);
    assert_eq!(written.count(), 1, "{answers:?}");
    assert_eq!(store.exception(&id).await.unwrap().unwrap().1.len(), 1);
}

pub async fn a_resolution_is_loaded_with_its_order_and_makes_older_decisions_void(
    store: Arc<dyn Desk>,
) {
    let [id, ..] = four(&*store).await;
    let before = store.load(&order(1).id).await.unwrap().unwrap();
    let note = entry(&id, EntryKind::Note, "seen");
    store.add_entry(note).await.unwrap();
    assert_eq!(store.load(&order(1).id).await, Ok(Some(before.clone())));
    store.add_entry(resolved(&id)).await.unwrap();
    let after = store.load(&order(1).id).await.unwrap().unwrap();
    assert_eq!(after.resolutions, [resolved(&id)]);
    let stale = commit(&later(&before.order), Vec::new());
    assert_conflict(&store.commit(vec![stale]).await);
    write(&*store, commit(&later(&after.order), Vec::new())).await;
}

pub async fn a_decision_resolves_an_exception_once(store: Arc<dyn Desk>) {
    let [id, ..] = four(&*store).await;
    let end = Entry {
        actor: TILL.to_owned(),
        ..resolved(&id)
    };
    let second = later(&order(1));
    write(&*store, commit(&second, vec![Row::Resolution(end.clone())])).await;
    let again = commit(&later(&second), vec![Row::Resolution(end.clone())]);
    assert_conflict(&store.commit(vec![again]).await);
    assert_eq!(
        store.add_entry(resolved(&id)).await,
        Ok(Added::ResolvedBefore)
    );
    let state = store.load(&second.id).await.unwrap().unwrap();
    assert_eq!(state.resolutions.as_slice(), std::slice::from_ref(&end));
    let (standing, _) = store.exception(&id).await.unwrap().unwrap();
    assert_eq!(standing.resolution, Some(end));
}

pub async fn a_stray_that_comes_back_after_its_end_is_another_exception(store: Arc<dyn Desk>) {
    let subject = "T40_\\%";
    let stray = || exception(None, "exc_stray", subject);
    for _ in 0..2 {
        store.record_stray(None, stray()).await.unwrap();
    }
    // One that only looks alike.
    let alike = exception(None, "exc_alike", "T40xx%#9");
    store.record_stray(None, alike).await.unwrap();
    for time in 1..=3 {
        let open = Search {
            open: Some(true),
            ..Search::default()
        };
        let found = store.exceptions(&open, None, 10).await.unwrap();
        let mut mine = found
            .into_iter()
            .filter(|standing| standing.exception.about() == subject);
        let open = mine.next().unwrap().exception;
        assert_eq!(mine.next(), None);
        let expected = match time {
            1 => subject.to_owned(),
            nth => format!("{subject}#{nth}"),
        };
        assert_eq!(open.subject, expected);
        store.add_entry(resolved(&open.id)).await.unwrap();
        for _ in 0..2 {
            store.record_stray(None, stray()).await.unwrap();
        }
    }
}

pub async fn what_is_open_is_counted_by_kind(store: Arc<dyn Desk>) {
    assert_eq!(store.count_open().await, Ok(Vec::new()));
    let all = four(&*store).await;
    let counted =
        async || -> BTreeSet<_> { store.count_open().await.unwrap().into_iter().collect() };
    let expected = [
        (ExceptionKind::LatePayment, 1),
        (ExceptionKind::NoAnswer, 2),
        (ExceptionKind::UnknownTrade, 1),
    ];
    assert_eq!(counted().await, BTreeSet::from(expected));
    for id in [&all[0], &all[1]] {
        store.add_entry(resolved(id)).await.unwrap();
    }
    let expected = [
        (ExceptionKind::NoAnswer, 1),
        (ExceptionKind::UnknownTrade, 1),
    ];
    assert_eq!(counted().await, BTreeSet::from(expected));
}

async fn with_event(store: &dyn Store) -> Order {
    let order = Order {
        notify_url: Some("https://shop.example/notify".to_owned()),
        ..order(1)
    };
    write(store, commit(&order, vec![Row::Event(event(&order, 1))])).await;
    order
}

async fn tried(store: &dyn Store, order: &Order, then: DeliveryNext) {
    let failed = then != DeliveryNext::Delivered;
    let tried = DeliveryTry {
        event: order.id.event(1),
        at: at(60),
        status: Some(if failed { 500 } else { 204 }),
        error: failed.then(|| "the server answered 500".to_owned()),
        then,
    };
    store.record_delivery(tried).await.unwrap();
}

pub async fn a_delivery_that_is_tried_to_the_end_is_an_exception_until_it_is_delivered(
    store: Arc<dyn Desk>,
) {
    let order = with_event(&*store).await;
    tried(&*store, &order, DeliveryNext::Retry(at(61))).await;
    assert_eq!(names(&*store, Search::default()).await.len(), 0);
    // A second failure at the end is the same trouble.
    for _ in 0..2 {
        tried(&*store, &order, DeliveryNext::Exhausted).await;
    }
    let found = store
        .exceptions(&Search::default(), None, 10)
        .await
        .unwrap();
    assert_eq!(found.len(), 1, "{found:?}");
    let Exception {
        id,
        order: of_order,
        kind,
        subject,
        detail,
        ..
    } = &found[0].exception;
    assert_eq!(of_order.as_ref(), Some(&order.id));
    assert_eq!(*kind, ExceptionKind::WebhookExhausted);
    assert_eq!(subject, order.id.event(1).as_str());
    assert!(
        detail.contains("in 2 tries") && detail.contains("answered 500"),
        "{detail}"
    );
    let claimed = store.claim_alerts(TARGETS[0], at(60), at(70), 10).await;
    assert_eq!(claimed.unwrap().len(), 1);
    // By hand once more, and now it works.
    tried(&*store, &order, DeliveryNext::Delivered).await;
    let (standing, _) = store.exception(id).await.unwrap().unwrap();
    let end = standing.resolution.unwrap();
    assert_eq!((end.actor.as_str(), end.at), (TILL, at(60)));
    // Delivered again changes nothing; a new end of the schedule is a new trouble.
    tried(&*store, &order, DeliveryNext::Delivered).await;
    store
        .redeliver(&order.app, &order.id.event(1), at(70))
        .await
        .unwrap();
    tried(&*store, &order, DeliveryNext::Exhausted).await;
    let found = store
        .exceptions(&Search::default(), None, 10)
        .await
        .unwrap();
    let subjects: BTreeSet<&str> = found
        .iter()
        .map(|standing| standing.exception.subject.as_str())
        .collect();
    assert_eq!(
        subjects,
        BTreeSet::from([subject, format!("{subject}#2").as_str()])
    );
    let state = store.load(&order.id).await.unwrap().unwrap();
    assert_eq!((state.exceptions.len(), state.resolutions.len()), (2, 1));
}

pub async fn a_delivery_that_is_late_with_bad_news_is_no_exception(store: Arc<dyn Desk>) {
    let order = with_event(&*store).await;
    tried(&*store, &order, DeliveryNext::Delivered).await;
    tried(&*store, &order, DeliveryNext::Exhausted).await;
    assert_eq!(names(&*store, Search::default()).await.len(), 0);
}

/// The exceptions that a target is alerted of now.
async fn alerted(store: &dyn Desk, target: &str, now: u32, until: u32) -> Vec<(ExceptionId, u32)> {
    let claimed = store.claim_alerts(target, at(now), at(until), 10).await;
    let name = |alert: cashier::desk::ClaimedAlert| (alert.standing.exception.id, alert.attempt);
    claimed.unwrap().into_iter().map(name).collect()
}

pub async fn each_target_is_alerted_of_each_exception_once(store: Arc<dyn Desk>) {
    let all = four(&*store).await;
    // What is known already is no news, by whatever name it comes.
    let second = later(&order(1));
    let same = Exception {
        id: second.id.exception(7),
        ..opened(&second, 1, ExceptionKind::LatePayment, 35)
    };
    write(&*store, commit(&second, vec![Row::Exception(same)])).await;
    let stray = exception(None, "exc_stray", "T404");
    store.record_stray(None, stray).await.unwrap();
    for target in TARGETS {
        assert_eq!(alerted(&*store, target, 9, 100).await, []);
        // Due when it was opened, oldest first.
        let expected: Vec<_> = all[..3].iter().map(|id| (id.clone(), 0)).collect();
        assert_eq!(alerted(&*store, target, 30, 100).await, expected);
        let stray = (all[3].clone(), 0);
        assert_eq!(alerted(&*store, target, 40, 100).await, [stray]);
        store
            .record_alerts(target, &all, AlertNext::Sent)
            .await
            .unwrap();
        assert_eq!(alerted(&*store, target, 9_000, 9_001).await, []);
    }
    assert_eq!(alerted(&*store, "stranger", 9_000, 9_001).await, []);
}

pub async fn an_alert_is_leased_tried_again_and_given_up(store: Arc<dyn Desk>) {
    let [id, ..] = four(&*store).await;
    let [target, other] = TARGETS;
    assert_eq!(alerted(&*store, target, 10, 20).await, [(id.clone(), 0)]);
    assert_eq!(alerted(&*store, target, 19, 30).await, []);
    let again = AlertNext::Retry(at(15));
    let mine = [id.clone()];
    store.record_alerts(target, &mine, again).await.unwrap();
    assert_eq!(alerted(&*store, target, 14, 30).await, []);
    assert_eq!(alerted(&*store, target, 15, 30).await, [(id.clone(), 1)]);
    store
        .record_alerts(target, &mine, AlertNext::GivenUp)
        .await
        .unwrap();
    let later = alerted(&*store, target, 9_000, 9_001).await;
    assert!(later.iter().all(|(due, _)| *due != id), "{later:?}");
    // The other target is told all the same.
    assert_eq!(alerted(&*store, other, 10, 20).await, [(id, 0)]);
}

pub async fn what_was_sent_is_not_undone_by_a_late_failure(store: Arc<dyn Desk>) {
    let all = four(&*store).await;
    let target = TARGETS[0];
    for then in [
        AlertNext::Sent,
        AlertNext::Retry(at(50)),
        AlertNext::GivenUp,
    ] {
        store.record_alerts(target, &all, then).await.unwrap();
        assert_eq!(alerted(&*store, target, 9_000, 9_001).await, []);
    }
}

//! The directory of merchants, on SQLite and on PostgreSQL.

use crate::samples::{account, app, at, commit, event, merchant, order, other_app, write};
use crate::stand::Stand;
use cashier::id::{AccountId, AppId, MerchantId};
use cashier::policy::{LatePayment, Policy, Switch};
use cashier::state::Row;
use cashier::store::{Store, StoreError};
use cashier::time::{Day, Span};
use cashier::way::{ChannelKind, Way};
use entities::Directory;
use entities::directory::{
    ApiKey, App, ChannelAccount, Import, KeyOwner, Merchant, Mode, Reply, Reserved, TakenBill,
};
use tokio::task::JoinSet;

/// Runs each test on both databases.
macro_rules! on_every_database {
    ($($test:ident)+) => {
        mod on_sqlite { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                super::$test(&crate::stand::sqlite().await).await;
            }
        )+ }
        mod on_postgres { $(
            #[tokio::test(flavor = "multi_thread")]
            async fn $test() {
                if let Some(stand) = crate::stand::postgres().await {
                    super::$test(&stand).await;
                    stand.drop_database().await;
                }
            }
        )+ }
    };
}

on_every_database! {
    what_was_imported_is_read_and_importing_it_again_changes_nothing
    a_new_import_replaces_what_belongs_to_its_applications
    an_import_that_refers_to_nothing_writes_nothing
    a_key_of_two_applications_is_a_conflict
    an_event_without_any_address_is_only_pulled
    an_idempotency_key_stands_for_one_request
    of_many_that_reserve_a_key_at_once_one_is_new
    old_idempotency_keys_are_forgotten
    a_bill_that_was_taken_is_known_by_account_and_day
}

fn directory(stand: &Stand) -> Directory {
    Directory::new(stand.database.clone())
}

fn key(hash: &str, mode: Mode) -> ApiKey {
    ApiKey {
        hash: hash.repeat(32),
        hint: "wxyz".to_owned(),
        mode,
    }
}

fn channel_account(id: &str, kind: ChannelKind, ways: &[Way], enabled: bool) -> ChannelAccount {
    ChannelAccount {
        id: AccountId::new(id),
        merchant: merchant(),
        kind,
        ways: ways.to_vec(),
        sealed: format!("sealed {id}"),
        enabled,
    }
}

fn full_app() -> App {
    App {
        id: app(),
        merchant: merchant(),
        name: "茶馆".to_owned(),
        policy: Policy {
            switch: Switch::Strict,
            late_payment: LatePayment::Accept,
            flow_life: Span::minutes(5),
        },
        webhook_url: Some("https://shop.example/events".to_owned()),
        webhook_secrets: vec!["sealed new".to_owned(), "sealed old".to_owned()],
        api_keys: vec![key("aa", Mode::Live), key("bb", Mode::Test)],
        accounts: vec![AccountId::new("acc_wechat"), account()],
    }
}

fn full_import() -> Import {
    Import {
        merchants: vec![Merchant {
            id: merchant(),
            name: "商户".to_owned(),
        }],
        accounts: vec![
            channel_account(
                "acc_contract",
                ChannelKind::Alipay,
                &[Way::AliPc, Way::AliQr],
                true,
            ),
            channel_account("acc_wechat", ChannelKind::Wechat, &[Way::WxNative], false),
        ],
        apps: vec![full_app()],
        operators: Vec::new(),
    }
}

async fn what_was_imported_is_read_and_importing_it_again_changes_nothing(stand: &Stand) {
    let directory = directory(stand);
    for _ in 0..2 {
        directory.import(&full_import()).await.unwrap();
        assert_eq!(directory.app(&app()).await, Ok(Some(full_app())));
        assert_eq!(directory.accounts().await, Ok(full_import().accounts));
        let ids: Vec<AppId> = directory
            .apps()
            .await
            .unwrap()
            .into_iter()
            .map(|app| app.id)
            .collect();
        assert_eq!(ids, [app(), other_app()]);
    }
    let owner = |mode| KeyOwner {
        app: app(),
        merchant: merchant(),
        mode,
    };
    assert_eq!(
        directory.find_api_key(&"aa".repeat(32)).await,
        Ok(Some(owner(Mode::Live)))
    );
    assert_eq!(
        directory.find_api_key(&"bb".repeat(32)).await,
        Ok(Some(owner(Mode::Test)))
    );
    assert_eq!(directory.find_api_key(&"cc".repeat(32)).await, Ok(None));
    assert_eq!(directory.find_api_key("\0").await, Ok(None));
    assert_eq!(directory.app(&AppId::new("app_missing")).await, Ok(None));
}

async fn a_new_import_replaces_what_belongs_to_its_applications(stand: &Stand) {
    let directory = directory(stand);
    directory.import(&full_import()).await.unwrap();
    let changed = App {
        name: "新茶馆".to_owned(),
        webhook_url: None,
        webhook_secrets: vec!["sealed newest".to_owned()],
        api_keys: vec![key("bb", Mode::Live)],
        accounts: vec![account()],
        ..full_app()
    };
    let import = Import {
        apps: vec![changed.clone()],
        ..Import::default()
    };
    directory.import(&import).await.unwrap();
    assert_eq!(directory.app(&app()).await, Ok(Some(changed)));
    assert_eq!(directory.find_api_key(&"aa".repeat(32)).await, Ok(None));
    assert_eq!(directory.accounts().await, Ok(full_import().accounts));
}

async fn an_import_that_refers_to_nothing_writes_nothing(stand: &Stand) {
    let directory = directory(stand);
    let before = directory.apps().await.unwrap();
    let lost = App {
        merchant: MerchantId::new("mch_missing"),
        ..full_app()
    };
    for apps in [vec![lost], vec![full_app()]] {
        let import = Import {
            apps,
            ..Import::default()
        };
        let error = directory.import(&import).await.unwrap_err();
        assert!(matches!(error, StoreError::Corrupt(_)), "{error}");
        assert_eq!(directory.apps().await, Ok(before.clone()));
    }
}

async fn a_key_of_two_applications_is_a_conflict(stand: &Stand) {
    let directory = directory(stand);
    directory.import(&full_import()).await.unwrap();
    let thief = App {
        id: other_app(),
        api_keys: vec![key("aa", Mode::Live)],
        accounts: Vec::new(),
        ..full_app()
    };
    let import = Import {
        apps: vec![thief],
        ..Import::default()
    };
    let error = directory.import(&import).await.unwrap_err();
    assert!(matches!(error, StoreError::Conflict(_)), "{error}");
    let owner = directory
        .find_api_key(&"aa".repeat(32))
        .await
        .unwrap()
        .unwrap();
    assert_eq!(owner.app, app());
}

async fn an_event_without_any_address_is_only_pulled(stand: &Stand) {
    let silent = App {
        webhook_url: None,
        webhook_secrets: Vec::new(),
        api_keys: Vec::new(),
        accounts: Vec::new(),
        ..full_app()
    };
    let import = Import {
        apps: vec![silent],
        ..Import::default()
    };
    directory(stand).import(&import).await.unwrap();
    let store = stand.store();
    let without = order(1);
    write(
        &*store,
        commit(&without, vec![Row::Event(event(&without, 1))]),
    )
    .await;
    let mut with = order(2);
    with.notify_url = Some("https://shop.example/notify".to_owned());
    write(&*store, commit(&with, vec![Row::Event(event(&with, 1))])).await;
    let page = store.events_after(&app(), 0, 10).await.unwrap();
    let deliveries: Vec<&str> = page.iter().map(|record| record.delivery.as_str()).collect();
    assert_eq!(deliveries, ["none", "pending"]);
    let claimed = store.claim_deliveries(at(100), at(200), 10).await.unwrap();
    assert_eq!(
        claimed
            .iter()
            .map(|one| one.event.clone())
            .collect::<Vec<_>>(),
        [event(&with, 1)]
    );
}

/// Shows F72.
async fn an_idempotency_key_stands_for_one_request(stand: &Stand) {
    let directory = directory(stand);
    let reserve = async |app: AppId, fingerprint| {
        directory
            .reserve_key(&app, "K1", fingerprint, at(0))
            .await
            .unwrap()
    };
    assert_eq!(reserve(app(), "f1").await, Reserved::New);
    assert_eq!(reserve(app(), "f1").await, Reserved::Same { reply: None });
    assert_eq!(reserve(app(), "f2").await, Reserved::Other);
    assert_eq!(reserve(other_app(), "f2").await, Reserved::New);
    let first = Reply {
        status: 201,
        body: "{\"订单\":1}".to_owned(),
    };
    let second = Reply {
        status: 200,
        body: "{}".to_owned(),
    };
    for late in [first.clone(), second] {
        let kept = directory.store_reply(&app(), "K1", late).await;
        assert_eq!(kept.unwrap(), first, "the first answer speaks for all");
    }
    let reply = Some(first);
    assert_eq!(reserve(app(), "f1").await, Reserved::Same { reply });
    assert_eq!(reserve(app(), "f2").await, Reserved::Other);
    assert_eq!(
        reserve(other_app(), "f2").await,
        Reserved::Same { reply: None }
    );
}

/// Shows F73.
async fn of_many_that_reserve_a_key_at_once_one_is_new(stand: &Stand) {
    let mut racers = JoinSet::new();
    for _ in 0..30 {
        let directory = directory(stand);
        racers.spawn(async move { directory.reserve_key(&app(), "K1", "f1", at(0)).await });
    }
    let answers: Vec<Reserved> = racers
        .join_all()
        .await
        .into_iter()
        .map(Result::unwrap)
        .collect();
    assert_eq!(
        answers
            .iter()
            .filter(|answer| **answer == Reserved::New)
            .count(),
        1
    );
    let same = Reserved::Same { reply: None };
    assert_eq!(answers.iter().filter(|answer| **answer == same).count(), 29);
}

async fn old_idempotency_keys_are_forgotten(stand: &Stand) {
    let directory = directory(stand);
    for seconds in [0, 10, 20] {
        let key = format!("K{seconds}");
        directory
            .reserve_key(&app(), &key, "f1", at(seconds))
            .await
            .unwrap();
    }
    assert_eq!(directory.prune_keys(at(20)).await, Ok(2));
    let again = directory.reserve_key(&app(), "K0", "f2", at(30)).await;
    assert_eq!(again, Ok(Reserved::New));
    let kept = directory.reserve_key(&app(), "K20", "f1", at(30)).await;
    assert_eq!(kept, Ok(Reserved::Same { reply: None }));
}

async fn a_bill_that_was_taken_is_known_by_account_and_day(stand: &Stand) {
    let directory = directory(stand);
    let day = |text| Day::parse(text).unwrap();
    let (monday, tuesday) = (day("2026-11-23"), day("2026-11-24"));
    let taken = TakenBill {
        account: account(),
        day: monday,
        at: at(1),
        rows: 100_000,
        news: 2,
    };
    directory.record_bill(&taken).await.unwrap();
    let again = TakenBill { news: 0, ..taken };
    directory.record_bill(&again).await.unwrap();
    let known = directory.taken_bills(&[monday, tuesday]).await.unwrap();
    assert_eq!(
        known.into_iter().collect::<Vec<_>>(),
        [(account(), "2026-11-23".to_owned())]
    );
    assert!(directory.taken_bills(&[tuesday]).await.unwrap().is_empty());
    assert!(directory.taken_bills(&[]).await.unwrap().is_empty());
}

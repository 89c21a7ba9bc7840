//! Alerts: whoever runs Till hears of an exception by itself, wherever they read.

use cashier::desk::Search;
use cashier::exception::{Exception, ExceptionKind};
use cashier::id::{AccountId, ExceptionId};
use cashier::money::Money;
use cashier::store::Store as _;
use cashier::time::{Clock as _, Timestamp};
use serde_json::{Value, json};
use till_tests::{App, Database, Options, Robots, until};

/// Each format, with how its robot says no under the status 200 (the operator's own
/// webhook says it by the status).
fn formats() -> [(&'static str, u16, Value); 4] {
    let limited = "send too fast";
    [
        ("generic", 500, Value::Null),
        (
            "dingtalk",
            200,
            json!({ "errcode": 130_101, "errmsg": limited }),
        ),
        (
            "wecom",
            200,
            json!({ "errcode": 45_009, "errmsg": limited }),
        ),
        ("feishu", 200, json!({ "code": 11_232, "msg": limited })),
    ]
}

async fn stage(database: Database, workers: bool) -> (App, Robots) {
    let robots = Robots::start();
    let options = Options {
        workers,
        settings: robots.settings(&formats().map(|(format, ..)| format)),
        ..Options::default()
    };
    (App::start_with(database, options).await, robots)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_payment_is_told_to_everybody_and_ends_by_itself_on_sqlite() {
    a_late_payment_is_told_to_everybody_and_ends_by_itself(Database::Sqlite).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_late_payment_is_told_to_everybody_and_ends_by_itself_on_postgres() {
    if let Some(database) = Database::postgres() {
        a_late_payment_is_told_to_everybody_and_ends_by_itself(database).await;
    }
}

async fn a_late_payment_is_told_to_everybody_and_ends_by_itself(database: Database) {
    let (app, robots) = stage(database, true).await;
    let order = app.merchant.order(json!({})).await;
    let payable = app.merchant.flow(&order, json!({ "way": "ALI_QR" })).await;
    let number = app.payer.open(&payable["action"]).await;
    app.merchant.close(&order).await.expect(200);
    app.payer.force(&number).await;
    let id = order["id"].as_str().unwrap();
    for (format, ..) in formats() {
        let message = robots.told(format, id).await;
        assert!(message.text.contains("late_payment"), "{message:?}");
        if format == "generic" {
            let told = &message.body["data"]["exceptions"][0];
            assert_eq!(message.body["type"], "exceptions.opened");
            assert_eq!(
                (&told["order_id"], &told["amount"]),
                (&order["id"], &json!(8800))
            );
            assert_eq!(told["merchant_id"], "shop");
        } else {
            assert!(message.text.contains("88.00 CNY"), "{message:?}");
        }
    }
    let path = format!("/ops/v1/exceptions?status=all&order={id}");
    let ended = until("the exception is over", async || {
        let page = app.operator.get(&path).await.expect(200);
        match page["data"][0]["status"].as_str() {
            Some("resolved") => Ok(page["data"][0].clone()),
            _ => Err(page),
        }
    })
    .await;
    assert_eq!(ended["kind"], "late_payment");
    assert_eq!(ended["resolution"]["actor"], "till");
    assert_eq!(ended["refund"]["status"], "succeeded");
    assert_eq!(ended["what_is_left"], "Nothing is left to do.");
    app.finish().await;
    robots.stop().await;
}

fn stray(app: &App, nth: u32) -> Exception {
    Exception {
        id: ExceptionId::new(format!("exc_story{nth}")),
        order: None,
        account: Some(AccountId::new("shop_alipay")),
        kind: ExceptionKind::UnknownTrade,
        subject: format!("shop_alipay/T{nth}"),
        amount: Some(Money::from_fen(100).unwrap()),
        detail: format!("a trade T{nth} that nobody knows"),
        opened_at: app.clock.now(),
    }
}

async fn open(app: &App, nth: u32) {
    let stray = stray(app, nth);
    let store = &app.gateway.shared.store;
    store.record_stray(None, stray).await.unwrap();
}

/// One round for each target. Returns how many exceptions were due in all.
async fn round(app: &App) -> usize {
    let mut due = 0;
    for target in app.targets() {
        due += app.gateway.alerter.alert(&target).await.unwrap();
    }
    due
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_a_target_does_not_take_is_told_again_after_a_pause() {
    let (app, robots) = stage(Database::Sqlite, false).await;
    for (format, status, no) in formats() {
        robots.refuse(format, status, no);
    }
    open(&app, 1).await;
    assert_eq!(round(&app).await, 4);
    assert_eq!(round(&app).await, 0);
    app.advance(6).await;
    assert_eq!(round(&app).await, 4);
    for (format, ..) in formats() {
        let messages = robots.messages(format);
        let taken: Vec<bool> = messages.iter().map(|message| message.taken).collect();
        assert_eq!(taken, [false, true], "{format}: {messages:?}");
        assert_eq!(messages[0].id, messages[1].id);
        assert!(messages[1].text.contains("exc_story1"), "{messages:?}");
    }
    app.advance(100_000).await;
    assert_eq!(round(&app).await, 0);
    app.finish().await;
    robots.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn exceptions_that_are_due_together_come_in_one_message() {
    let (app, robots) = stage(Database::Sqlite, false).await;
    for nth in 1..=40 {
        open(&app, nth).await;
    }
    assert_eq!(round(&app).await, 160);
    for (format, ..) in formats() {
        let messages = robots.messages(format);
        assert_eq!(messages.len(), 1, "{format}");
        assert!(messages[0].taken, "{format}: {messages:?}");
        // Who cannot be told of all in one message is told how many there are.
        let complete = messages[0].text.contains("exc_story40");
        assert!(
            complete || messages[0].text.contains(" more: GET"),
            "{messages:?}"
        );
    }
    app.finish().await;
    robots.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_target_that_never_takes_it_is_given_up_and_the_others_are_not() {
    let (app, robots) = stage(Database::Sqlite, false).await;
    for _ in 0..10 {
        robots.refuse(
            "feishu",
            200,
            json!({ "code": 19_021, "msg": "sign match fail" }),
        );
    }
    open(&app, 1).await;
    let mut rounds = vec![round(&app).await];
    // The documented gaps between tries, in seconds.
    for gap in [5, 15, 60, 300, 900, 3600, 10_800, 21_600, 43_200] {
        app.advance(gap + 1).await;
        rounds.push(round(&app).await);
    }
    assert_eq!(rounds, [4, 1, 1, 1, 1, 1, 1, 1, 1, 1]);
    app.advance(100_000).await;
    assert_eq!(round(&app).await, 0);
    assert_eq!(robots.messages("feishu").len(), 10);
    assert_eq!(robots.messages("wecom").len(), 1);
    let metrics = gateway::telemetry::metrics::recorder().unwrap().render();
    assert!(
        metrics.contains(r#"till_alerts_total{outcome="given_up"} 1"#),
        "{metrics}"
    );
    // It can still be read, and is open.
    let open = Search {
        open: Some(true),
        ..Search::default()
    };
    let found = app.gateway.shared.desk.exceptions(&open, None, 10).await;
    assert_eq!(found.unwrap().len(), 1);
    app.finish().await;
    robots.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_comes_back_after_its_end_is_told_anew() {
    let (app, robots) = stage(Database::Sqlite, false).await;
    open(&app, 1).await;
    open(&app, 1).await;
    assert_eq!(round(&app).await, 4);
    let reason = json!({ "reason": "another system" });
    let path = "/ops/v1/exceptions/exc_story1/resolve";
    app.operator.post(path, &reason).await.expect(200);
    assert_eq!(round(&app).await, 0);
    open(&app, 1).await;
    assert_eq!(round(&app).await, 4);
    let told = robots.told("wecom", "exc_story1x2").await;
    assert!(told.taken);
    app.finish().await;
    robots.stop().await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_was_opened_while_nothing_ran_is_told_afterwards() {
    let (app, robots) = stage(Database::Sqlite, true).await;
    let url = app.database_url().to_owned();
    let late = Exception {
        opened_at: Timestamp::from_millis(0),
        ..stray(&app, 7)
    };
    let app = app
        .restart(async |_, _| {
            let options = entities::Options::default();
            let database = entities::connect(&url, &options).await.unwrap();
            let store = entities::SeaStore::new(database);
            let store = store.with_alerts(vec!["wecom".to_owned()]);
            store.record_stray(None, late).await.unwrap();
        })
        .await;
    robots.told("wecom", "exc_story7").await;
    app.finish().await;
    robots.stop().await;
}

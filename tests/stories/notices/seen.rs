//! What a notice left behind: in the order, in the exceptions, in the metrics.

use cashier::exception::{Exception, ExceptionKind};
use cashier::id::OrderId;
use entities::Options;
use sea_orm::{ConnectionTrait, Statement};
use serde_json::Value;
use till_tests::App;

/// Checks that the order was not touched: open, and no money came.
pub(super) async fn untouched(app: &App, order: &Value, what: &str) {
    let now = app.merchant.look(order).await;
    assert_eq!(now["status"], "open", "{what}: {now}");
    assert_eq!(
        now["captures"].as_array().unwrap().len(),
        0,
        "{what}: {now}"
    );
}

/// Checks that the order was paid once, and that its merchant was told once.
pub(super) async fn paid_once(app: &App, order: &Value) -> Value {
    let now = app.merchant.until_status(order, "paid").await;
    let captures = now["captures"].as_array().unwrap();
    assert_eq!(captures.len(), 1, "{now}");
    assert_eq!(
        (&captures[0]["amount"], &captures[0]["kind"]),
        (&order["amount"], &"winner".into())
    );
    let explained = app.merchant.explained(order).await;
    let lines = explained["timeline"].as_array().unwrap().iter();
    let paid = lines.filter(|line| line["text"].as_str().unwrap().starts_with("paid: "));
    assert_eq!(paid.count(), 1, "{now}");
    app.receiver.event(order, "order.paid").await;
    assert_eq!(app.receiver.told(order, "order.paid"), 1);
    now
}

/// The order's exceptions.
pub(super) async fn exceptions(app: &App, order: &Value) -> Vec<Exception> {
    let id = OrderId::new(order["id"].as_str().unwrap());
    app.gateway
        .shared
        .store
        .load(&id)
        .await
        .unwrap()
        .unwrap()
        .exceptions
}

/// How many exceptions of that kind belong to no order.
pub(super) async fn strays(app: &App, kind: ExceptionKind) -> i64 {
    let kind = kind.name();
    count(
        app,
        &format!("exceptions WHERE order_id IS NULL AND kind = '{kind}'"),
    )
    .await
}

/// How many notices are kept as evidence.
pub(super) async fn evidence(app: &App) -> i64 {
    count(app, "notices").await
}

async fn count(app: &App, rows: &str) -> i64 {
    let options = Options {
        max_connections: 1,
        ..Options::default()
    };
    let database = entities::connect(app.database_url(), &options)
        .await
        .unwrap();
    let connection = database.connection();
    let question = format!("SELECT count(*) FROM {rows}");
    let question = Statement::from_string(connection.get_database_backend(), question);
    let answer = connection.query_one_raw(question).await.unwrap().unwrap();
    let count = answer.try_get_by_index(0).unwrap();
    connection.clone().close().await.unwrap();
    count
}

/// How many notices for the account came to that verdict, as the metrics say.
pub(super) fn verdicts(account: &str, verdict: &str) -> u64 {
    let metrics = gateway::telemetry::metrics::recorder().unwrap().render();
    let counts = metrics.lines().filter(|line| {
        line.starts_with("till_notices_total{")
            && line.contains(&format!("account=\"{account}\""))
            && line.contains(&format!("verdict=\"{verdict}\""))
    });
    counts
        .map(|line| line.rsplit_once(' ').unwrap().1.parse::<u64>().unwrap())
        .sum()
}

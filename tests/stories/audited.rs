//! The audit beside a gateway at work: silent whatever the payers do meanwhile, and
//! outspoken, in log and metrics, once something is damaged.

use cashier::audit::Breach;
use cashier::store::StoreError;
use cashier::time::Timestamp;
use cashier::timing::Timing;
use entities::auditor::Scope;
use gateway::audit::Audit;
use gateway::worker::audit::look;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicBool, Ordering};
use till_tests::App;

till_tests::stories! {
    an_audit_beside_a_crowd_of_payers_finds_nothing
    damage_is_counted_until_it_is_mended
}

/// How many payers there are.
const CROWD: usize = 12;

async fn audited(app: &App) -> Vec<Breach> {
    let shared = &app.gateway.shared;
    let mut found = Vec::new();
    let audit = Audit {
        auditor: &shared.auditor,
        scope: &Scope::All,
        timing: &Timing::default(),
        now: shared.clock.now(),
    };
    let told = audit.run(|breach| {
        found.push(breach);
        Ok::<(), StoreError>(())
    });
    told.await.unwrap();
    found
}

/// Pays in two tabs, one after the other.
async fn pay_twice(app: &App) -> Value {
    let order = app.merchant.order(json!({ "way": "ALI_QR" })).await;
    let second = app
        .merchant
        .flow(&order, json!({ "way": "WX_NATIVE" }))
        .await;
    app.payer.pay(&second["action"]).await;
    app.payer.pay(&order["action"]).await;
    app.receiver.event(&order, "order.surplus_refunded").await;
    order
}

async fn an_audit_beside_a_crowd_of_payers_finds_nothing(app: &App) {
    let over = AtomicBool::new(false);
    let crowd = async {
        futures_util::future::join_all((0..CROWD).map(|_| pay_twice(app))).await;
        over.store(true, Ordering::SeqCst);
    };
    let looking = async {
        let mut looks = 0;
        while !over.load(Ordering::SeqCst) {
            assert_eq!(audited(app).await, []);
            looks += 1;
        }
        looks
    };
    let ((), looks) = futures_util::future::join(crowd, looking).await;
    assert!(looks > 1, "it was over before anybody looked");
    assert_eq!(audited(app).await, []);
}

/// A gauge as the metrics show it.
fn gauge(name: &str) -> Option<String> {
    let metrics = gateway::telemetry::metrics::recorder().unwrap().render();
    let line = metrics.lines().find(|line| line.starts_with(name))?;
    Some(line.rsplit_once(' ').unwrap().1.to_owned())
}

async fn damage_is_counted_until_it_is_mended(app: &App) {
    let order = pay_twice(app).await;
    let id = order["id"].as_str().unwrap();
    let shared = &app.gateway.shared;
    let long_ago = Timestamp::from_millis(0);
    assert_eq!(look(shared, long_ago).await, Ok(0));
    let a14 = "till_audit_breaches{formula=\"A14\"}";
    assert_eq!(gauge(a14).as_deref(), Some("0"));
    let last = gauge("till_audit_last_run_timestamp_seconds").unwrap();
    let age = shared.clock.now().seconds() - last.parse::<i64>().unwrap();
    assert!((0..60).contains(&age), "{last}");
    app.sql(&format!(
        "UPDATE orders SET version = version + 1 WHERE id = '{id}'"
    ))
    .await;
    assert_eq!(look(shared, long_ago).await, Ok(1));
    assert_eq!(gauge(a14).as_deref(), Some("1"));
    app.sql(&format!(
        "UPDATE orders SET version = version - 1 WHERE id = '{id}'"
    ))
    .await;
    assert_eq!(look(shared, long_ago).await, Ok(0));
    assert_eq!(gauge(a14).as_deref(), Some("0"));
}
